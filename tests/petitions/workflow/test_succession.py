"""A case that is reopened does not stay with an organisation that left its place meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from branches import responsibility_cache
from branches.enums import OpenCases, OrgKind, OrgLevel
from branches.models import Organisation, Responsibility
from branches.workflow import add_organisation, assign, end_organisation, end_responsibility
from config.lib import register_cache
from members.enums import Role
from members.models import InboxMessage, Post, User
from members.workflow import appoint
from petitions import case_holders
from petitions.enums import Actor, DeadlineKind, Outcome, Status, Verb
from petitions.models import Deadline, Event, Petition
from petitions.notices import outbox
from petitions.ops import integrity
from petitions.rules import routing
from petitions.workflow import handling, resolution
from petitions.workflow.transitions import StaleVersion
from tests.support.cast import SINCE, Stage
from tests.support.clients import login
from tests.support.tracking_client import open_case

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
LATER = NOW + dt.timedelta(days=2)
# Of every test: nothing has sent the messages and chained the rows yet.
WAITING = {"outbox_waiting", "audit_row_waiting_for_its_block"}
Verbs = Callable[..., Petition]


def _end(stage: Stage, *, is_whole: bool = True, choice: OpenCases | None = None) -> None:
    """End what the branch answers for, and with `is_whole` the branch and its groups too."""
    organisations = stage.town.orgs
    for name in ("group", "group2", "branch"):
        for row in Responsibility.objects.filter(organisation=organisations[name]):
            end_responsibility(responsibility=row, on=TODAY, open_cases=choice)
        if is_whole:
            Post.objects.filter(organisation=organisations[name]).update(valid_to=TODAY)
            end_organisation(organisation=organisations[name], on=TODAY)


def _new_branch(stage: Stage) -> Organisation:
    area = stage.town.areas["g7"]
    branch = add_organisation(
        level=OrgLevel.BRANCH,
        kind=OrgKind.FORMAL,
        parent=stage.town.orgs["yingbin"],
        area=area,
        name="第四网格党支部",
        on=SINCE,
    )
    assign(organisation=branch, area=area, on=TODAY + dt.timedelta(days=1))
    user = User.objects.create_user("successor", name="示例继任")
    appoint(user=user, role=Role.BRANCH_SECRETARY, by=None, valid_from=SINCE, organisation=branch)
    return branch


def _reopen(stage: Stage, petition: Petition, by: str | None = None) -> Petition:
    actor = stage.cast[by] if by else stage.petitioner(petition)
    return resolution.reopen(petition=petition, by=actor, now=LATER, reason="又浑了")


@pytest.mark.parametrize("by", [None, "clerk"])
@pytest.mark.parametrize("has_successor", [True, False])
def test_a_closed_case_goes_to_who_answers_for_the_building_today(
    stage: Stage, by: str | None, has_successor: bool
) -> None:
    petition = stage.at(Status.CLOSED, now=NOW)
    _end(stage)
    holder = _new_branch(stage) if has_successor else stage.town.orgs["yingbin"]
    moved = _reopen(stage, petition, by)
    assert moved == Petition.objects.get(pk=petition.pk)
    assert (moved.organisation, moved.status) == (holder, Status.SUBMITTED)
    assert moved.group is None  # the group has ended too
    assert (moved.closed_at, moved.closed_by) == (None, "")
    events = Event.objects.filter(petition=petition).order_by("-version")
    reassigned, reopened = events[:2]
    assert (reopened.verb, reopened.organisation) == (Verb.REOPEN, stage.town.orgs["branch"])
    assert (reassigned.verb, reassigned.actor) == (Verb.REASSIGN, Actor.CLOCK)
    assert reassigned.organisation == holder
    assert reassigned.data["to"] == holder.pk
    assert reassigned.note.body.startswith("第三网格党支部 不再负责")
    owed = Deadline.objects.owed().filter(petition=petition)
    assert {(row.kind, row.organisation_id) for row in owed} == {
        (DeadlineKind.CONTACT, holder.pk),
        (DeadlineKind.RESOLUTION, holder.pk),
    }
    former = Petition.objects.filter(case_holders.is_held_by_former(timezone.localdate(LATER)))
    assert not former.exists()
    counts = integrity.check(LATER, with_photos=False)
    assert {name for name, count in counts.items() if count} == WAITING
    assert integrity.replay_all() == []


def test_a_process_that_has_not_heard_of_the_handover_yet_follows_it_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    petition = stage.at(Status.CLOSED, now=NOW)
    version = register_cache.read_version()
    assert routing.place(petition.place_id, timezone.localdate(LATER), version)
    known = responsibility_cache._CACHE._entry
    _end(stage)
    holder = _new_branch(stage)
    monkeypatch.setattr(responsibility_cache._CACHE, "_entry", known)
    monkeypatch.setattr(register_cache, "current_version", lambda: version)
    assert _reopen(stage, petition).organisation == holder


def test_a_disputed_answer_goes_on_with_the_successor(stage: Stage) -> None:
    """The responsibility may end while the resident is asked, the branch may not."""
    petition = stage.at(Status.RESOLVED, now=NOW)
    _end(stage, is_whole=False, choice=OpenCases.FOLLOW)
    branch = _new_branch(stage)
    moved = resolution.dispute(
        petition=petition, by=stage.petitioner(petition), now=LATER, reason="还是浑"
    )
    assert (moved.organisation, moved.disputes) == (branch, 1)


def test_every_reader_reads_who_goes_on(stage: Stage) -> None:
    petition = stage.at(Status.CLOSED, now=NOW)
    _end(stage)
    _new_branch(stage)
    with time_machine.travel(LATER, tick=False):
        _reopen(stage, petition)
        page, url = open_case(Client(), petition), petition.get_absolute_url()
        assert "改由第四网格党支部负责" in page
        assert "第四网格党支部" in page[: page.index("改由")]
        for name in ("clerk", "successor"):
            stage.cast.setdefault("successor", User.objects.get(username="successor"))
            text = login(stage, name).get(url).content.decode()
            assert "改派给 第四网格党支部" in text
            assert "第三网格党支部 不再负责" in text
        home = login(stage, "community").get("/", follow=True).content.decode()
        assert "要移交" not in home
        events = Event.objects.filter(petition=petition).order_by("-version")[:2]
        assert outbox.publish([event.pk for event in events])
    told = InboxMessage.objects.filter(
        key__regex="|".join(f"^event:{event.pk}:" for event in events)
    )
    assert set(told.values_list("kind", "user__username")) == {
        ("to_accept", "successor"),
        ("reopened", "successor"),
    }


@pytest.mark.parametrize("why", ["nobody", "answers", "decided"])
def test_it_stays_where_it_was(stage: Stage, why: str) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    act: Verbs = partial(
        resolution.dispute, by=stage.petitioner(petition), now=LATER, reason="还是浑"
    )
    if why == "decided":
        _end(stage, is_whole=False, choice=OpenCases.STAY)
        _new_branch(stage)
    elif why == "nobody":
        _end(stage, is_whole=False, choice=OpenCases.FOLLOW)
        Responsibility.objects.filter(valid_to=None).update(valid_to=TODAY)
    stayed = act(petition=petition)
    assert (stayed.organisation, stayed.status) == (stage.town.orgs["branch"], Status.REOPENED)


def test_a_refused_verb_moves_nothing(stage: Stage) -> None:
    petition = stage.at(Status.CLOSED, now=NOW)
    _end(stage)
    by: dict[str, Any] = {"by": stage.petitioner(petition), "now": LATER}
    with pytest.raises(StaleVersion):
        resolution.reopen(petition=petition, reason="又浑了", expected_version=1, **by)
    assert Petition.objects.get(pk=petition.pk).organisation == stage.town.orgs["branch"]
    assert Event.objects.filter(petition=petition).count() == petition.version


def test_a_case_never_goes_to_the_organisation_it_is_about(stage: Stage) -> None:
    """The community handled a case about the branch, and left."""
    petition = stage.file(about=stage.town.orgs["branch"], now=NOW).petition
    handling.decline(petition=petition, by=stage.cast["community"], now=NOW, reason="不在范围")
    row = Responsibility.objects.get(organisation=stage.town.orgs["yingbin"])
    end_responsibility(responsibility=row, on=TODAY, open_cases=OpenCases.FOLLOW)
    moved = _reopen(stage, Petition.objects.get(pk=petition.pk), "official")
    assert moved.organisation == stage.town.orgs["fuxin"]


def test_a_case_that_moved_since_the_page_was_read_moves_once(stage: Stage) -> None:
    read_before = stage.at(Status.RESOLVED, now=NOW)
    _end(stage, is_whole=False, choice=OpenCases.FOLLOW)
    branch = _new_branch(stage)
    resident = stage.petitioner(read_before)
    dispute = partial(resolution.dispute, by=resident, now=LATER, reason="还是浑")
    moved = dispute(petition=Petition.objects.get(pk=read_before.pk))
    how: dict[str, Any] = {"by": User.objects.get(username="successor"), "now": LATER}
    handling.accept(petition=moved, **how)
    resolution.resolve(
        petition=moved, outcome=Outcome.RESOLVED, cause="铁管", public_answer="已更换。", **how
    )
    again = dispute(petition=read_before)
    assert (again.organisation, again.status) == (branch, Status.REOPENED)
