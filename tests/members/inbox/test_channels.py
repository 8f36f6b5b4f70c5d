"""Channels: adapters and addresses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core import checks, mail
from pytest_django import Settings

from members.enums import SENT_IMMEDIATELY, ChannelName, MessageKind
from members.inbox import channels
from members.models import User


def test_e_mail_leaves_through_djangos_mail() -> None:
    channels.adapter(ChannelName.EMAIL).send("a@example.invalid", "题", "文")
    assert [(email.to, email.subject, email.body) for email in mail.outbox] == [
        (["a@example.invalid"], "题", "文")
    ]


@pytest.mark.parametrize("name", [ChannelName.SMS, ChannelName.WECOM])
def test_the_file_adapters_show_what_would_be_sent(
    settings: Settings, tmp_path: Path, name: ChannelName
) -> None:
    settings.OUTBOX_DIR = tmp_path / "out"
    for _time in range(2):
        channels.adapter(name).send("0994-5550000", "题", "两行\n文字")
    lines = (tmp_path / "out" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert json.loads(lines[0]) | {"at": ""} == {
        "at": "",
        "to": "0994-5550000",
        "subject": "题",
        "body": "两行\n文字",
    }


@pytest.mark.parametrize("name", list(ChannelName))
@pytest.mark.parametrize("path", ["members.channels.EmailChannel", "members.inbox.channels.X", "x"])
def test_adapter_that_cannot_be_imported_is_reported_at_start(
    settings: Settings, name: ChannelName, path: str
) -> None:
    assert not [error for error in checks.run_checks() if error.id == "members.E001"]
    settings.CHANNELS = {"email": "", "sms": "", "wecom": "", name: path}
    (error,) = [error for error in checks.run_checks() if error.id == "members.E001"]
    assert error.is_serious()
    assert error.msg == f"{name.upper()}_CHANNEL names '{path}', which cannot be imported."


def test_every_kind_is_decided() -> None:
    assert set(SENT_IMMEDIATELY) == set(MessageKind)


def test_a_person_is_reached_only_where_an_address_is_known() -> None:
    user = User(username="staff", email="", duty_phone="0994-5550000")
    assert channels.channels_for(user, MessageKind.NOTE, is_urgent=True) == [
        ChannelName.SMS,
        ChannelName.WECOM,
    ]
    assert channels.channels_for(user, MessageKind.TO_ACCEPT, is_urgent=False) == []
    machine = User(username="partner", is_system=True)
    assert channels.channels_for(machine, MessageKind.NOTE, is_urgent=True) == []
