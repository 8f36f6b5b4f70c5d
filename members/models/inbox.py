"""Models of the inbox: messages to users, and their deliveries by other channels."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.db.delivery_queue import DeliveryQueueQuerySet, DeliveryState, QueuedMessage
from config.lib.viewer import Viewer
from members.enums import DIGEST_KINDS, ChannelName, message_kind_choices
from members.models.users import User


class InboxQuerySet(models.QuerySet["InboxMessage"]):
    """Queries on inbox messages."""

    def shown_to(self, viewer: Viewer, now: dt.datetime) -> Self:
        """Filter to the messages a user may see at `now`.

        Messages name cases, so a user without a post today sees none, not even old ones, and a
        message about a case is hidden while the case is not visible to the user. What a message is
        about is known to higher apps, which add their conditions (setting `MESSAGE_ACCESS`).
        """
        scope = viewer.scope
        if not scope.posts:
            return self.none()
        messages = self.filter(user_id=scope.user_id, show_from__lte=now)
        for path in settings.MESSAGE_ACCESS:
            messages = messages.filter(import_string(path)(viewer))
        return messages

    def unread(self) -> Self:
        """Filter to unread messages."""
        return self.filter(read_at=None)

    def of_digest(self) -> Self:
        """Filter to the unread messages that belong into a digest, newest first."""
        return self.unread().filter(kind__in=DIGEST_KINDS).order_by("-id")


class InboxMessage(models.Model):
    """A message to one user about one event; `key` (`event:user`) makes it unique.

    Title and link identify a case by number, place and category only; nothing about its petitioner.
    A message that waits for office hours has `show_from` in the future.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="inbox")
    key = models.CharField(max_length=80, unique=True)
    kind = models.CharField(_("类别"), max_length=12, choices=message_kind_choices)
    title = models.CharField(_("标题"), max_length=160)
    url = models.CharField(max_length=200)
    is_urgent = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    show_from = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = InboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("消息")
        verbose_name_plural = pgettext_lazy("plural", "消息")
        indexes = [
            models.Index(fields=["user", "-id"], name="inbox_user_newest"),
            models.Index(fields=["user"], name="inbox_unread", condition=Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.title


class DeliveryQuerySet(DeliveryQueueQuerySet["Delivery"]):
    """Queries on deliveries."""

    def due(self, now: dt.datetime) -> Self:
        """Filter to due deliveries whose `send_from` has come."""
        return super().due(now).filter(send_from__lte=now)

    def undelivered_to(self, user: User, since: dt.datetime, now: dt.datetime) -> Self:
        """Filter to a user's deliveries that were given up since an instant.

        Deliveries of messages that the user may not see at `now` are left out.
        """
        given_up = self.in_state(DeliveryState.FAILED).filter(user=user, failed_at__gte=since)
        shown = InboxMessage.objects.shown_to(user, now).values("pk")
        return given_up.filter(Q(message=None) | Q(message__in=shown))


class Delivery(QueuedMessage):
    """A message to a user by one channel, or a digest; a row of the delivery queue.

    `key` is unique (`message:channel`, or `digest:user:date`), so a repeat never sends twice. The
    delivery is sent at `send_from` at the earliest.
    """

    queue_order = "send_from"

    key = models.CharField(max_length=80, unique=True)
    user = models.ForeignKey(
        User,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="deliveries",
        verbose_name=_("收件人"),
    )
    channel = models.CharField(_("渠道"), max_length=8, choices=ChannelName)
    message = models.ForeignKey(
        InboxMessage, models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    send_from = models.DateTimeField(_("最早发送时间"))

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("外发")
        verbose_name_plural = pgettext_lazy("plural", "外发")
        indexes = [
            models.Index(
                fields=["send_from"],
                name="delivery_pending",
                condition=Q(sent_at=None, failed_at=None),
            ),
            models.Index(
                fields=["user", "-send_from"], name="delivery_digests", condition=Q(message=None)
            ),
            models.Index(
                fields=["user", "failed_at"],
                name="delivery_failed",
                condition=Q(failed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.key
