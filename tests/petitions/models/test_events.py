"""Queries on the text messages about events."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from petitions.models import Petition, ResidentMessage
from petitions.workflow import handling
from tests.support.cast import Stage

NOW = timezone.now()
FAILED, SENT = {"failed_at": NOW}, {"sent_at": NOW}


def _message(petition: Petition, state: dict[str, Any]) -> ResidentMessage:
    event = petition.events.order_by("-version")[0]
    add = ResidentMessage.objects.create
    return add(event=event, petition=petition, created_at=NOW, **state)


@pytest.mark.parametrize(
    ("later", "is_undelivered"), [(None, True), (FAILED, True), ({}, True), (SENT, False)]
)
def test_a_failed_message_is_undelivered_until_a_later_one_is_sent(
    stage: Stage, later: dict[str, Any] | None, *, is_undelivered: bool
) -> None:
    petition = stage.file().petition
    failed = _message(petition, FAILED)
    if later is not None:
        handling.accept(petition=petition, by=stage.cast["secretary"], now=NOW)
        _message(petition, later)
    assert (failed in ResidentMessage.objects.undelivered()) is is_undelivered
