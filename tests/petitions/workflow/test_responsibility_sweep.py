"""When an organisation stops answering for a place, its open cases stay or follow as decided."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from branches.enums import OpenCases, OrgKind, OrgLevel
from branches.models import Organisation, Responsibility
from branches.workflow import add_organisation, assign, end_responsibility
from config.lib import holdings
from members.enums import Role
from members.models import InboxMessage, User
from members.workflow import appoint
from petitions.enums import Actor, DeadlineKind, Status, Verb
from petitions.models import Deadline, Event, Petition
from petitions.notices import outbox
from petitions.ops import integrity, scheduled_tasks
from petitions.permissions import may
from petitions.workflow import escalation, handling, responsibility_sweep
from tests.support.cast import SINCE, Stage

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
ONE_DAY = dt.timedelta(days=1)
TOMORROW = NOW + ONE_DAY
FOLLOW, STAY = OpenCases.FOLLOW, OpenCases.STAY
K = DeadlineKind


def _row(stage: Stage, organisation: str = "branch", area: str = "g7") -> Responsibility:
    return Responsibility.objects.get(
        organisation=stage.town.orgs[organisation], area=stage.town.areas[area]
    )


def _new_branch(stage: Stage, area: str = "g7") -> Organisation:
    """Add a branch that answers for a grid from tomorrow on, with a secretary."""
    branch = add_organisation(
        level=OrgLevel.BRANCH,
        kind=OrgKind.FORMAL,
        parent=stage.town.orgs["yingbin"],
        area=stage.town.areas[area],
        name="第四网格党支部",
        on=SINCE,
    )
    assign(organisation=branch, area=stage.town.areas[area], on=TODAY + ONE_DAY)
    user = User.objects.create_user("successor", name="示例继任")
    appoint(
        user=user,
        role=Role.BRANCH_SECRETARY,
        by=None,
        valid_from=SINCE,
        organisation=branch,
    )
    return branch


def _end(stage: Stage, choice: OpenCases | None = FOLLOW, **row: str) -> None:
    end_responsibility(responsibility=_row(stage, **row), on=TODAY, open_cases=choice)


def _holder(petition: Petition) -> Organisation:
    return Petition.objects.get(pk=petition.pk).organisation


def _codes(stage: Stage, **row: str) -> dict[str, int]:
    return {
        item.code: item.count for item in holdings.of("responsibility", _row(stage, **row), TODAY)
    }


# --- Preview and choice -----------------------------------------------------------------------


def test_preview_counts_the_cases_and_names_the_successor(stage: Stage) -> None:
    for status in (Status.SUBMITTED, Status.IN_PROGRESS, Status.RESOLVED, Status.CLOSED):
        stage.at(status)
    stage.file(place=stage.town.areas["b1"])  # of the other community
    assert _codes(stage) == {"cases": 2, "waiting": 1, "successor": 0}
    for name, hint in (("迎宾路社区党委", "另有接手的组织"), ("第四网格党支部", "")):
        *_counts, successor = holdings.of("responsibility", _row(stage), TODAY)
        assert successor.text.startswith(f"以后由 {name} 负责这里。{hint}")
        if hint:  # it was known before when the responsibility ends
            Responsibility.objects.filter(pk=_row(stage).pk).update(valid_to=TODAY)
            _new_branch(stage)


def test_preview_of_a_group_counts_what_was_assigned_to_it(stage: Stage) -> None:
    stage.at(Status.ASSIGNED)
    codes = _codes(stage, organisation="group", area="b46")
    assert (codes["assigned"], "cases" in codes) == (1, False)


def test_without_a_decision_nothing_ends(stage: Stage) -> None:
    stage.file()
    with pytest.raises(ValidationError) as refused:
        _end(stage, None)
    assert set(refused.value.error_dict) == {"open_cases"}
    assert _row(stage).valid_to is None


def test_without_open_cases_no_decision_is_needed(stage: Stage) -> None:
    stage.at(Status.CLOSED)
    _end(stage, None)
    assert _row(stage).valid_to == TODAY


@pytest.fixture
def system(stage: Stage, client: Client, settings: Settings) -> Client:
    """A browser of the system administrator."""
    settings.DEMO = True  # without the second factor
    user = stage.cast["sysadmin"]
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    client.force_login(user)
    return client


def test_page_asks_what_happens_to_the_cases(stage: Stage, system: Client) -> None:
    petition = stage.file().petition
    url = reverse("admin:branches_responsibility_end", args=[_row(stage).pk])
    page = system.get(url)
    text = page.content.decode()
    assert "1 件在办的诉求" in text
    assert "以后由 迎宾路社区党委 负责这里" in text
    assert petition.number not in text
    sent = {"on": TODAY.isoformat(), "seen": page.context["seen"], "end": "x"}
    refused = system.post(url, sent)
    assert list(refused.context["form"].errors) == ["open_cases"]
    assert system.post(url, sent | {"open_cases": "follow"}).status_code == 302
    row = _row(stage)
    assert (row.valid_to, row.open_cases) == (TODAY, FOLLOW)


# --- What happens then ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [Status.SUBMITTED, Status.ACCEPTED, Status.ASSIGNED, Status.IN_PROGRESS, Status.REOPENED],
)
def test_open_case_follows_with_an_event(stage: Stage, status: Status) -> None:
    petition = stage.at(status)
    _end(stage)
    branch = _new_branch(stage)
    assert responsibility_sweep.move_due(now=NOW) == 0  # today is the last day
    assert _holder(petition) == stage.town.orgs["branch"]
    assert responsibility_sweep.move_due(now=TOMORROW) == 1
    moved = Petition.objects.get(pk=petition.pk)
    assert (moved.organisation, moved.status, moved.assignee_ids) == (branch, Status.SUBMITTED, [])
    assert moved.route["why"] == "place"
    event = Event.objects.filter(petition=petition).latest("version")
    assert (event.verb, event.actor, event.user) == (Verb.REASSIGN, Actor.CLOCK, None)
    assert event.organisation == branch
    assert "不再负责" in event.note.body
    contact = Deadline.objects.open().get(petition=petition, kind=K.CONTACT)
    assert (contact.organisation, contact.started_at) == (branch, TOMORROW)
    assert Deadline.objects.open().filter(petition=petition, kind=K.RESOLUTION).count() == 1
    assert outbox.publish([event.pk])
    told = InboxMessage.objects.filter(key__startswith=f"event:{event.pk}:")
    assert set(told.values_list("kind", "user__username")) == {("to_accept", "successor")}
    assert integrity.replay_all() == []


@pytest.mark.parametrize("status", [Status.RETURNED, Status.RESOLVED, Status.CLOSED])
def test_case_that_waits_for_somebody_else_stays(stage: Stage, status: Status) -> None:
    petition = stage.at(status)
    _end(stage)
    _new_branch(stage)
    assert responsibility_sweep.move_due(now=TOMORROW) == 0
    assert _holder(petition) == stage.town.orgs["branch"]


def test_a_case_stays_with_an_organisation_that_answers_for_the_place_again(stage: Stage) -> None:
    petition = stage.file().petition
    _end(stage)
    assign(
        organisation=stage.town.orgs["branch"],
        area=stage.town.areas["g7"],
        on=TODAY + ONE_DAY,
    )
    assert responsibility_sweep.move_due(now=TOMORROW) == 0
    assert _holder(petition) == stage.town.orgs["branch"]


def test_cases_stay_if_that_was_decided(stage: Stage) -> None:
    petition = stage.file().petition
    _end(stage, STAY)
    _new_branch(stage)
    assert responsibility_sweep.move_due(now=TOMORROW) == 0
    assert _holder(petition) == stage.town.orgs["branch"]


def test_without_a_branch_the_community_takes_over(stage: Stage) -> None:
    petition = stage.file().petition
    _end(stage)
    assert responsibility_sweep.move_due(now=TOMORROW) == 1
    moved = Petition.objects.get(pk=petition.pk)
    assert moved.organisation == stage.town.orgs["yingbin"]
    assert (moved.level, moved.route["why"]) == ("community", "fallback")


def test_cases_at_other_places_of_the_organisation_stay(stage: Stage) -> None:
    stage.file()
    elsewhere = stage.file(place=stage.town.areas["g8"]).petition
    _end(stage)
    assert responsibility_sweep.move_due(now=TOMORROW) == 1
    assert _holder(elsewhere) == stage.town.orgs["branch"]


def test_escalated_case_keeps_its_supervisor_and_the_answer_it_waits_for(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    escalation.escalate(petition=petition, by=stage.cast["secretary"], now=NOW, reason="要换主管")
    _end(stage)
    branch = _new_branch(stage)
    assert responsibility_sweep.move_due(now=TOMORROW) == 1
    moved = Petition.objects.get(pk=petition.pk)
    assert (moved.organisation, moved.supervisor) == (branch, stage.town.orgs["yingbin"])
    assert moved.is_answer_owed


def test_case_never_follows_to_the_organisation_it_is_about(stage: Stage) -> None:
    """The community handles a case about the branch, and stops answering for the place."""
    petition = stage.file(about=stage.town.orgs["branch"]).petition
    assert petition.organisation == stage.town.orgs["yingbin"]
    _end(stage, organisation="yingbin", area="yingbin")
    assert responsibility_sweep.move_due(now=TOMORROW) == 1
    moved = Petition.objects.get(pk=petition.pk)
    assert (moved.organisation, moved.group) == (stage.town.orgs["fuxin"], None)
    assert moved.route["why"] == "about"


def test_case_stays_if_nobody_answers_for_the_place(stage: Stage) -> None:
    petition = stage.file().petition
    Responsibility.objects.exclude(pk=_row(stage).pk).update(valid_to=TODAY)
    _end(stage)
    assert responsibility_sweep.move_due(now=TOMORROW) == 0
    assert _holder(petition) == stage.town.orgs["branch"]


def test_case_is_moved_once_and_may_come_back(stage: Stage) -> None:
    petition = stage.file().petition
    _end(stage)
    branch = _new_branch(stage)
    assert responsibility_sweep.move_due(now=TOMORROW) == 1
    assert responsibility_sweep.move_due(now=TOMORROW) == 0
    assert _row(stage).followed_at == TOMORROW
    assert _holder(petition) == branch
    version = Petition.objects.get(pk=petition.pk).version
    Responsibility.objects.update(followed_at=None)  # a worker died before it was recorded
    assert responsibility_sweep.move_due(now=TOMORROW) == 0
    assert Petition.objects.get(pk=petition.pk).version == version


def test_one_case_that_fails_does_not_stop_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = stage.file().petition, stage.file().petition
    _end(stage)
    _new_branch(stage)
    follow = responsibility_sweep.succession.follow

    def refuse(**case: object) -> object:
        if case["petition"] == first:
            raise responsibility_sweep.succession.WrongState("own_cause", "x")
        return follow(**case)  # type: ignore[arg-type]

    monkeypatch.setattr(responsibility_sweep.succession, "follow", refuse)
    assert responsibility_sweep.move_due(now=TOMORROW) == 1
    assert _holder(first) == stage.town.orgs["branch"]
    assert _holder(second) != stage.town.orgs["branch"]


def test_task_moves_what_is_due(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.file()
    _end(stage)
    _new_branch(stage)
    monkeypatch.setattr(scheduled_tasks, "database_now", lambda: TOMORROW)
    with time_machine.travel(TOMORROW, tick=False):
        assert scheduled_tasks.move_cases() == 1


def test_no_person_reassigns_in_the_name_of_the_system(stage: Stage) -> None:
    petition = stage.file().petition
    assert not may(Verb.REASSIGN, petition, stage.cast["secretary"])
    handling.accept(petition=petition, by=stage.cast["secretary"], now=NOW)
