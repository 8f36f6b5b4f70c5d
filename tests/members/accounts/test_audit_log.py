"""The security log: what a line says, its signature, and how refusals are bounded."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client

from config.lib.audit import signatures
from config.lib.audit.refusals import LoggedObject
from members.accounts import audit_log
from members.accounts.audit_log import LINES_PER_MINUTE, VISITOR_LINES_PER_MINUTE
from members.enums import ActOutcome, SecurityAction
from members.models import RefusalCount, SecurityEvent
from tests.members.conftest import NOW, Town

MINUTE = dt.timedelta(minutes=1)


def test_stored_fingerprints_keep_their_meaning(settings: Any) -> None:
    settings.SECRET_KEY = "secret"
    assert audit_log.fingerprint(" Somebody ") == "0a96d4e893af2709"


def test_a_line_says_who_as_what_and_on_which_object(town: Town) -> None:
    case = LoggedObject("诉求", 7, "2026-000007")
    audit_log.write(SecurityAction.PRINTED, user=town.users["secretary"], about=case)
    line = SecurityEvent.objects.latest("id")
    assert line.user_name == "样本secretary（secretary）"
    assert (line.acting_as, line.organisation) == ("网格党支部书记", "branch组织")
    assert (line.object_kind, line.object_id, line.object_name) == ("诉求", 7, "2026-000007")
    assert (line.outcome, line.at) == (ActOutcome.DONE, NOW)


def test_a_line_is_signed_and_the_signature_covers_every_word(town: Town) -> None:
    audit_log.write(SecurityAction.PRINTED, user=town.users["secretary"], message="x", ip="::1")
    line = SecurityEvent.objects.latest("id")

    def is_valid() -> bool:
        return signatures.is_valid("members_securityevent", line.signed_values(), line.signature)

    assert is_valid()
    for name in SecurityEvent.signed_columns:
        right = getattr(line, name)
        wrong = NOW - MINUTE if name == "at" else {"ip": "::2"} if name == "detail" else 999
        setattr(line, name, wrong)
        assert not is_valid(), name
        setattr(line, name, right)
    assert is_valid()
    unsigned = {field.attname for field in SecurityEvent._meta.concrete_fields}
    assert unsigned - set(SecurityEvent.signed_columns) == {"id", "signature"}


def test_the_application_cannot_add_an_unsigned_line(town: Town) -> None:
    with pytest.raises(IntegrityError, match="must be signed"), transaction.atomic():
        SecurityEvent.objects.create(action=SecurityAction.LOGGED_IN)


def test_long_texts_are_cut(town: Town) -> None:
    about = LoggedObject("x" * 300, None, "x" * 300)
    audit_log.write(SecurityAction.PRINTED, user=None, about=about, message="x" * 900)
    line = SecurityEvent.objects.latest("id")
    assert (len(line.object_name), len(line.message)) == (200, 400)


def _refuse(town: Town | None, number: int, address: str = "192.0.2.7") -> None:
    for _attempt in range(number):
        audit_log.write_refusal(
            SecurityAction.REFUSED,
            user=town.users["staff"] if town else None,
            ip=address,
            message="不行。",
        )


def _refused_lines() -> int:
    return SecurityEvent.objects.filter(action=SecurityAction.REFUSED).count()


def test_refusals_beyond_the_limit_are_counted_and_become_one_line(town: Town) -> None:
    _refuse(town, LINES_PER_MINUTE + 37)
    assert _refused_lines() == LINES_PER_MINUTE
    assert audit_log.write_surplus(NOW) == 0  # the minute is not over
    assert audit_log.write_surplus(NOW + MINUTE) == 1
    assert audit_log.write_surplus(NOW + MINUTE) == 0
    line = SecurityEvent.objects.latest("id")
    assert (line.times, line.user, line.outcome) == (37, town.users["staff"], ActOutcome.REFUSED)
    assert not RefusalCount.objects.exists()


def test_the_next_minute_has_lines_again(town: Town) -> None:
    _refuse(town, LINES_PER_MINUTE + 5)
    with time_machine.travel(NOW + MINUTE, tick=False):
        _refuse(town, 3)
    assert _refused_lines() == LINES_PER_MINUTE + 3


def test_visitors_of_many_addresses_cannot_fill_the_log(db: None) -> None:
    for number in range(VISITOR_LINES_PER_MINUTE + 30):
        _refuse(None, 1, f"198.51.100.{number}")
    assert _refused_lines() == VISITOR_LINES_PER_MINUTE
    audit_log.write_surplus(NOW + MINUTE)
    line = SecurityEvent.objects.latest("id")
    assert (line.times, line.user, line.acting_as) == (30, None, "未登录的访客")


def test_a_tried_token_is_a_line_and_a_flood_of_them_is_not(client: Client, db: None) -> None:
    for _attempt in range(LINES_PER_MINUTE + 10):
        assert (
            client.get("/api/v1/me/", headers={"authorization": "Bearer c0ffee00ffc0"}).status_code
            == 401
        )
    lines = SecurityEvent.objects.filter(action=SecurityAction.TOKEN_REFUSED)
    assert lines.count() == LINES_PER_MINUTE
    assert "c0ffee00ffc0" not in str(list(lines.values()))
    client.get("/api/v1/me/")  # without a token it is only a question
    assert lines.count() == LINES_PER_MINUTE
