"""What the logs say of a petitioner: nothing."""

from __future__ import annotations

import logging

import pytest
from django.utils import timezone

from petitions.ops import scheduled_tasks
from petitions.rules import contacts
from petitions.rules.contacts import ContactDetails
from petitions.workflow import contact, handling
from tests.support.cast import Stage

NAME, PHONE = "示例静默", "19000004821"
WORDS = "示例：三楼的水管在漏"


def test_no_log_line_holds_anything_of_the_petitioner(
    stage: Stage,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with caplog.at_level(logging.DEBUG):
        petition = stage.file(text=WORDS, contact=ContactDetails(NAME, PHONE)).petition
        secretary, now = stage.cast["secretary"], timezone.now()
        handling.accept(petition=petition, by=secretary, now=now)
        contact.reveal(petition=petition, by=secretary, now=now, reason="约时间上门")
        scheduled_tasks.drain_outbox()
        scheduled_tasks.text_residents()
        with monkeypatch.context() as broken:  # what cannot be read is logged, but not quoted
            broken.setattr(
                contacts, "decrypt", lambda *_sealed: (_ for _ in ()).throw(ValueError(PHONE))
            )
            scheduled_tasks.text_residents()
    said = caplog.text + "".join(capfd.readouterr())
    for secret in (NAME, PHONE, PHONE.replace("-", ""), WORDS):
        assert secret not in said
