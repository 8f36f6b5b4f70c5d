"""Write many transitions of the deadline sweep at once, in few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from django.db import transaction

from petitions import tasks
from petitions.models import Deadline, Escalation, Event, Petition
from petitions.workflow.transitions import Transition, close_deadlines

CHANGED = (
    *("version", "status", "supervisor", "level", "is_answer_owed"),
    *("closed_at", "closed_by"),
)
"""What a step of the clock may change on a case."""


def finish(steps: Sequence[Transition]) -> None:
    """Write limits, cases and events of steps that the clock took; wake the announcer on commit.

    Only for steps without words and photos that leave the limits of the handling side as they are.
    All cases must be locked.
    """
    if not steps:
        return
    petitions = [change.petition for change in steps]
    for petition in petitions:
        petition.version += 1
    _end_limits(steps)
    Petition.objects.bulk_update(petitions, CHANGED)
    Deadline.objects.bulk_create([row for change in steps for row in change.started])
    Escalation.objects.bulk_create([change.raised for change in steps if change.raised])
    events = Event.objects.bulk_create([change.event_row() for change in steps])
    transaction.on_commit(partial(tasks.notify_workers, [event.pk for event in events]))


def _end_limits(steps: Sequence[Transition]) -> None:
    """End the limits of all cases in which the same limits end, by one statement."""
    alike: dict[tuple[tuple[str, tuple[str, ...]], ...], list[Transition]] = defaultdict(list)
    for change in steps:
        ends = tuple((state, tuple(sorted(kinds))) for state, kinds in sorted(change.ended.items()))
        if ends:
            alike[ends].append(change)
    for same in alike.values():
        close_deadlines([change.petition.pk for change in same], same[0].ended, same[0].now)
