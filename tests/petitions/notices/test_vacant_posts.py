"""A message to an organisation without anybody in charge reaches the next level up at once."""

from __future__ import annotations

import datetime as dt

import pytest
import structlog
from django.utils import timezone

from members.enums import Role
from members.models import InboxMessage, Post, User
from members.workflow import appoint, end_post, lock
from petitions.enums import Status
from petitions.models import Category, Event, Petition
from petitions.notices import outbox
from petitions.workflow import handling
from tests.petitions.notices.test_notifications import ACTS, Act, Heard
from tests.support.cast import SINCE, Stage
from tests.support.clients import login

NOW = timezone.now()
YESTERDAY = timezone.localdate(NOW) - dt.timedelta(days=1)
HOME = "/home/"

# Who acts in an organisation, and who is notified when nobody of them is left.
SUBSTITUTES = {
    "secretary": "community",
    "leader": "secretary",
    "member": "secretary",
    "community": "official",
    "official": "city",
    "department": "city",
    "clerk": "community",
}


def _leave(stage: Stage, *names: str) -> None:
    """End the posts of these people; the deputy goes with the secretary."""
    users = [stage.cast[name] for name in names]
    users += [stage.cast["deputy"]] if "secretary" in names else []
    for post in Post.objects.filter(user__in=users):
        end_post(post=post, on=YESTERDAY, by=None)


def _heard(petition: Petition) -> Heard:
    event = Event.objects.filter(petition=petition).latest("version")
    assert outbox.publish([event.pk])
    told = InboxMessage.objects.filter(key__startswith=f"event:{event.pk}:")
    return set(told.values_list("kind", "user__username"))


CASES = [
    pytest.param(status, act, heard, name, id=f"{title} without {name}")
    for title, status, act, heard in ACTS
    for name in sorted({name for _kind, name in heard})
]


@pytest.mark.parametrize(("status", "act", "heard", "missing"), CASES)
def test_every_rule_finds_a_substitute(
    stage: Stage, status: Status, act: Act, heard: Heard, missing: str
) -> None:
    petition = stage.at(status)
    Petition.objects.filter(pk=petition.pk).update(filed_by=stage.cast["clerk"])
    act(stage, Petition.objects.get(pk=petition.pk))
    _leave(stage, missing)
    now_heard = _heard(petition)
    actor = Event.objects.filter(petition=petition).latest("version").user_id
    for kind, name in heard:
        if name == missing == "clerk":
            continue  # a resident filed it: there is no desk to tell
        substitute = SUBSTITUTES[name] if name == missing else name
        is_actor = stage.cast[substitute].pk == actor  # who acted knows
        assert is_actor or (kind, substitute) in now_heard


@pytest.mark.parametrize("way", ["locked", "post ended", "never appointed"])
def test_new_report_goes_up_when_the_head_is_missing(stage: Stage, way: str) -> None:
    Post.objects.filter(user=stage.cast["deputy"]).delete()
    secretary = stage.cast["secretary"]
    if way == "locked":
        lock(user=secretary, by=stage.cast["secadmin"])
    elif way == "post ended":
        _leave(stage, "secretary")
    else:
        Post.objects.filter(user=secretary).delete()
    assert _heard(stage.file().petition) == {("to_accept", "community")}


@pytest.mark.parametrize(
    ("missing", "substitute"),
    [
        (("secretary",), "community"),
        (("secretary", "community"), "official"),
        (("secretary", "community", "official"), "city"),
    ],
)
def test_levels_without_anybody_are_passed_over(
    stage: Stage, missing: tuple[str, ...], substitute: str
) -> None:
    _leave(stage, *missing)
    assert _heard(stage.file().petition) == {("to_accept", substitute)}


def test_nobody_anywhere_is_logged_without_the_case(stage: Stage) -> None:
    _leave(stage, "secretary", "community", "official", "city")
    petition = stage.file().petition
    with structlog.testing.capture_logs() as lines:
        assert _heard(petition) == set()
    (line,) = [row for row in lines if row["event"] == "notification_without_recipient"]
    assert set(line) == {"event", "log_level", "organisation"}


def test_head_with_a_conflict_of_interest_is_passed_over(stage: Stage) -> None:
    appoint(
        user=stage.cast["community"],
        role=Role.MEMBER,
        by=None,
        valid_from=SINCE,
        organisation=stage.town.orgs["group"],
    )
    petition = stage.file(about=stage.town.orgs["branch"]).petition
    assert _heard(petition) == {("to_accept", "official")}


def test_substitute_must_be_allowed_to_see_the_case(stage: Stage) -> None:
    _leave(stage, "city")
    petition = stage.file(category=Category.objects.get(code="GV04")).petition
    assert petition.is_sealed
    assert _heard(petition) == set()


def test_desk_hears_of_what_a_former_clerk_filed(stage: Stage) -> None:
    petition = stage.file(by="clerk").petition
    colleague = User.objects.create_user("colleague", name="示例同事")
    appoint(
        user=colleague,
        role=Role.STAFF,
        by=None,
        valid_from=SINCE,
        organisation=stage.town.orgs["yingbin"],
    )
    _leave(stage, "clerk")
    accepted = handling.accept(petition=petition, by=stage.cast["secretary"], now=NOW)
    assert _heard(accepted) == {("note", "colleague")}


def test_vacant_post_stands_under_data_to_complete(stage: Stage) -> None:
    words = "第三网格党支部 没有在岗的负责人"
    pages = {name: login(stage, name) for name in ("clerk", "community", "official", "city")}
    for client in pages.values():
        assert words not in client.get(HOME).content.decode()  # and the page is cached
    lock(user=stage.cast["secretary"], by=stage.cast["secadmin"])
    for client in pages.values():
        assert words not in client.get(HOME).content.decode()  # the deputy leads
    end_post(post=Post.objects.get(user=stage.cast["deputy"]), on=YESTERDAY, by=None)
    for client in pages.values():
        assert words in client.get(HOME).content.decode()
    for name in ("sibling", "outsider", "leader", "member"):
        assert words not in login(stage, name).get(HOME).content.decode()
    User.objects.filter(pk=stage.cast["secretary"].pk).update(is_active=True)
    for client in pages.values():
        assert words not in client.get(HOME).content.decode()


def test_vacant_post_at_the_city_is_told_to_the_subdistrict(stage: Stage) -> None:
    _leave(stage, "city")
    words = "阜康市委社会工作部 没有在岗的负责人"
    assert words in login(stage, "official").get(HOME).content.decode()
    assert words not in login(stage, "clerk").get(HOME).content.decode()
