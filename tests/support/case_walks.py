"""Random walks of cases in memory: any verb by anybody who may, and the deadline sweep."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from branches.models import Organisation
from members.models import User
from petitions import permissions
from petitions.actors import Petitioner
from petitions.enums import CONCLUDED_TASKS, AnswerKind, Channel, DoorResult, Outcome, Urgency, Verb
from petitions.models import Category, Contact, Petition
from petitions.rules.contacts import ContactDetails
from petitions.sample import sample_case
from petitions.sample.reference_data import ReferenceData
from petitions.sample.sample_case import SampleCase
from petitions.states import RULE_OF, TASK_SOURCES
from petitions.verbs.table import SPEC_OF
from petitions.workflow import case_store, provisional_deadlines, resolution
from petitions.workflow.submission import Report
from petitions.workflow.transitions import WorkflowError
from tests.support.cast import PHONE, Stage

TZ = timezone.get_default_timezone()
FIRST, LAST = dt.datetime(2026, 2, 2, tzinfo=TZ), dt.datetime(2027, 2, 2, tzinfo=TZ)
MAX_STEPS = 14
CONTACTS = (
    ContactDetails(),
    ContactDetails(name="示例居民"),
    ContactDetails(name="示例居民", phone=PHONE),
    ContactDetails(phone=PHONE, is_confidential=True),
)
ABOUT = (None, None, None, "group", "branch", "yingbin", "fuxin")
PLACES = ("b46", "b47", "b1", "yingbin")
RESIDENT_VERBS = {
    Verb.CONFIRM: resolution.confirm,
    Verb.DISPUTE: resolution.dispute,
    Verb.RATE: resolution.rate,
    Verb.REOPEN: resolution.reopen,
    Verb.WITHDRAW: resolution.withdraw,
}
STAYS = (Verb.NOTE, Verb.PHOTO, Verb.REVEAL, Verb.VISIT)
"""Verbs that a walk performs rarely: they change nothing that the sentences say."""


@dataclass(slots=True)
class Walker:
    """Plays walks on a stage; each walk has its own random numbers, by its serial."""

    stage: Stage
    reference: ReferenceData
    categories: dict[str, Category]

    @classmethod
    def of(cls, stage: Stage) -> Walker:
        """Read the stage once."""
        reference = ReferenceData(dt.date(2026, 6, 1))
        categories = {row.code: row for row in Category.objects.filter(parent__isnull=False)}
        return cls(stage, reference, categories)

    def walk(self, serial: int) -> Iterator[tuple[SampleCase, dt.datetime]]:
        """Yield a case after each of its changes, and a moment before the next one."""
        rng = random.Random(f"walk:{serial}")
        case = self._file(rng, serial)
        yield case, case.at
        for _step in range(rng.randrange(MAX_STEPS)):
            if not self._change(rng, case):
                return
            yield case, case.at
            if (turn := case.next_sweep()) is not None:
                yield case, case.at + (turn[0] - case.at) * rng.random()

    def _file(self, rng: random.Random, serial: int) -> SampleCase:
        at = FIRST + (LAST - FIRST) * rng.random()
        area = self.stage.town.areas[rng.choice(PLACES)]
        about = rng.choice(ABOUT)
        category = self.categories[rng.choice(("WS01", "WS05", "GS01", "GV04"))]
        report = Report(
            place=area,
            category=category,
            text="自来水发浑。",
            channel=Channel.WEB,
            notice_version="2026-01",
            urgency=rng.choice(list(Urgency)),
            contact=rng.choice(CONTACTS),
            about=self.stage.town.orgs[about] if about else None,
        )
        chain = self.reference.place(area, timezone.localdate(at))
        case = sample_case.submit(
            report, at, serial=serial, by=None, reference=self.reference, chain=chain
        )
        _attach(case.petition, case)
        return case

    def _change(self, rng: random.Random, case: SampleCase) -> bool:
        """Let one thing happen: the sweep, a calendar, or a verb; False if nothing can."""
        turn = case.next_sweep()
        if turn is not None and rng.random() < 0.35:
            case.sweep()
            _attach(case.petition, case)
            return True
        if rng.random() < 0.1 and self._reschedule(case):
            return True
        at = case.at + dt.timedelta(minutes=rng.choice((1, 30, 120, 600, 3000)))
        if turn is not None and at >= turn[0]:
            at = case.at + (turn[0] - case.at) * rng.random()
        choices = [
            (by, verb)
            for by in self.actors(case, at)
            for verb in permissions.allowed_verbs(case.petition, by)
            if verb not in STAYS or rng.random() < 0.1
        ]
        rng.shuffle(choices)
        if rng.random() < 0.5:  # tasks are rare, so what can happen to them comes first
            choices.sort(key=lambda choice: choice[1] not in TASK_SOURCES)
        return any(self._perform(rng, case, at, by, verb) for by, verb in choices)

    def actors(self, case: SampleCase, at: dt.datetime) -> list[User | Petitioner]:
        """Return everybody who could act on a case at an instant."""
        for user in self.stage.cast.values():
            self.reference.load_scope(user, at)
        return [case.petitioner(), *self.stage.cast.values()]

    def _perform(
        self,
        rng: random.Random,
        case: SampleCase,
        at: dt.datetime,
        by: User | Petitioner,
        verb: Verb,
    ) -> bool:
        function: Callable[..., Any] | None = SPEC_OF[verb].function
        if isinstance(by, Petitioner):
            function = RESIDENT_VERBS.get(verb)
        if function is None:
            return False
        raised = (change.raised for change in case.transitions)
        rows = [case.petition, *case.store.deadlines, *(row for row in raised if row is not None)]
        rows += case.petition.case_tasks
        before = [(row, dict(row.__dict__)) for row in rows]
        tasks = list(case.petition.case_tasks)
        try:
            case.play(function, at, by, **self._arguments(rng, case, verb))
        except WorkflowError:
            for row, values in before:  # a refused verb leaves no trace in the database either
                row.__dict__.clear()
                row.__dict__.update(values)
            case.petition.case_tasks[:] = tasks
            return False
        _attach(case.petition, case)
        return True

    def _arguments(self, rng: random.Random, case: SampleCase, verb: Verb) -> dict[str, Any]:
        orgs = self.stage.town.orgs
        group = case.petition.group or orgs["group"]
        arguments: dict[Verb, Callable[[], dict[str, Any]]] = {
            Verb.DISPATCH: lambda: {"group": group, "users": []},
            Verb.VISIT: lambda: {
                "building": self.stage.town.building,
                "results": {(1, 1, 1): DoorResult.AFFECTED},
            },
            Verb.NOTE: lambda: {"body": "记一笔"},
            Verb.PHOTO: lambda: {"photos": []},
            Verb.RATE: lambda: {"rating": rng.randint(1, 5)},
            Verb.RESOLVE: lambda: {
                "outcome": rng.choice(list(Outcome)),
                "cause": "老旧铁管",
                "public_answer": "已处理。",
            },
            Verb.REASSIGN: lambda: {
                "organisation": _other(rng, orgs, case.petition),
                "reason": "改派",
            },
            Verb.ANSWER: lambda: self._answer(rng, orgs),
            Verb.CONCLUDE: lambda: {"outcome": rng.choice(CONCLUDED_TASKS), "text": "已办"},
            Verb.SEND_AGAIN: lambda: {"text": "请再办"},
        }
        if verb in arguments:
            return arguments[verb]()
        takes_reason = verb in (
            *(Verb.DECLINE, Verb.REDIRECT, Verb.RETURN, Verb.ESCALATE, Verb.CLOSE),
            *(Verb.REOPEN, Verb.REVEAL, Verb.HAND_BACK, Verb.CANCEL),
        )
        return {"reason": "说明"} if takes_reason else {}

    def _answer(self, rng: random.Random, orgs: dict[str, Organisation]) -> dict[str, Any]:
        kind = rng.choice((*AnswerKind, *(AnswerKind.DEPARTMENT,) * 3))
        return {
            "kind": kind,
            "text": "答复",
            "department": orgs["water"] if kind == AnswerKind.DEPARTMENT else None,
            "extension": dt.timedelta(days=rng.randint(1, 20)),
        }

    def _reschedule(self, case: SampleCase) -> bool:
        """Let the calendar of the new year decide on provisional deadlines, if there is one."""
        rows = [row for row in case.store.open_deadlines() if row.is_provisional]
        before = len(case.transitions)
        with case_store.using(case.store):
            provisional_deadlines.reschedule_batch([(case.petition, row) for row in rows], case.at)
        _attach(case.petition, case)
        return len(case.transitions) > before


def _other(rng: random.Random, orgs: dict[str, Organisation], petition: Petition) -> Organisation:
    others = [row for row in orgs.values() if row.pk != petition.organisation_id]
    return rng.choice(others)


def _attach(petition: Petition, case: SampleCase) -> None:
    """Attach the contact of the case in memory, so that no rule asks the database for it."""
    rows = (row for row in case.transitions[0].attached if isinstance(row, Contact))
    petition._state.fields_cache["contact"] = next(rows, None)


def can_perform(verb: Verb, petition: Petition, user: User | Petitioner) -> bool:
    """Tell whether somebody may perform a verb now."""
    return bool(RULE_OF[verb].sources) and bool(permissions.may(verb, petition, user))
