"""Ending a post in the admin: its own act, with a preview of what the post holds."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from config.lib.holdings import Holding
from members import workflow
from members.enums import MessageKind, SecurityAction
from members.models import InboxMessage, Post, SecurityEvent, User
from petitions.enums import Status
from petitions.workflow import escalation, handling
from tests.members.conftest import TODAY
from tests.support.cast import SINCE, Stage

YESTERDAY = TODAY - dt.timedelta(days=1)
TOMORROW = TODAY + dt.timedelta(days=1)


@pytest.fixture
def security(stage: Stage, client: Client, settings: Settings) -> Client:
    """A browser of the security administrator."""
    settings.DEMO = True  # without the second factor
    User.objects.filter(pk=stage.cast["secadmin"].pk).update(is_staff=True)
    client.force_login(User.objects.get(pk=stage.cast["secadmin"].pk))
    return client


def _post(stage: Stage, name: str) -> Post:
    return Post.objects.get(user=stage.cast[name])


def _url(post: Post) -> str:
    return reverse("admin:members_post_end", args=[post.pk])


def _preview(client: Client, post: Post) -> dict[str, int]:
    ((_row, items),) = client.get(_url(post)).context["preview"]
    assert all(isinstance(item, Holding) and item.text for item in items)
    return {item.code: item.count for item in items}


def _end(client: Client, post: Post, on: dt.date, **fields: str) -> dict[str, list[str]]:
    """Send the act as the page offers it; return the errors by field."""
    sent = {"on": on.isoformat(), "seen": client.get(_url(post)).context["seen"], "end": "x"}
    answer = client.post(_url(post), sent | fields)
    post.refresh_from_db()
    return dict(answer.context["form"].errors) if answer.context else {}


def test_preview_counts_what_the_post_holds(stage: Stage, security: Client) -> None:
    now, cast = timezone.now(), stage.cast
    stage.at(Status.CLOSED)
    stage.file()
    named = stage.at(Status.ACCEPTED)
    handling.dispatch(petition=named, by=cast["secretary"], now=now, users=[cast["member"]])
    raised = stage.at(Status.IN_PROGRESS)
    escalation.escalate(petition=raised, by=cast["secretary"], now=now, reason="要换主管")
    for name, number in (("secretary", 2), ("member", 1)):
        InboxMessage.objects.bulk_create(
            InboxMessage(
                user=cast[name],
                key=f"{name}:{turn}",
                kind=MessageKind.NOTE,
                title="x",
                url="/",
                created_at=now,
                show_from=now,
            )
            for turn in range(number)
        )
    assert _preview(security, _post(stage, "secretary")) == {
        "successor": 0,  # the deputy
        "last_post": 0,
        "messages": 2,
        "cases": 3,
    }
    assert _preview(security, _post(stage, "member")) == {
        "last_post": 0,
        "messages": 1,
        "assigned": 1,
    }
    assert _preview(security, _post(stage, "community")) == {
        "vacant": 0,
        "last_post": 0,
        "answers": 1,
    }


def test_preview_holds_nothing_of_a_case(stage: Stage, security: Client) -> None:
    petition = stage.file().petition
    page = security.get(_url(_post(stage, "secretary"))).content.decode()
    assert petition.number not in page
    assert petition.place_name not in page
    assert "在办的诉求 1 件" in page
    assert "第三网格党支部 以后由 示例deputy 负责" in page


def test_post_ends_on_the_day_given(stage: Stage, security: Client) -> None:
    post = _post(stage, "secretary")
    assert _end(security, post, TODAY) == {}
    assert post.valid_to == TODAY
    assert SecurityEvent.objects.filter(action=SecurityAction.POST_ENDED).count() == 1


@pytest.mark.parametrize("field", ["on", "seen", "end"])
def test_incomplete_act_ends_nothing(stage: Stage, security: Client, field: str) -> None:
    post = _post(stage, "secretary")
    sent = {"on": TODAY.isoformat(), "seen": security.get(_url(post)).context["seen"], "end": "x"}
    del sent[field]
    assert security.post(_url(post), sent).status_code == 200
    post.refresh_from_db()
    assert post.valid_to is None


def test_last_day_before_the_first_is_refused_at_the_field(stage: Stage, security: Client) -> None:
    post = _post(stage, "secretary")
    errors = _end(security, post, SINCE - dt.timedelta(days=1))
    assert list(errors) == ["on"]
    assert "不能早于第一天" in errors["on"][0]
    assert post.valid_to is None


def test_act_is_refused_when_the_preview_is_out_of_date(stage: Stage, security: Client) -> None:
    post = _post(stage, "secretary")
    seen = security.get(_url(post)).context["seen"]
    stage.file()
    errors = _end(security, post, TODAY, seen=seen)
    assert list(errors) == ["__all__"]
    assert post.valid_to is None


def test_post_that_has_ended_is_not_ended_again(stage: Stage, security: Client) -> None:
    post = _post(stage, "secretary")
    Post.objects.filter(pk=post.pk).update(valid_to=YESTERDAY)
    answer = security.get(_url(post), follow=True)
    assert "已经结束" in answer.content.decode()


@pytest.mark.parametrize("stored", [TODAY, TOMORROW])
def test_ending_a_post_never_prolongs_it(stage: Stage, security: Client, stored: dt.date) -> None:
    post = _post(stage, "secadmin")
    Post.objects.filter(pk=post.pk).update(valid_to=stored, rights_until=stored)
    errors = _end(security, post, stored + dt.timedelta(days=30))
    assert list(errors) == ["on"]
    assert "只能提前，不能推后" in errors["on"][0]
    assert (post.valid_to, post.rights_until) == (stored, stored)
    assert not SecurityEvent.objects.filter(action=SecurityAction.POST_ENDED).exists()
    assert _end(security, post, stored) == {}


def test_the_last_day_of_a_post_can_be_brought_forward(stage: Stage, security: Client) -> None:
    post = _post(stage, "secretary")
    Post.objects.filter(pk=post.pk).update(valid_to=TOMORROW)
    assert _end(security, post, TODAY) == {}
    assert post.valid_to == TODAY


@pytest.mark.parametrize("days", [-1, 0, 30])
def test_workflow_refuses_to_end_a_post_that_has_ended(stage: Stage, days: int) -> None:
    post = _post(stage, "secretary")
    Post.objects.filter(pk=post.pk).update(valid_to=YESTERDAY)
    with pytest.raises(ValidationError, match="已经结束"):
        workflow.end_post(post=post, on=TODAY + dt.timedelta(days=days), by=None)
    assert _post(stage, "secretary").valid_to == YESTERDAY


def test_a_post_that_ends_is_not_handed_over_later(stage: Stage) -> None:
    post = _post(stage, "secretary")
    Post.objects.filter(pk=post.pk).update(valid_to=TODAY)
    later = TODAY + dt.timedelta(days=30)
    with pytest.raises(ValidationError, match="不能推后"):
        workflow.hand_over(post=post, to=stage.cast["member"], on=later, by=None)
    assert _post(stage, "secretary").valid_to == TODAY


def test_selected_posts_end_together_or_not_at_all(stage: Stage, security: Client) -> None:
    posts = [_post(stage, "secretary"), _post(stage, "deputy")]
    Post.objects.filter(pk=posts[1].pk).update(valid_from=TODAY)
    url = reverse("admin:members_post_changelist")
    asked = {"action": "end_selected", "_selected_action": [post.pk for post in posts]}
    page = security.post(url, asked)
    assert len(page.context["preview"]) == 2
    sent = asked | {"on": YESTERDAY.isoformat(), "seen": page.context["seen"], "end": "x"}
    refused = security.post(url, sent)
    assert list(refused.context["form"].errors) == ["on"]
    assert not Post.objects.filter(valid_to__isnull=False).exists()
    assert security.post(url, sent | {"on": TODAY.isoformat()}).status_code == 302
    assert Post.objects.filter(valid_to=TODAY).count() == 2


def test_change_page_leads_to_the_act(stage: Stage, security: Client) -> None:
    post = _post(stage, "secretary")
    page = security.get(reverse("admin:members_post_change", args=[post.pk])).content.decode()
    assert _url(post) in page
    assert 'name="valid_to"' not in page


def test_locking_an_account_says_what_it_held(stage: Stage, security: Client) -> None:
    stage.file()
    asked = {"action": "lock", "_selected_action": [stage.cast["secretary"].pk]}
    url = reverse("admin:members_user_changelist")
    page = security.post(url, asked, follow=True).content.decode()
    assert not User.objects.get(pk=stage.cast["secretary"].pk).is_active
    assert "在办的诉求 1 件" in page
    assert "以后由 示例deputy 负责" in page


def test_workflow_refuses_a_last_day_before_the_first(stage: Stage) -> None:
    post = _post(stage, "secretary")
    with pytest.raises(ValidationError) as refused:
        workflow.end_post(post=post, on=SINCE - dt.timedelta(days=1), by=None)
    assert set(refused.value.error_dict) == {"valid_to"}
