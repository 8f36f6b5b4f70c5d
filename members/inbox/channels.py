"""Channels to a person: e-mail, text message, WeCom."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core import checks
from django.core.mail import EmailMessage
from django.utils.module_loading import import_string

from members.enums import SENT_IMMEDIATELY, ChannelName, MessageKind
from members.models import User


class DeliveryChannel(Protocol):
    """A channel; `send` returns once the message is handed over, and raises otherwise."""

    def send(self, address: str, subject: str, body: str) -> None:
        """Send one message; it may contain number, place, category and link only."""


class EmailChannel:
    """E-mail through Django's mail settings; without a server it is printed on the console."""

    def send(self, address: str, subject: str, body: str) -> None:
        """Send one e-mail; raises OSError if no server accepts it."""
        EmailMessage(subject, body, to=[address]).send()


class FileChannel:
    """Stand-in for a gateway: appends one JSON line per message to a file."""

    file_name = "messages.jsonl"

    def send(self, address: str, subject: str, body: str) -> None:
        """Append the message to the outbox file; raises OSError if the disk refuses."""
        folder = Path(settings.OUTBOX_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        row = {"at": at, "to": address, "subject": subject, "body": body}
        line = json.dumps(row, ensure_ascii=False) + "\n"
        with (folder / self.file_name).open("a", encoding="utf-8") as outbox:
            outbox.write(line)  # one short write in append mode is atomic between workers


class SmsFileChannel(FileChannel):
    """Text messages as lines of a file."""

    file_name = "sms.jsonl"


class WeComFileChannel(FileChannel):
    """WeCom messages as lines of a file."""

    file_name = "wecom.jsonl"


def configured() -> frozenset[ChannelName]:
    """Return the channels that have an adapter in the setting `CHANNELS`."""
    return frozenset(ChannelName(name) for name, path in settings.CHANNELS.items() if path)


def adapter(name: ChannelName) -> DeliveryChannel:
    """Return the adapter of a channel; raises ImportError for a wrong path."""
    channel: DeliveryChannel = import_string(settings.CHANNELS[name])()
    return channel


@checks.register
def check_channels(**_context: Any) -> list[checks.CheckMessage]:
    """System check: every adapter named in the setting `CHANNELS` can be imported."""
    return [
        checks.Error(
            f"{name.upper()}_CHANNEL names {settings.CHANNELS[name]!r}, which cannot be imported.",
            "Name a class, such as members.inbox.channels.EmailChannel; empty: no channel.",
            id="members.E001",
        )
        for name in sorted(configured())
        if not _is_importable(settings.CHANNELS[name])
    ]


def _is_importable(path: str) -> bool:
    try:
        import_string(path)
    except ImportError:
        return False
    return True


def address_of(user: User, channel: ChannelName) -> str:
    """Return the address of a user on a channel; empty if there is none.

    WeCom identifies a person by the user name, which is the same in both systems.
    """
    if channel == ChannelName.EMAIL:
        return user.email
    if channel == ChannelName.SMS:
        return user.duty_phone
    return "" if user.is_system else user.username


def channels_for(user: User, kind: MessageKind, *, is_urgent: bool) -> list[ChannelName]:
    """Return the channels, besides the inbox, by which a message is sent to a user.

    Urgent messages use every channel; others only e-mail, and only if `SENT_IMMEDIATELY`.
    """
    if is_urgent:
        wanted = [ChannelName.EMAIL, ChannelName.SMS, ChannelName.WECOM]
    else:
        wanted = [ChannelName.EMAIL] if SENT_IMMEDIATELY[kind] else []
    available = configured()
    return [name for name in wanted if name in available and address_of(user, name)]
