"""How cases go: a script of steps for each temper, cut off where the present is reached."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from branches.enums import OrgLevel
from grids.calendar import calendars
from grids.enums import Level
from petitions.enums import AnswerKind, ClosedBy, DeadlineKind, DoorResult, Outcome, Status, Verb
from petitions.models import Deadline, Escalation
from petitions.rules import service_terms
from petitions.rules.service_terms import ServiceTerms
from petitions.sample import acts, report_text
from petitions.sample.outcome_profiles import OutcomeProfile, department_for
from petitions.sample.simulator import SimulatedCase
from petitions.states import FINAL, IN_HAND

WORKING_DAY = dt.timedelta(hours=8)


class Reached(Exception):
    """The present, the end of the case, or the step it is held at is reached."""


class Scenario:
    """Plays one case from its filing to its end or to the present."""

    def __init__(
        self,
        walk: SimulatedCase,
        temper: OutcomeProfile,
        template: report_text.Template,
        answer: str,
        rng: random.Random,
        now: dt.datetime,
    ) -> None:
        """Set the stage; nothing has happened yet but the report."""
        self.walk = walk
        self.temper = temper
        self.template = template
        self.answer = answer
        self.rng = rng
        self.now = now
        self.calendar = calendars.for_path(walk.petition.path)
        self._replies: dict[int, dt.datetime | None] = {}

    @property
    def terms(self) -> ServiceTerms:
        """The service terms of the case."""
        return service_terms.for_petition(self.walk.petition)

    def play(self) -> SimulatedCase:
        """Play the script, then let the clock run up to the present."""
        acts.file(self.walk)
        scripts: dict[str, Callable[[], None]] = {
            "handle": self._handle,
            "refuse": self._refuse,
            "redirect": self._redirect,
            "withdraw": self._withdraw,
            "return": self._return,
            "escalate": self._escalate,
            "neglect": self._neglect,
        }
        try:
            if self.temper.hold != Verb.FILE:
                scripts[self.temper.path]()
        except Reached:
            pass
        self._clock(self.now)
        return self.walk

    def act(self, at: dt.datetime, verb: Callable[..., None], *args: Any, **named: Any) -> None:
        """Take one step at an instant, unless the present or the end comes first."""
        if at > self.now:
            raise Reached
        self._clock(at)
        if self.walk.status in FINAL and verb not in (acts.rate, acts.reopen):
            raise Reached
        verb(self.walk, max(at, self.walk.at), *args, **named)
        if self.walk.events[-1].verb == self.temper.hold:
            raise Reached

    def after(self, start: dt.datetime, kind: DeadlineKind, share: float) -> dt.datetime:
        """Return the instant when a share of a limit is used, a little unpunctually."""
        redo = self.walk.petition.round > 0
        amount = self.terms.allowed(kind, is_redo=redo) * share
        amount += dt.timedelta(seconds=self.rng.randrange(600))
        if self.terms.is_round_the_clock and kind != DeadlineKind.CONFIRMATION:
            return start + amount
        return self.calendar.add(start, amount).at

    def between(self, start: dt.datetime, end: dt.datetime, share: float) -> dt.datetime:
        """Return an instant between two others, in office hours where the standard keeps them."""
        at = start + (end - start) * share
        if not self.terms.is_round_the_clock:
            at = self.calendar.next_opening(at)
        return min(at, end)

    # --- the clock, and the level above ---------------------------------------------------------

    def _clock(self, until: dt.datetime) -> None:
        """Let the clock and the supervising organisations act up to an instant."""
        while True:
            tick, reply = self.walk.next_tick(), self._reply_at()
            moments = [at for at in (tick[0] if tick else None, reply) if at and at <= until]
            if not moments:
                return
            if reply is not None and reply == min(moments):
                self._reply(reply)
            else:
                self.walk.tick()

    def _reply_at(self) -> dt.datetime | None:
        row = self.walk.unanswered()
        if row is None:
            return None
        if id(row) not in self._replies:
            self._replies[id(row)] = self._chosen_reply(row)
        at = self._replies[id(row)]
        return max(at, self.walk.at) if at else None

    def _chosen_reply(self, row: Escalation) -> dt.datetime | None:
        if self.rng.random() > self.temper.answers:
            return None
        return self.after(row.created_at, DeadlineKind.ANSWER, self.rng.uniform(0.1, 0.95))

    def _reply(self, at: dt.datetime) -> None:
        kind = (
            self.temper.answer_kind
            or self.rng.choices(list(report_text.ANSWERS), weights=(30, 25, 15, 8, 22))[0]
        )
        if kind == AnswerKind.EXTEND and self.walk.status not in IN_HAND:
            kind = AnswerKind.RESOURCES
        department = extension = None
        if kind == AnswerKind.DEPARTMENT:
            department = self.walk.ground.department(department_for(self.template.code))
        if kind == AnswerKind.EXTEND:
            extension = WORKING_DAY * self.rng.choice((2, 3, 5))
        acts.answer(self.walk, at, kind, report_text.ANSWERS[kind], department, extension)

    # --- scripts --------------------------------------------------------------------------------

    def _handle(self) -> None:
        self._accept()
        self._work_and_resolve(self.temper.resolve)
        self._ending(self.temper.ending)

    def _accept(self) -> None:
        self.act(self.after(self.walk.at, DeadlineKind.CONTACT, self.temper.accept), acts.accept)

    def _refuse(self) -> None:
        at = self.after(self.walk.at, DeadlineKind.CONTACT, min(self.temper.accept, 0.9))
        self.act(at, acts.refuse, Verb.DECLINE, self.rng.choice(report_text.DECLINE))

    def _redirect(self) -> None:
        if not self.template.code.startswith(report_text.STATUTORY):
            self._handle()
            return
        at = self.after(self.walk.at, DeadlineKind.CONTACT, min(self.temper.accept, 0.9))
        self.act(at, acts.refuse, Verb.REDIRECT, self.rng.choice(report_text.REDIRECT))

    def _withdraw(self) -> None:
        filed = self.walk.at
        if self.rng.random() < 0.7:
            self._accept()
        at = self.after(filed, DeadlineKind.RESOLUTION, self.rng.uniform(0.2, 0.6))
        self.act(max(at, self.walk.at), acts.withdraw, self.rng.choice(report_text.WITHDRAW))

    def _return(self) -> None:
        filed = self.walk.at
        organisation = self.walk.petition.organisation
        others = self.walk.ground.siblings(organisation)
        if organisation.level != OrgLevel.BRANCH or not others:
            self._handle()
            return
        target = self.rng.choice(others)
        at = self.after(filed, DeadlineKind.CONTACT, min(self.temper.accept, 0.9))
        self.act(at, acts.return_, self.rng.choice(report_text.RETURN), target)
        at = self.after(at, DeadlineKind.CONTACT, self.rng.uniform(0.1, 0.6))
        self.act(at, acts.reassign, target, report_text.REASSIGN[0])
        self._handle()

    def _escalate(self) -> None:
        self._accept()
        self._start()
        self._ask_above()
        self._work_and_resolve(self.temper.resolve)
        self._ending(self.temper.ending)

    def _ask_above(self) -> None:
        at = self.after(self.walk.at, DeadlineKind.CONTACT, self.rng.uniform(0.1, 0.5))
        self.act(at, acts.escalate, self.rng.choice(report_text.ESCALATE))

    def _neglect(self) -> None:
        """Nobody takes the case on until it has climbed; in the end it is done all the same."""
        self.temper = replace(self.temper, accept=self.rng.uniform(2.2, 4.0))
        self._handle()

    # --- pieces of scripts ----------------------------------------------------------------------

    def _start(self) -> None:
        at = self.after(self.walk.at, DeadlineKind.CONTACT, self.rng.uniform(0.05, 0.4))
        self.act(at, acts.start)

    def _work_and_resolve(self, share: float) -> None:
        """Do the work between now and the moment of the answer, which is a share of the limit."""
        begun = self.walk.at
        limit = self._limit()
        end = max(self.after(limit.started_at, DeadlineKind.RESOLUTION, share), begun)
        for index, step in enumerate(self._work(), start=1):
            step(self.between(begun, end, index / 6))
        outcome = self.temper.outcome
        answer = report_text.OTHER_ANSWERS.get(outcome, self.answer)
        if self.walk.petition.round:
            answer = report_text.AGAIN + answer
        self.act(end, acts.resolve, outcome, self.template.cause, answer)

    def _limit(self) -> Deadline:
        rows = [row for row in self.walk.deadlines if row.kind == DeadlineKind.RESOLUTION]
        return rows[-1]

    def _work(self) -> list[Callable[[dt.datetime], None]]:
        """Choose what is done: hand over, go to the doors or start, say how it goes."""
        steps: list[Callable[[dt.datetime], None]] = []
        if self._group() is not None and self.rng.random() < 0.65:
            steps.append(self._dispatch)
        is_wide = self.template.code[:2] in report_text.BUILDING_WIDE
        at_building = self.walk.place.area.level == Level.BUILDING
        goes_round = is_wide and at_building and self.rng.random() < 0.6
        steps.append(self._visit if goes_round else self._begin)
        if self.rng.random() < 0.15:
            steps.append(self._reveal)
        if self.rng.random() < 0.35:
            steps.append(lambda at: self._note(at, is_public=True))
        if self.rng.random() < 0.3:
            steps.append(lambda at: self._note(at, is_public=False))
        return steps

    def _group(self) -> Any:
        case = self.walk.petition
        return case.group if case.organisation.level == OrgLevel.BRANCH else None

    def _dispatch(self, at: dt.datetime) -> None:
        group = self._group()
        people = self.walk.ground.members(group.pk)
        users = people if self.rng.random() < 0.5 else []
        self.act(at, acts.dispatch, group, users, self.rng.choice(report_text.DISPATCH))

    def _begin(self, at: dt.datetime) -> None:
        if self.walk.status != Status.IN_PROGRESS:
            self.act(at, acts.start)

    def _visit(self, at: dt.datetime) -> None:
        building = self.walk.place.area
        results = self._doors(0.75)
        self.act(at, acts.visit, building, results, self.rng.choice(report_text.AFTER_DOORS))

    def _doors(self, share: float) -> dict[acts.Door, DoorResult]:
        building, entrance = self.walk.place.area, 1
        if (building.entrances or 1) > 1:
            entrance = self.rng.randint(1, building.entrances or 1)
        return {
            (entrance, floor, number): report_text.door(self.rng)
            for floor in range(1, (building.floors or 1) + 1)
            for number in range(1, (building.doors_per_floor or 1) + 1)
            if self.rng.random() < share
        } or {(entrance, 1, 1): DoorResult.AFFECTED}

    def _reveal(self, at: dt.datetime) -> None:
        if self.walk.has_contact:
            self.act(at, acts.reveal, self.rng.choice(report_text.REVEAL))

    def _note(self, at: dt.datetime, *, is_public: bool) -> None:
        words = self.rng.choice(report_text.PROGRESS if is_public else report_text.INTERNAL)
        self.act(at, acts.note, words, is_public=is_public)

    # --- the resident's word --------------------------------------------------------------------

    def _ending(self, ending: str) -> None:
        asked = self.walk.at
        at = self.after(asked, DeadlineKind.CONFIRMATION, self.rng.triangular(0.02, 0.95, 0.2))
        if ending == "silence":
            return
        if ending in ("no", "partly", "twice"):
            self._dispute(at, ending)
        elif ending == "follow_up":
            late = self.after(asked, DeadlineKind.CONFIRMATION, 0.9)
            self.act(late, self._close_after_call)
        else:
            stars = self._stars() if self.rng.random() < 0.8 else None
            self.act(at, acts.confirm, stars, by_phone=ending == "phone")
            if ending == "again":
                later = self.calendar.next_opening(at + dt.timedelta(days=1, hours=3))
                self.act(later, acts.reopen, report_text.REOPEN[0])
                self._work_and_resolve(0.5)
                self._ending("phone")
            elif stars is None and self.rng.random() < 0.3:
                self.act(at + dt.timedelta(hours=5), acts.rate, self._stars())

    def _dispute(self, at: dt.datetime, ending: str) -> None:
        partly = ending == "partly"
        self.act(at, acts.dispute, self.rng.choice(report_text.DISPUTE), is_partly=partly)
        self._work_and_resolve(self.rng.uniform(0.3, 0.9))
        self._ending("no" if ending == "twice" else self.rng.choice(("yes", "phone", "silence")))

    def _close_after_call(self, walk: SimulatedCase, at: dt.datetime) -> None:
        event = walk.close(walk.coordinator(), at, ClosedBy.FOLLOW_UP)
        walk.say(event, report_text.FOLLOW_UP[0], is_public=False)

    def _stars(self) -> int:
        good = self.temper.outcome == Outcome.RESOLVED
        weights = (1, 2, 10, 32, 55) if good else (10, 18, 40, 22, 10)
        return self.rng.choices(range(1, 6), weights=weights)[0]
