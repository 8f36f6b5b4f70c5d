"""Property of every sentence about what comes next, over random walks through all states.

The sentence names a body with an open verb, and the time of a deadline that is owed, in its unit;
for every reader. `SENTENCES=full` (`make sentences`) plays enough walks for 10,000 cases.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from config.lib import durations
from grids import workflow
from members.models import User
from petitions.enums import (
    STAFF_DEADLINES,
    STATUSES,
    TASK_DEADLINES,
    DeadlineKind,
    DeadlineState,
    Status,
    TaskState,
    Verb,
)
from petitions.models import Deadline
from petitions.rules import duties, promises, service_terms, staff_lines
from petitions.rules.duties import Duty
from petitions.rules.staff_lines import StaffLine
from petitions.sample.sample_case import SampleCase
from petitions.states import FINAL
from tests.support.case_walks import Walker, can_perform
from tests.support.cast import Stage

IS_FULL = os.environ.get("SENTENCES") == "full"
WALKS = 2_000 if IS_FULL else 40
CASES = 10_000 if IS_FULL else 250
HOLIDAYS = ("2026-01-01", "2026-10-01", "2026-10-02")


@pytest.fixture
def walker(stage: Stage) -> Walker:
    """A walker in a town whose calendar of 2026 is known and that of 2027 is not."""
    rows = [
        {"date": day, "kind": "holiday", "is_workday": "false", "name": "节日"} for day in HOLIDAYS
    ]
    workflow.import_calendar(region=stage.town.areas["city"], rows=rows, source="通知")
    return Walker.of(stage)


class Sentences:
    """Checks everything that is said about one case at one moment."""

    def __init__(self, walker: Walker, case: SampleCase, now: dt.datetime) -> None:
        self.case, self.petition, self.now = case, case.petition, now
        self.owed: list[Deadline] = [row for row in case.store.deadlines if row.settled_at is None]
        self.people = [by for by in walker.actors(case, now) if isinstance(by, User)]
        self.duties = duties.duties(self.petition, self.owed, now)
        self.task_duties = duties.task_duties(self.petition, self.owed, now)

    def faults(self) -> Iterator[str]:
        """Yield what is wrong; the text begins with the state of the case."""
        where = f"{self.petition.status} {[str(row.kind) for row in self.owed]} "
        for text in (*self._resident(), *self._staff(), *self._tasks(), *self._rows()):
            yield where + text

    def _resident(self) -> Iterator[str]:
        for is_joined in (False, True):
            said = promises.promise(self.petition, self.now, self.owed, is_joined=is_joined)
            if self.petition.status in FINAL:
                if said.state != "met" or said.duty is not None or self.owed:
                    yield f"ended, but {said}"
                continue
            if said.duty is None:
                yield "no duty"
                continue
            yield from self._named(said.text, said.duty)
            yield from self._timed(said.text, said.duty, said.due_in)

    def _named(self, text: str, duty: Duty) -> Iterator[str]:
        """The body is named, and somebody of it has a verb now."""
        if duty.organisation is None:
            if not can_perform(Verb.CONFIRM, self.petition, self.case.petitioner()):
                yield "the resident cannot answer"
            return
        if duty.organisation.short_name not in text:
            yield f"{duty.organisation.short_name} not in {text}"
        if not any(self._has_verb(duty, user) for user in self.people):
            yield f"nobody of {duty.organisation.short_name} can do {duty.rule.verbs}"

    def _has_verb(self, duty: Duty, user: User) -> bool:
        organisation = duty.organisation
        assert organisation is not None
        belongs = any(organisation.pk == post.organisation_id for post in user.scope.posts)
        return belongs and any(can_perform(v, self.petition, user) for v in duty.rule.verbs)

    def _timed(self, text: str, duty: Duty, left: str) -> Iterator[str]:
        """The time is that of an owed deadline, a running one if there is any, with its unit."""
        row = next((row for row in self.owed if row is duty.deadline), None)
        if row is None:
            yield "the deadline is not owed"
            return
        if durations.absolute(row.due_at, self.now) not in text:
            yield f"{row.due_at} not in {text}"
        running = [row for row in self.owed if row.state == DeadlineState.OPEN]
        if row.state != DeadlineState.OPEN and running and self.petition.status != Status.RETURNED:
            yield f"{row.kind} has passed, but {[str(row.kind) for row in running]} run"
        if left == "刚刚超期":  # names no length of time, so no unit
            if not dt.timedelta(0) <= self.now - row.due_at < dt.timedelta(minutes=1):
                yield f"not in the first minute: {left}"
            return
        is_working = service_terms.for_petition(self.petition).calendar_for(row.kind) is not None
        if is_working is ("全天计时" in left):
            yield f"wrong unit: {left}"
        if not any(unit in left for unit in ("全天计时", "工作时间", "工作日", "下班时间")):
            yield f"no unit: {left}"

    def _staff(self) -> Iterator[str]:
        for reader in (*self.people, None):
            line = staff_lines.staff_line(self.petition, self.now, self.owed, reader)
            if line.duty is not None:
                yield from self._line(line, line.duty, reader)
            elif line.is_own and reader is not None:
                yield from self._decision(line, reader)
            elif self.petition.status not in FINAL:
                yield "no staff line"
        for duty in self.duties:
            if duty.kind in STAFF_DEADLINES and not self._is_somebodys(duty):
                yield f"{duty.kind} is nobody's own"

    def _decision(self, line: StaffLine, reader: User) -> Iterator[str]:
        """Without a deadline the reader decides on tasks that were handed back, and can."""
        doers = {
            task.doer.short_name
            for task in self.petition.case_tasks
            if task.state == TaskState.HANDED_BACK
        }
        if not any(name in line.text for name in doers):
            yield f"none of {doers} in {line.text}"
        if not can_perform(Verb.SEND_AGAIN, self.petition, reader):
            yield f"{reader.username} cannot do {line.text}"

    def _line(self, line: StaffLine, duty: Duty, reader: User | None) -> Iterator[str]:
        if durations.absolute(duty.due_at, self.now) not in line.text:
            yield f"no time in {line.text}"
        if reader is not None and line.is_own:
            if not any(can_perform(verb, self.petition, reader) for verb in duty.rule.verbs):
                yield f"{reader.username} cannot do {line.text}"
        elif duty.organisation and duty.organisation.short_name not in line.text:
            yield f"no body in {line.text}"

    def _tasks(self) -> Iterator[str]:
        """Each owed deadline of a task is the duty of its doer alone, who has a verb."""
        rows = [row for row in self.owed if row.kind in TASK_DEADLINES]
        if [row.organisation_id for row in rows] != [
            duty.organisation and duty.organisation.pk for duty in self.task_duties
        ]:
            yield "the deadlines of tasks are not those of their doers"
        for duty in self.task_duties:
            for user in self.people:
                is_doer = self._has_verb(duty, user)
                if is_doer != (duties.own_duty(self.petition, [duty], user) is duty):
                    yield f"{user.username} has {duty.kind} wrongly, or has it not"
            if not any(self._has_verb(duty, user) for user in self.people):
                yield f"nobody can do {duty.kind}"

    def _is_somebodys(self, duty: Duty) -> bool:
        return any(duties.own_duty(self.petition, [duty], user) for user in self.people)

    def _rows(self) -> Iterator[str]:
        """Lists, which know only the columns of the case, agree."""
        by_row = {row.kind: row for row in duties.duties_of_row(self.petition, self.now)}
        for duty in self.duties:
            if duty.kind == DeadlineKind.CONFIRMATION:
                continue
            row = by_row.get(duty.kind)
            if duty.kind in (DeadlineKind.ANSWER, DeadlineKind.ARBITRATION) and (
                row is None or row.deadline.due_at != duty.deadline.due_at
            ):
                yield f"the row has another {duty.kind}"
        first = min(
            (row.due_at for row in self.owed if row.kind in ("contact", "resolution")),
            default=None,
        )
        if first != self.petition.due_at:
            yield f"due_at {self.petition.due_at} is not {first}"


def test_every_sentence_names_a_body_with_a_verb_and_a_deadline(walker: Walker) -> None:
    faults: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    routes: set[tuple[str, str]] = set()
    tasks: Counter[str] = Counter()
    number = cases = 0
    while number < WALKS or cases < CASES:
        for case, now in walker.walk(number):
            cases += 1
            statuses[case.petition.status] += 1
            routes.add((case.petition.route.get("why", ""), case.petition.organisation.short_name))
            tasks.update(task.state for task in case.petition.case_tasks)
            faults.update(Sentences(walker, case, now).faults())
        number += 1
    assert not faults, faults.most_common(20)
    assert cases >= CASES
    if IS_FULL:
        assert set(statuses) == set(STATUSES)
        assert set(tasks) == set(TaskState)
        assert {why for why, _name in routes} == {
            *("place", "fallback", "about", "accusation", "reassigned"),
        }


def _wrong_body(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    wrong = stage.town.orgs["other"]
    monkeypatch.setattr(duties, "_organisation", lambda _petition, _rule: wrong)


def _wrong_time(monkeypatch: pytest.MonkeyPatch, _stage: Stage) -> None:
    absolute = durations.absolute
    later = dt.timedelta(hours=1)
    monkeypatch.setattr(durations, "absolute", lambda at, now: absolute(at + later, now))


def _wrong_unit(monkeypatch: pytest.MonkeyPatch, _stage: Stage) -> None:
    calendar_for = service_terms.ServiceTerms.calendar_for

    def swapped(terms: service_terms.ServiceTerms, kind: str) -> object:
        return None if calendar_for(terms, kind) else terms.calendar

    monkeypatch.setattr(service_terms.ServiceTerms, "calendar_for", swapped)


def _wrong_verbs(monkeypatch: pytest.MonkeyPatch, _stage: Stage) -> None:
    rules = tuple(replace(rule, verbs=(Verb.WITHDRAW,)) for rule in duties.DUTY_RULES)
    monkeypatch.setattr(duties, "DUTY_RULES", rules)


@pytest.mark.parametrize("plant", [_wrong_body, _wrong_time, _wrong_unit, _wrong_verbs])
def test_the_property_notices_a_planted_fault(
    walker: Walker,
    plant: Callable[[pytest.MonkeyPatch, Stage], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case, now = next(walker.walk(1))
    checked = Sentences(walker, case, now)
    assert not list(checked.faults())
    with monkeypatch.context() as patch:
        plant(patch, walker.stage)
        planted = Sentences(walker, case, now)
        said = promises.promise(planted.petition, now, planted.owed)
    # The sentence comes from the planted fault, the check from the sound rules.
    assert said.duty is not None
    faults = [
        *checked._named(said.text, said.duty),
        *checked._timed(said.text, said.duty, said.due_in),
    ]
    assert faults
