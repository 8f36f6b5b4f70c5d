"""Open cases for every demo log-in: to accept, due soon, overdue, escalated, waiting."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from branches.enums import OrgLevel
from branches.models import Organisation
from grids.enums import Level
from grids.models import Area
from petitions.enums import (
    AnswerKind,
    CaseLevel,
    Channel,
    Status,
    TaskState,
    Verb,
)
from petitions.models import Petition
from petitions.sample import report_text
from petitions.sample.case_builder import CaseBuilder
from petitions.sample.outcome_profiles import OutcomeProfile
from petitions.sample.reference_data import ReferenceData
from petitions.sample.sample_case import SampleCase

BUILDING = "阜兴花苑46号楼"
USUAL = (
    *("PM03", "PK06", "EN01", "PS02", "WS02", "HT01", "SW02", "HS01"),
    *("ND03", "EL01", "WS04", "SW01", "SW03", "WS03", "PS01"),
)
URGENT = ("WS01", "HT01", "WS04", "SW02", "EL01", "WS02", "HT02")
Wanted = Callable[[Petition, dt.datetime], bool]


@dataclass(frozen=True, slots=True)
class Situation:
    """How a case went so far, and whether it is now as wanted."""

    profile: OutcomeProfile
    wanted: Wanted
    codes: Sequence[str] = USUAL
    may_be_called: bool = False
    """Whether the community must be able to ask the resident and record the answer."""

    def fits(self, now: dt.datetime, case: SampleCase) -> bool:
        """Tell whether a case is now in this situation."""
        if self.may_be_called and case.follow_up_caller(Verb.CONFIRM) is None:
            return False
        return self.wanted(case.petition, now)


def _held(verb: Verb, **changes: Any) -> OutcomeProfile:
    return OutcomeProfile(hold=verb, accept=0.25, resolve=0.6, **changes)


def _late(case: Petition, now: dt.datetime) -> bool:
    return case.due_at is not None and case.due_at <= now


def _soon(case: Petition, now: dt.datetime) -> bool:
    return case.soon_at is not None and case.soon_at <= now and not _late(case, now)


def _fresh(case: Petition, now: dt.datetime) -> bool:
    return not _late(case, now) and not _soon(case, now) and case.supervisor_id is None


def _at(status: Status) -> Wanted:
    return lambda case, now: case.status == status and _fresh(case, now)


def _escalated(level: CaseLevel, *, is_running: bool = True) -> Wanted:
    return lambda case, _now: (
        case.is_answer_owed and case.level == level and case.is_running == is_running
    )


TO_ACCEPT = Situation(_held(Verb.FILE, answers=0), _at(Status.SUBMITTED))
TO_ACCEPT_URGENT = Situation(_held(Verb.FILE, answers=0), _at(Status.SUBMITTED), URGENT)
TO_ACCEPT_SOON = Situation(
    _held(Verb.FILE, answers=0),
    lambda case, now: case.status == Status.SUBMITTED and _soon(case, now),
)
IGNORED = {
    level: Situation(_held(Verb.FILE, answers=0), _escalated(level))
    for level in (CaseLevel.COMMUNITY, CaseLevel.SUBDISTRICT, CaseLevel.CITY)
}
ACCEPTED = Situation(_held(Verb.ACCEPT), _at(Status.ACCEPTED))
DISPATCHED = Situation(_held(Verb.DISPATCH), _at(Status.ASSIGNED))
AT_DOORS = Situation(_held(Verb.VISIT), _at(Status.IN_PROGRESS), URGENT)
AT_WORK = Situation(_held(Verb.START), _at(Status.IN_PROGRESS))
DUE_SOON = Situation(
    _held(Verb.START),
    lambda case, now: case.status == Status.IN_PROGRESS and _soon(case, now),
)
OVERDUE_UNANSWERED = Situation(
    _held(Verb.START, answers=0),
    lambda case, now: (
        _late(case, now) and case.is_answer_owed and case.level == CaseLevel.COMMUNITY
    ),
)
OVERDUE_ANSWERED = Situation(
    _held(Verb.START, answers=1),
    lambda case, now: (
        _late(case, now) and case.supervisor_id is not None and not case.is_answer_owed
    ),
)
ASKED_ABOVE = Situation(
    _held(Verb.ESCALATE, path="escalate", answers=0), _escalated(CaseLevel.COMMUNITY)
)


def _task(fate: str, state: TaskState, *, is_late: bool = False) -> Situation:
    """Return the situation that a task of the water company is in a state, overdue or in time."""

    def wanted(case: Petition, now: dt.datetime) -> bool:
        states = [task.state for task in case.case_tasks]
        if states != [state] or not case.is_running:
            return False
        task = case.case_tasks[0]
        return (task.ended_at is None and task.due_at <= now) == is_late

    return Situation(
        _held(
            Verb.ESCALATE,
            path="escalate",
            answers=1,
            answer_kind=AnswerKind.DEPARTMENT,
            task=fate,
        ),
        wanted,
        ("WS01", "WS04", "WS02"),
    )


ORDERED = _task("silent", TaskState.SENT)
TASK_ACKNOWLEDGED = _task("acknowledged", TaskState.ACKNOWLEDGED)
TASK_OVERDUE = _task("acknowledged", TaskState.ACKNOWLEDGED, is_late=True)
TASK_DONE = _task("done", TaskState.DONE)
TASK_HANDED_BACK = _task("handed_back", TaskState.HANDED_BACK)
TASK_CANCELLED = _task("cancel", TaskState.CANCELLED)
TASK_SENT_AGAIN = _task("hand_back", TaskState.DONE)
WAITING = Situation(
    _held(Verb.RESOLVE),
    lambda case, _now: case.status == Status.RESOLVED,
    ("PK06", *URGENT),
    may_be_called=True,
)
DISPUTED = Situation(_held(Verb.DISPUTE, ending="no"), _at(Status.REOPENED))
RETURNED = Situation(_held(Verb.RETURN, path="return"), _at(Status.RETURNED))
REASSIGNED = Situation(
    _held(Verb.REASSIGN, path="return"),
    lambda case, _now: case.is_route_final and case.status == Status.SUBMITTED,
)
HANDED_TO_PEOPLE = Situation(
    _held(Verb.DISPATCH),
    lambda case, now: (
        case.status == Status.ASSIGNED and _fresh(case, now) and any(case.assignee_ids)
    ),
)
DOORS_OF_GROUP = Situation(
    _held(Verb.VISIT),
    lambda case, now: _at(Status.IN_PROGRESS)(case, now) and any(case.assignee_ids),
    URGENT,
)

AT_BUILDING = (TO_ACCEPT_URGENT, AT_DOORS, WAITING, TASK_ACKNOWLEDGED, TASK_DONE)
AT_GROUP = (HANDED_TO_PEOPLE, HANDED_TO_PEOPLE, DISPATCHED, DOORS_OF_GROUP, DUE_SOON)
AT_BRANCH = (
    TO_ACCEPT,
    TO_ACCEPT_SOON,
    ACCEPTED,
    DISPATCHED,
    AT_DOORS,
    AT_WORK,
    DUE_SOON,
    OVERDUE_UNANSWERED,
    OVERDUE_ANSWERED,
    ASKED_ABOVE,
    WAITING,
    DISPUTED,
    REASSIGNED,
    IGNORED[CaseLevel.COMMUNITY],
)
IN_COMMUNITY = (
    RETURNED,
    RETURNED,
    IGNORED[CaseLevel.COMMUNITY],
    OVERDUE_UNANSWERED,
    IGNORED[CaseLevel.SUBDISTRICT],
    ORDERED,
    TASK_OVERDUE,
    TASK_HANDED_BACK,
    TASK_CANCELLED,
    TASK_SENT_AGAIN,
    TO_ACCEPT,
)
IN_SUBDISTRICT = (
    IGNORED[CaseLevel.SUBDISTRICT],
    IGNORED[CaseLevel.SUBDISTRICT],
    IGNORED[CaseLevel.CITY],
    DUE_SOON,
    WAITING,
    ORDERED,
    OVERDUE_UNANSWERED,
)
ELSEWHERE = (TO_ACCEPT, AT_WORK, DUE_SOON, OVERDUE_ANSWERED, WAITING, IGNORED[CaseLevel.COMMUNITY])
OUTSIDER = (TO_ACCEPT, ACCEPTED, DUE_SOON, OVERDUE_UNANSWERED, WAITING)


def _without(areas: Sequence[Area], others: Sequence[Area]) -> list[Area]:
    ids = {area.pk for area in others}
    return [area for area in areas if area.pk not in ids]


class Showcase:
    """Makes the open cases of building 46, of its branch and community, and of other places."""

    def __init__(self, builder: CaseBuilder) -> None:
        """Read building 46 and the reportable buildings of the reference data."""
        self.builder = builder
        self.reference: ReferenceData = builder.reference
        self.building = self.reference.by_name(BUILDING)
        self.homes = [home for home in self.reference.homes() if home.level == Level.BUILDING]

    def all(self) -> Iterator[SampleCase]:
        """Make all of them; a situation that cannot arise at this hour is left out."""
        building = self.building
        branch = self._branch_homes()
        yield from self._make(AT_BUILDING, [building])
        yield from self._make(AT_GROUP, self._of_group(branch))
        yield from self._make(AT_BRANCH, [home for home in branch if home.pk != building.pk])
        community = self._below(building.ancestor_ids[2])
        yield from self._make(IN_COMMUNITY, _without(community, branch))
        subdistrict = self._below(building.ancestor_ids[1])
        yield from self._make(IN_SUBDISTRICT, _without(subdistrict, community))
        outside = _without(self.homes, subdistrict)
        yield from self._make(OUTSIDER, self._of_branch(self.reference.branches()[0]))
        for start in (0, 7, 19):
            yield from self._make(ELSEWHERE, outside[start::31])
        yield from self._restricted(community)

    def _make(self, situations: Sequence[Situation], areas: list[Area]) -> Iterator[SampleCase]:
        now = self.builder.now
        for number, situation in enumerate(situations):
            rotated = areas[number * 5 % len(areas) :] + areas[: number * 5 % len(areas)]
            codes = [
                situation.codes[(number + i) % len(situation.codes)]
                for i in range(len(situation.codes))
            ]
            sample_case = self.builder.find(
                rotated, codes, situation.profile, partial(situation.fits, now)
            )
            if sample_case is not None:
                yield sample_case

    def _restricted(self, areas: list[Area]) -> Iterator[SampleCase]:
        """Yield two accusations for the city's channel and two reports about an organisation."""
        now = self.builder.now
        for number, text in enumerate(report_text.ACCUSATION):
            yield self.builder.make(
                areas[number],
                now - dt.timedelta(days=2 + 30 * number, hours=3),
                report_text.Template("GV04", 0, "", text, "按程序核查", "已按程序核查并答复本人。"),
                OutcomeProfile(hold=Verb.ACCEPT if number == 0 else "", ending="silence"),
                channel=Channel.WEB,
                text=text,
            )
        for number, text in enumerate(report_text.ABOUT):
            place = areas[-1 - number]
            about = self.reference.route(place, self.builder.now.date()).organisation
            status = Status.SUBMITTED if number else Status.ACCEPTED
            situation = Situation(_held(Verb.ACCEPT), _at(status))
            sample_case = self.builder.find(
                [place],
                ["OT03"],
                situation.profile,
                partial(situation.fits, now),
                about=about,
                text=text,
            )
            if sample_case is not None:
                yield sample_case

    def _below(self, area_id: int) -> list[Area]:
        return [home for home in self.homes if area_id in home.ancestor_ids]

    def _branch_homes(self) -> list[Area]:
        day = self.builder.now.date()
        return self._of_branch(self.reference.route(self.building, day).organisation)

    def _of_group(self, homes: list[Area]) -> list[Area]:
        """Return the other places of the Party group of building 46."""
        day = self.builder.now.date()
        group = self.reference.route(self.building, day).group
        return [
            home
            for home in homes
            if home.pk != self.building.pk and self.reference.route(home, day).group == group
        ]

    def _of_branch(self, branch: Organisation) -> list[Area]:
        if branch.level != OrgLevel.BRANCH:
            return [self.building]
        day = self.builder.now.date()
        near = [home for home in self.homes if branch.area_id in home.ancestor_ids]
        return [
            home for home in near if self.reference.route(home, day).organisation.pk == branch.pk
        ]
