"""Texts of outgoing messages: number, place, category and link, nothing about a person."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.models import Delivery, InboxMessage

MAX_DIGEST_ITEMS = 30


class Message(NamedTuple):
    """Subject and body of an outgoing message."""

    subject: str
    body: str


def message(delivery: Delivery, now: dt.datetime) -> Message | None:
    """Return the text of a delivery in the system's language; None if nothing is left to say."""
    with translation.override(settings.LANGUAGE_CODE):
        if delivery.message is not None:
            return _single(delivery.message)
        return _digest(delivery, now)


def _link(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def _single(message: InboxMessage) -> Message:
    subject = f"【{message.get_kind_display()}】{message.title}"
    return Message(subject, f"{subject}\n{_link(message.url)}\n")


def _digest(delivery: Delivery, now: dt.datetime) -> Message | None:
    """List what is still unread at sending time; None if everything has been read."""
    if delivery.user is None:
        return None
    messages = list(InboxMessage.objects.of_digest(delivery.user, now)[:MAX_DIGEST_ITEMS])
    if not messages:
        return None
    subject = ngettext("今日提醒：%(count)d 条", "今日提醒：%(count)d 条", len(messages)) % {
        "count": len(messages)
    }
    lines = [
        f"【{message.get_kind_display()}】{message.title}\n{_link(message.url)}"
        for message in messages
    ]
    return Message(subject, "\n\n".join([_("以下事项还没有看过："), *lines]) + "\n")
