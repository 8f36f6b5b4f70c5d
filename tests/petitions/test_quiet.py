"""What the logs say of a petitioner: nothing."""

from __future__ import annotations

import logging

import pytest
from django.utils import timezone

from petitions import beat, contacts, workflow
from petitions.contacts import Reach
from tests.cast import Stage

NAME, PHONE = "示例静默", "190-0000-4821"
WORDS = "示例：三楼的水管在漏"


def test_no_log_line_holds_anything_of_the_petitioner(
    stage: Stage,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with caplog.at_level(logging.DEBUG):
        petition = stage.file(text=WORDS, reach=Reach(NAME, PHONE)).petition
        secretary, now = stage.cast["secretary"], timezone.now()
        workflow.accept(petition=petition, by=secretary, now=now)
        workflow.reveal(petition=petition, by=secretary, now=now, reason="约时间上门")
        beat.drain_outbox()
        beat.text_residents()
        with monkeypatch.context() as broken:  # what cannot be read is logged, but not quoted
            broken.setattr(
                contacts, "unseal", lambda *_sealed: (_ for _ in ()).throw(ValueError(PHONE))
            )
            beat.text_residents()
    said = caplog.text + "".join(capfd.readouterr())
    for secret in (NAME, PHONE, PHONE.replace("-", ""), WORDS):
        assert secret not in said
