"""Ways out to a person: e-mail, text message, WeCom; and which kinds leave one by one."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.module_loading import import_string

from members.enums import ChannelName, MessageKind
from members.models import User

SENT_IMMEDIATELY: dict[MessageKind, bool] = {
    MessageKind.TO_ACCEPT: True,
    MessageKind.ASSIGNED: True,
    MessageKind.REMINDER: False,
    MessageKind.OVERDUE: False,
    MessageKind.ESCALATED: True,
    MessageKind.ANSWERED: True,
    MessageKind.RETURNED: True,
    MessageKind.REOPENED: True,
    MessageKind.RESOLVED: False,
    MessageKind.CLOSED: False,
    MessageKind.NOTE: False,
    MessageKind.DATA_QUALITY: False,
}
"""What leaves by itself; the rest waits for the digest of the day. Urgent matters never wait."""


class DeliveryChannel(Protocol):
    """One way out. `send` returns when the message has been handed over, and raises otherwise."""

    def send(self, address: str, subject: str, body: str) -> None:
        """Hand one message over; number, place, category and link are all it may contain."""


class EmailChannel:
    """E-mail through Django's mail settings; without a server it appears on the console."""

    def send(self, address: str, subject: str, body: str) -> None:
        """Send one e-mail; raises OSError when no server takes it."""
        EmailMessage(subject, body, to=[address]).send()


class FileChannel:
    """Stands in for a gateway: one JSON line per message shows what would have been sent."""

    file_name = "messages.jsonl"

    def send(self, address: str, subject: str, body: str) -> None:
        """Append the message to the outbox file; raises OSError when the disk refuses."""
        folder = Path(settings.OUTBOX_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        row = {"at": at, "to": address, "subject": subject, "body": body}
        line = json.dumps(row, ensure_ascii=False) + "\n"
        with (folder / self.file_name).open("a", encoding="utf-8") as outbox:
            outbox.write(line)  # one short write in append mode: lines of two workers never mix


class SmsFileChannel(FileChannel):
    """Text messages as lines of a file."""

    file_name = "sms.jsonl"


class WeComFileChannel(FileChannel):
    """WeCom messages as lines of a file."""

    file_name = "wecom.jsonl"


def configured() -> frozenset[ChannelName]:
    """Return the channels that `CHANNELS` names an adapter for."""
    return frozenset(ChannelName(name) for name, path in settings.CHANNELS.items() if path)


def adapter(name: ChannelName) -> DeliveryChannel:
    """Return the adapter of a channel; raises ImportError for a wrong path."""
    made: DeliveryChannel = import_string(settings.CHANNELS[name])()
    return made


def address_of(user: User, channel: ChannelName) -> str:
    """Return where a person is reached by a channel; empty when they are not.

    WeCom knows a person by the user name, which the organisation keeps alike in both systems.
    """
    if channel == ChannelName.EMAIL:
        return user.email
    if channel == ChannelName.SMS:
        return user.duty_phone
    return "" if user.is_system else user.username


def channels_for(user: User, kind: MessageKind, *, is_urgent: bool) -> list[ChannelName]:
    """Return the channels one message takes to one person, beside the inbox.

    Urgent ones take every channel; others e-mail alone, and only if their kind leaves singly.
    """
    if is_urgent:
        wanted = [ChannelName.EMAIL, ChannelName.SMS, ChannelName.WECOM]
    else:
        wanted = [ChannelName.EMAIL] if SENT_IMMEDIATELY[kind] else []
    known = configured()
    return [name for name in wanted if name in known and address_of(user, name)]
