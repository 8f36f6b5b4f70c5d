"""What the departments of the sample do with their tasks, and what becomes of handed-back ones."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from members.models import User
from petitions.enums import DeadlineKind, TaskState
from petitions.models import CaseTask
from petitions.rules import service_terms
from petitions.sample import report_text
from petitions.sample.outcome_profiles import OTHERWISE
from petitions.sample.sample_case import SampleCase
from petitions.workflow import task_verbs

FATES = ("done", "late", "silent", "not_possible", "hand_back", "cancel")
FATE_WEIGHTS = (50, 12, 8, 8, 12, 10)
DECIDES_AFTER = dt.timedelta(hours=2)  # how long after a task was handed back it is sent again

PlannedVerb = tuple[dt.datetime, User, Callable[..., Any], dict[str, Any]]


@dataclass(slots=True)
class Departments:
    """Plays the tasks of one case; its random numbers are its own and change no other step.

    `fate` is what becomes of a task: a word of `FATES`, or "acknowledged" or "handed_back" for one
    that stays so. Left out, it is drawn.
    """

    case: SampleCase
    fate: str = ""

    def next_act(self) -> PlannedVerb | None:
        """Return the next act: instant, actor, verb and arguments; None if there is none."""
        if not self.case.petition.is_running:
            return None
        acts = (self._next_act(task) for task in self.case.petition.case_tasks)
        return min((act for act in acts if act), key=lambda act: act[0], default=None)

    def _next_act(self, task: CaseTask) -> PlannedVerb | None:
        rng = random.Random(f"{self.case.petition.uuid}:{task.round}")
        fate = self.fate or rng.choices(FATES, FATE_WEIGHTS)[0]
        if task.round > 1:
            fate = "done"
        doer = self.case.reference.head(task.doer_id)
        orderer = self.case.reference.head(task.orderer_id)
        if task.state == TaskState.SENT and doer is not None:
            return self._after_sending(task, doer, fate, rng)
        if task.state == TaskState.ACKNOWLEDGED and fate == "cancel" and orderer is not None:
            reason = {"reason": report_text.TASK_CANCELLED}
            at = self._within(task, DeadlineKind.CONCLUDE, 0.4)
            return at, orderer, task_verbs.cancel, reason
        if task.state == TaskState.ACKNOWLEDGED and fate != "acknowledged" and doer is not None:
            return self._conclusion(task, doer, fate, rng)
        if task.state == TaskState.HANDED_BACK and fate != "handed_back" and orderer is not None:
            again = {
                "text": report_text.TASK_AGAIN,
                "department": self.case.reference.department(OTHERWISE),
            }
            return self.case.at + DECIDES_AFTER, orderer, task_verbs.send_again, again
        return None

    def _after_sending(
        self, task: CaseTask, doer: User, fate: str, rng: random.Random
    ) -> PlannedVerb | None:
        if fate == "silent":
            return None
        share = 1.6 if fate == "late" else rng.uniform(0.1, 0.9)
        at = self._within(task, DeadlineKind.ACKNOWLEDGE, share)
        if fate in ("hand_back", "handed_back"):
            return at, doer, task_verbs.hand_back, {"reason": report_text.TASK_HANDED_BACK}
        return at, doer, task_verbs.acknowledge, {}

    def _conclusion(self, task: CaseTask, doer: User, fate: str, rng: random.Random) -> PlannedVerb:
        share = 1.3 if fate == "late" else rng.uniform(0.3, 0.9)
        is_possible = fate != "not_possible"
        result = {
            "outcome": TaskState.DONE if is_possible else TaskState.NOT_POSSIBLE,
            "text": report_text.TASK_DONE if is_possible else report_text.TASK_NOT_POSSIBLE,
        }
        at = self._within(task, DeadlineKind.CONCLUDE, share)
        return at, doer, task_verbs.conclude, result

    def _within(self, task: CaseTask, kind: DeadlineKind, share: float) -> dt.datetime:
        """Return when a share of the time of a deadline of the task is used."""
        terms = service_terms.for_petition(self.case.petition)
        amount = terms.allowed(kind) * share
        calendar = terms.calendar_for(kind)
        at = task.sent_at + amount if calendar is None else calendar.add(task.sent_at, amount).at
        return max(at, self.case.at)
