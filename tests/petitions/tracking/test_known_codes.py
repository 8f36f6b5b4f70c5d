"""A code that staff know does not speak for the resident, wherever these staff are today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from members.enums import Role
from members.models import Post, User
from petitions.enums import AnswerKind, Outcome, Status
from petitions.models import Contact, Feedback, Petition
from petitions.workflow import escalation, handling, rerouting, resolution, transitions
from tests.support.cast import Stage, walk
from tests.support.returned_cases import give_post
from tests.support.tracking_client import open_case, post_form, send_feedback

NOW = timezone.now()


@pytest.mark.parametrize("how", ["post ended", "locked", "moved"])
@pytest.mark.parametrize("filer", ["secretary", "leader"])
def test_who_logged_it_for_the_handlers_does_not_speak_after_leaving(
    stage: Stage, how: str, filer: str
) -> None:
    petition = stage.file(by=filer, now=NOW).petition
    resident = stage.petitioner(petition)
    petition = handling.accept(petition=petition, by=stage.cast["deputy"], now=NOW)
    petition = resolution.resolve(
        petition=petition,
        by=stage.cast["deputy"],
        now=NOW,
        outcome=Outcome.RESOLVED,
        cause="-",
        public_answer="已修好。",
    )
    user = stage.cast[filer]
    if how == "post ended":
        Post.objects.filter(user=user).delete()
    elif how == "locked":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        Post.objects.filter(user=user).update(
            role=Role.MEMBER, organisation=stage.town.orgs["other"]
        )
    for act in (resolution.confirm, resolution.withdraw):
        with pytest.raises(transitions.WrongState) as refusal:
            act(petition=Petition.objects.get(pk=petition.pk), by=resident, now=NOW)
        assert refusal.value.code == "code_known"
    client, before = Client(), bytes(Contact.objects.get(petition=petition).cipher)
    page = open_case(client, petition)
    assert "没有参与办理" in page
    for path in ("confirm", "rate", "withdraw", "contact"):
        assert f'action="/track/{path}/"' not in page
    assert post_form(client, "/track/contact/", {"phone": "19000009999"}).status_code == 409
    assert bytes(Contact.objects.get(petition=petition).cipher) == before


@pytest.mark.parametrize("how", ["post ended", "locked", "superuser"])
def test_a_second_post_with_the_handlers_counts_whatever_became_of_the_account(
    stage: Stage, how: str
) -> None:
    """The clerk logs for the community, and has a post in the branch that handles the case."""
    give_post(stage, "clerk", Role.MEMBER, "branch")
    with time_machine.travel(NOW - dt.timedelta(days=2), tick=False):
        petition = stage.file(by="clerk", now=timezone.now()).petition
        petition = walk(stage, petition, Status.RESOLVED, timezone.now())
    clerk = User.objects.filter(pk=stage.cast["clerk"].pk)
    if how == "post ended":
        yesterday = timezone.localdate() - dt.timedelta(days=1)
        Post.objects.filter(user=clerk.get()).update(valid_to=yesterday)
    else:
        clerk.update(**{"is_active": False} if how == "locked" else {"is_superuser": True})
    assert not clerk.get().scope.posts
    client = Client()
    open_case(client, petition)
    for verb in ("confirm", "rate", "withdraw"):
        answer = send_feedback(client, verb, petition, rating=5)
        assert answer.status_code == 409
        assert "没有参与办理" in answer.content.decode()
    assert not Feedback.objects.exists()


def test_a_post_that_ended_before_the_report_does_not_count(stage: Stage) -> None:
    day = timezone.localdate() - dt.timedelta(days=1)
    give_post(stage, "clerk", Role.MEMBER, "branch", valid_to=day)
    User.objects.filter(pk=stage.cast["clerk"].pk).update(is_active=False)
    petition = stage.file(by="clerk", now=NOW).petition
    petition = walk(stage, petition, Status.RESOLVED, NOW)
    client = Client()
    open_case(client, petition)
    assert send_feedback(client, "confirm", petition).status_code == 302


def _escalated(stage: Stage, filer: str) -> Petition:
    """Return a case that was logged with a telephone; the community owes an answer about it."""
    petition = stage.file(by=filer, now=NOW).petition
    handling.accept(petition=petition, by=stage.cast["secretary"], now=NOW)
    return escalation.escalate(
        petition=petition, by=stage.cast["secretary"], now=NOW, reason="请社区协调"
    )


def _returned(stage: Stage, filer: str) -> Petition:
    """Return a case that was logged with a telephone; the community decides on its return."""
    petition = stage.file(by=filer, now=NOW).petition
    return rerouting.return_(
        petition=petition, by=stage.cast["secretary"], now=NOW, reason="不归我管"
    )


@pytest.mark.parametrize("is_locked", [False, True])
@pytest.mark.parametrize("owed", [_escalated, _returned])
def test_the_code_withdraws_nothing_that_who_logged_the_case_must_answer(
    stage: Stage, owed: Callable[[Stage, str], Petition], is_locked: bool
) -> None:
    petition, client = owed(stage, "clerk"), Client()
    User.objects.filter(pk=stage.cast["clerk"].pk).update(is_active=not is_locked)
    page = open_case(client, petition)
    assert "等答复出来，才能在这里撤回" in page
    assert 'action="/track/withdraw/"' not in page
    answer = send_feedback(client, "withdraw", petition)
    assert answer.status_code == 409
    assert "等答复出来，才能在这里撤回" in answer.content.decode().split("<h1>")[0]
    before = petition.status
    petition.refresh_from_db()
    assert petition.status == before


@pytest.mark.parametrize("owed", [_escalated, _returned])
def test_the_code_withdraws_what_others_must_answer(
    stage: Stage, owed: Callable[[Stage, str], Petition]
) -> None:
    petition, client = owed(stage, "official"), Client()
    assert 'action="/track/withdraw/"' in open_case(client, petition)
    assert send_feedback(client, "withdraw", petition).status_code == 302
    petition.refresh_from_db()
    assert petition.status == Status.WITHDRAWN


def test_the_code_withdraws_after_the_answer(stage: Stage) -> None:
    petition, client = _escalated(stage, "clerk"), Client()
    escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=NOW,
        kind=AnswerKind.RESOURCES,
        text="已安排",
    )
    open_case(client, petition)
    assert send_feedback(client, "withdraw", petition).status_code == 302
