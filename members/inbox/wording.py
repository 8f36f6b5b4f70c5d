"""Texts of outgoing messages: number, place, category and link, nothing about a person."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.lib.web import site_links
from members.models import Delivery, InboxMessage
from members.models.inbox import InboxQuerySet

MAX_DIGEST_ITEMS = 30


class Message(NamedTuple):
    """Subject and body of an outgoing message."""

    subject: str
    body: str


def message(delivery: Delivery, now: dt.datetime) -> Message | None:
    """Return the text of a delivery in the system's language; None if nothing is left to say.

    Only messages that the recipient may see at `now` are sent.
    """
    if delivery.user is None:
        return None
    shown = InboxMessage.objects.shown_to(delivery.user, now)
    with translation.override(settings.LANGUAGE_CODE):
        if delivery.message is None:
            return _digest(shown)
        is_shown = shown.filter(pk=delivery.message.pk).exists()
        return _single(delivery.message) if is_shown else None


def _single(message: InboxMessage) -> Message:
    subject = f"【{message.get_kind_display()}】{message.title}"
    return Message(subject, f"{subject}\n{site_links.absolute(message.url)}\n")


def _digest(shown: InboxQuerySet) -> Message | None:
    """List what is still unread at sending time; None if everything has been read."""
    messages = list(shown.of_digest()[:MAX_DIGEST_ITEMS])
    if not messages:
        return None
    subject = ngettext("今日提醒：%(count)d 条", "今日提醒：%(count)d 条", len(messages)) % {
        "count": len(messages)
    }
    lines = [
        f"【{message.get_kind_display()}】{message.title}\n{site_links.absolute(message.url)}"
        for message in messages
    ]
    return Message(subject, "\n\n".join([_("以下事项还没有看过："), *lines]) + "\n")
