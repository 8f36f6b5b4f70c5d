"""What organisations write to each other about a task is kept from the resident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from petitions.enums import TaskState
from petitions.models import Note, Petition
from petitions.workflow import task_verbs
from tests.support import task_steps
from tests.support.cast import Stage

WORDS = "立管在墙里"
Act = Callable[..., Petition]


@pytest.mark.parametrize(
    ("prepare", "act", "who", "how"),
    [
        (task_steps.acknowledged, task_verbs.conclude, "department", {"outcome": TaskState.DONE}),
        (task_steps.ordered, task_verbs.hand_back, "department", {}),
        (task_steps.ordered, task_verbs.cancel, "community", {}),
        (task_steps.handed_back, task_verbs.send_again, "community", {}),
    ],
)
def test_note_is_internal(
    stage: Stage, prepare: Act, act: Act, who: str, how: dict[str, Any]
) -> None:
    field = "reason" if act in (task_verbs.hand_back, task_verbs.cancel) else "text"
    words = how | {field: WORDS}
    act(petition=prepare(stage), by=stage.cast[who], now=timezone.now(), **words)
    note = Note.objects.get(body=WORDS)
    assert not note.is_public
