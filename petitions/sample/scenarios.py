"""Plays a case from its report to its end or to the present, as its outcome profile says."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from branches.enums import OrgLevel
from branches.models import Organisation
from grids.enums import Level
from members.models import User
from petitions.actors import Petitioner
from petitions.enums import AnswerKind, DeadlineKind, DoorResult, Outcome, Status, Verb
from petitions.rules import service_terms
from petitions.rules.service_terms import ServiceTerms
from petitions.sample import report_text
from petitions.sample.departments import Departments
from petitions.sample.outcome_profiles import OutcomeProfile, department_for
from petitions.sample.sample_case import SampleCase
from petitions.workflow import contact, escalation, handling, rerouting, resolution

AFTER_THE_END = (resolution.rate, resolution.reopen)
Door = tuple[int, int, int]


class Stopped(Exception):
    """The present or the end of the case is reached, the profile holds it, or nobody can act."""


class Scenario:
    """Plays one case from its report to its end or to the present."""

    def __init__(
        self,
        case: SampleCase,
        profile: OutcomeProfile,
        template: report_text.Template,
        answer: str,
        rng: random.Random,
        now: dt.datetime,
    ) -> None:
        """Prepare a submitted case; `answer` is what the resident will be told."""
        self.case = case
        self.profile = profile
        self.template = template
        self.answer = answer
        self.rng = rng
        self.now = now
        self.terms: ServiceTerms = service_terms.for_petition(case.petition)
        self.departments = Departments(case, profile.task)
        self._replies: dict[dt.datetime, dt.datetime | None] = {}

    def play(self) -> SampleCase:
        """Play the path of the profile, then let time run up to the present."""
        paths: dict[str, Callable[[], None]] = {
            "handle": self._handle,
            "refuse": self._refuse,
            "redirect": self._redirect,
            "withdraw": self._withdraw,
            "return": self._return,
            "escalate": self._escalate,
            "neglect": self._neglect,
        }
        try:
            if self.profile.hold != Verb.FILE:
                paths[self.profile.path]()
        except Stopped:
            pass
        self._pass_time(self.now)
        return self.case

    def act(
        self,
        at: dt.datetime,
        verb: Callable[..., Any],
        by: Callable[[], User | Petitioner | None],
        **arguments: Any,
    ) -> None:
        """Call a verb at an instant; raise Stopped if the present or the end comes first.

        `by` finds the actor at that instant.
        """
        if at > self.now:
            raise Stopped
        self._pass_time(at)
        actor = by()
        if actor is None or not (self.case.petition.is_open or verb in AFTER_THE_END):
            raise Stopped
        self.case.play(verb, max(at, self.case.at), actor, **arguments)
        if self.case.transitions[-1].verb == self.profile.hold:
            raise Stopped

    def after(self, start: dt.datetime, kind: DeadlineKind, share: float) -> dt.datetime:
        """Return when a share of a deadline's time is used, plus up to ten minutes."""
        redo = self.case.petition.round > 0
        amount = self.terms.allowed(kind, is_redo=redo) * share
        amount += dt.timedelta(seconds=self.rng.randrange(600))
        calendar = self.terms.calendar_for(kind)
        return calendar.add(start, amount).at if calendar else start + amount

    def between(self, start: dt.datetime, end: dt.datetime, share: float) -> dt.datetime:
        """Return an instant between two others, in office hours where the standard keeps them."""
        at = start + (end - start) * share
        if not self.terms.is_round_the_clock:
            at = self.terms.calendar.next_opening(at)
        return min(at, end)

    # --- The deadline sweep, the level above, and the departments --------------------------------

    def _pass_time(self, until: dt.datetime) -> None:
        """Let the deadline sweep, the supervisors and the departments act up to an instant."""
        while True:
            sweep, reply = self.case.next_sweep(), self._reply_at()
            task = self.departments.next_act()
            planned = (sweep[0] if sweep else None, reply, task[0] if task else None)
            instants = [at for at in planned if at and at <= until]
            if not instants:
                return
            if reply is not None and reply == min(instants):
                self._reply(reply)
            elif task is not None and task[0] == min(instants):
                at, by, verb, arguments = task
                self.case.play(verb, at, by, **arguments)
            else:
                self.case.sweep()

    def _reply_at(self) -> dt.datetime | None:
        """Return when the supervising organisation answers; None if it does not."""
        since = self.case.answer_owed_since()
        if since is None or self.case.supervisor() is None:
            return None
        if since not in self._replies:
            self._replies[since] = self._chosen_reply(since)
        at = self._replies[since]
        return max(at, self.case.at) if at else None

    def _chosen_reply(self, since: dt.datetime) -> dt.datetime | None:
        if self.rng.random() > self.profile.answers:
            return None
        return self.after(since, DeadlineKind.ANSWER, self.rng.uniform(0.1, 0.95))

    def _reply(self, at: dt.datetime) -> None:
        supervisor = self.case.supervisor()
        if supervisor is None:
            return
        kind = (
            self.profile.answer_kind
            or self.rng.choices(list(report_text.ANSWERS), weights=(30, 25, 15, 8, 22))[0]
        )
        if kind == AnswerKind.EXTEND and not self.case.petition.accepted_at:
            kind = AnswerKind.RESOURCES
        department = extension = None
        if kind == AnswerKind.DEPARTMENT:
            department = self.case.reference.department(department_for(self.template.code))
        if department is not None and self.case.petition.case_tasks:  # one task in a case
            kind, department = AnswerKind.RESOURCES, None
        if kind == AnswerKind.EXTEND:
            extension = self.case.shortest_extension(at, self.rng.choice((2, 3, 5)))
        self.case.play(
            escalation.answer,
            at,
            supervisor,
            kind=kind,
            text=report_text.ANSWERS[kind],
            department=department,
            extension=extension,
        )

    # --- Paths -----------------------------------------------------------------------------------

    def _handle(self) -> None:
        self._accept()
        self._work_and_resolve(self.profile.resolve)
        self._ending(self.profile.ending)

    def _accept(self) -> None:
        self.act(
            self.after(self.case.at, DeadlineKind.CONTACT, self.profile.accept),
            handling.accept,
            self.case.handler,
        )

    def _refuse(self) -> None:
        at = self.after(self.case.at, DeadlineKind.CONTACT, min(self.profile.accept, 0.9))
        self.act(
            at, handling.decline, self.case.handler, reason=self.rng.choice(report_text.DECLINE)
        )

    def _redirect(self) -> None:
        if not self.template.code.startswith(report_text.STATUTORY):
            self._handle()
            return
        at = self.after(self.case.at, DeadlineKind.CONTACT, min(self.profile.accept, 0.9))
        self.act(
            at, handling.redirect, self.case.handler, reason=self.rng.choice(report_text.REDIRECT)
        )

    def _withdraw(self) -> None:
        filed = self.case.at
        if self.rng.random() < 0.7:
            self._accept()
        at = self.after(filed, DeadlineKind.RESOLUTION, self.rng.uniform(0.2, 0.6))
        self.act(
            max(at, self.case.at),
            resolution.withdraw,
            partial(self.case.spokesperson, Verb.WITHDRAW),
            reason=self.rng.choice(report_text.WITHDRAW),
        )

    def _return(self) -> None:
        filed = self.case.at
        organisation = self.case.petition.organisation
        others = self.case.reference.siblings(organisation)
        if organisation.level != OrgLevel.BRANCH or not others:
            self._handle()
            return
        target = self.rng.choice(others)
        at = self.after(filed, DeadlineKind.CONTACT, min(self.profile.accept, 0.9))
        self.act(
            at,
            rerouting.return_,
            self.case.handler,
            reason=self.rng.choice(report_text.RETURN),
            proposed=target,
        )
        at = self.after(at, DeadlineKind.ARBITRATION, self.rng.uniform(0.1, 1.2))
        self.act(
            at,
            rerouting.reassign,
            self.case.arbiter,
            organisation=target,
            reason=report_text.REASSIGN[0],
        )
        self._handle()

    def _escalate(self) -> None:
        self._accept()
        self._start()
        self._ask_above()
        self._work_and_resolve(self.profile.resolve)
        self._ending(self.profile.ending)

    def _ask_above(self) -> None:
        at = self.after(self.case.at, DeadlineKind.CONTACT, self.rng.uniform(0.1, 0.5))
        reason = self.rng.choice(report_text.ESCALATE)
        self._pass_time(min(at, self.now))
        if self.case.may_ask_above():
            self.act(at, escalation.escalate, self.case.handler, reason=reason)

    def _neglect(self) -> None:
        """The case is accepted only after it has escalated, and then handled as usual."""
        self.profile = replace(self.profile, accept=self.rng.uniform(2.2, 4.0))
        self._handle()

    # --- Parts of paths --------------------------------------------------------------------------

    def _start(self) -> None:
        at = self.after(self.case.at, DeadlineKind.CONTACT, self.rng.uniform(0.05, 0.4))
        self.act(at, handling.start, self.case.assignee)

    def _work_and_resolve(self, share: float) -> None:
        """Do the work between now and the moment of the answer, which is a share of the limit."""
        begun = self.case.at
        started = self.case.resolution_started_at()
        end = max(self.after(started, DeadlineKind.RESOLUTION, share), begun)
        for index, step in enumerate(self._work(), start=1):
            step(self.between(begun, end, index / 6))
        outcome = self.profile.outcome
        answer = report_text.OTHER_ANSWERS.get(outcome, self.answer)
        if self.case.petition.round:
            answer = report_text.AGAIN + answer
        self.act(
            end,
            resolution.resolve,
            self.case.handler,
            outcome=outcome,
            cause=self.template.cause,
            public_answer=answer,
        )

    def _work(self) -> list[Callable[[dt.datetime], None]]:
        """Choose what is done: hand over, go to the doors or start, say how it goes."""
        steps: list[Callable[[dt.datetime], None]] = []
        if self._group() is not None and self.rng.random() < 0.65:
            steps.append(self._dispatch)
        is_wide = self.template.code[:2] in report_text.BUILDING_WIDE
        at_building = self.case.chain.area.level == Level.BUILDING
        goes_round = is_wide and at_building and self.rng.random() < 0.6
        steps.append(self._visit if goes_round else self._begin)
        if self.rng.random() < 0.15:
            steps.append(self._reveal)
        if self.rng.random() < 0.35:
            steps.append(lambda at: self._note(at, is_public=True))
        if self.rng.random() < 0.3:
            steps.append(lambda at: self._note(at, is_public=False))
        return steps

    def _group(self) -> Organisation | None:
        case = self.case.petition
        return case.group if case.organisation.level == OrgLevel.BRANCH else None

    def _dispatch(self, at: dt.datetime) -> None:
        if (group := self._group()) is None:
            return
        people = self.case.reference.members(group.pk)
        users = people if self.rng.random() < 0.5 else []
        self.act(
            at,
            handling.dispatch,
            self.case.handler,
            group=group,
            users=users,
            instruction=self.rng.choice(report_text.DISPATCH),
        )

    def _begin(self, at: dt.datetime) -> None:
        if self.case.petition.status != Status.IN_PROGRESS:
            self.act(at, handling.start, self.case.assignee)

    def _visit(self, at: dt.datetime) -> None:
        building = self.case.chain.area
        results = self._doors(0.75)
        self.act(
            at,
            handling.visit,
            self.case.assignee,
            building=building,
            results=results,
            remark=self.rng.choice(report_text.AFTER_DOORS),
        )

    def _doors(self, share: float) -> dict[Door, DoorResult]:
        building, entrance = self.case.chain.area, 1
        if (building.entrances or 1) > 1:
            entrance = self.rng.randint(1, building.entrances or 1)
        return {
            (entrance, floor, number): report_text.door(self.rng)
            for floor in range(1, (building.floors or 1) + 1)
            for number in range(1, (building.doors_per_floor or 1) + 1)
            if self.rng.random() < share
        } or {(entrance, 1, 1): DoorResult.AFFECTED}

    def _reveal(self, at: dt.datetime) -> None:
        if self.case.has_contact and self.case.revealer() is not None:
            reason = self.rng.choice(report_text.REVEAL)
            self.act(at, contact.reveal, self.case.revealer, reason=reason)

    def _note(self, at: dt.datetime, *, is_public: bool) -> None:
        words = self.rng.choice(report_text.PROGRESS if is_public else report_text.INTERNAL)
        self.act(at, handling.note, self.case.assignee, body=words, is_public=is_public)

    # --- What the resident says ------------------------------------------------------------------

    def _ending(self, ending: str) -> None:
        asked = self.case.at
        at = self.after(asked, DeadlineKind.CONFIRMATION, self.rng.triangular(0.02, 0.95, 0.2))
        if ending == "silence":
            return
        if ending in ("no", "partly", "twice"):
            self._dispute(at, ending)
        elif ending == "follow_up":
            late = self.after(asked, DeadlineKind.CONFIRMATION, 0.9)
            self.act(
                late,
                resolution.close,
                partial(self.case.follow_up_caller, Verb.CLOSE),
                reason=report_text.FOLLOW_UP[0],
            )
        else:
            stars = self._stars() if self.rng.random() < 0.8 else None
            find: Callable[[Verb], User | Petitioner | None] = (
                self.case.follow_up_caller if ending == "phone" else self.case.spokesperson
            )
            self.act(at, resolution.confirm, partial(find, Verb.CONFIRM), rating=stars)
            if ending == "again":
                later = self.terms.calendar.next_opening(at + dt.timedelta(days=1, hours=3))
                reason = report_text.REOPEN[0]
                caller = partial(self.case.follow_up_caller, Verb.REOPEN)
                self.act(later, resolution.reopen, caller, reason=reason)
                self._work_and_resolve(0.5)
                self._ending("phone")
            elif stars is None and self.rng.random() < 0.3 and self.case.may_rate():
                later = at + dt.timedelta(hours=5)
                self.act(later, resolution.rate, self.case.petitioner, rating=self._stars())

    def _dispute(self, at: dt.datetime, ending: str) -> None:
        partly = ending == "partly"
        reason = self.rng.choice(report_text.DISPUTE)
        self.act(at, resolution.dispute, self.case.petitioner, reason=reason, is_partly=partly)
        self._work_and_resolve(self.rng.uniform(0.3, 0.9))
        self._ending("no" if ending == "twice" else self.rng.choice(("yes", "phone", "silence")))

    def _stars(self) -> int:
        good = self.profile.outcome == Outcome.RESOLVED
        weights = (1, 2, 10, 32, 55) if good else (10, 18, 40, 22, 10)
        return self.rng.choices(range(1, 6), weights=weights)[0]
