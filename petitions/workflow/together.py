"""Many steps of the clock written at once: the same rows as one by one, in a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from django.db import transaction

from petitions import tasks
from petitions.models import Deadline, Escalation, Event, Petition
from petitions.workflow.engine import Step, settle

CHANGED = (
    *("version", "status", "supervisor", "level", "is_answer_owed"),
    *("closed_at", "closed_by"),
)
"""What a step of the clock may change on a case."""


def finish(steps: Sequence[Step]) -> None:
    """Write limits, cases and events of steps that the clock took; wake the announcer on commit.

    Only for steps without words and photos that leave the limits of the handling side as they are.
    All cases must be locked.
    """
    if not steps:
        return
    petitions = [one.petition for one in steps]
    for petition in petitions:
        petition.version += 1
    _end_limits(steps)
    Petition.objects.bulk_update(petitions, CHANGED)
    Deadline.objects.bulk_create([row for one in steps for row in one.started])
    Escalation.objects.bulk_create([one.raised for one in steps if one.raised])
    events = Event.objects.bulk_create([one.event_row() for one in steps])
    transaction.on_commit(partial(tasks.wake, [event.pk for event in events]))


def _end_limits(steps: Sequence[Step]) -> None:
    """End the limits of all cases in which the same limits end, by one statement."""
    alike: dict[tuple[tuple[str, tuple[str, ...]], ...], list[Step]] = defaultdict(list)
    for one in steps:
        ends = tuple((state, tuple(sorted(kinds))) for state, kinds in sorted(one.ended.items()))
        if ends:
            alike[ends].append(one)
    for same in alike.values():
        settle([one.petition.pk for one in same], same[0].ended, same[0].now)
