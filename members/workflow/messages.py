"""Workflow of the inbox: notify users once, mark messages as read, queue daily digests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from grids.calendar import calendars
from grids.calendar.working_time import WorkCalendar
from members.enums import DIGEST_KINDS, ChannelName, MessageKind
from members.inbox import channels
from members.models import Delivery, InboxMessage, Post, User


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification of some users; repeated calls with the same `key` notify once.

    `title` and `url` identify a case by number, place and category only. A notification that is
    not urgent is shown from the next office hours of the place.
    """

    user_ids: tuple[int, ...]
    kind: MessageKind
    key: str
    title: str
    url: str
    is_urgent: bool
    area_path: str

    def show_from(self, now: dt.datetime) -> dt.datetime:
        """Return the instant from which the message is shown."""
        return now if self.is_urgent else calendars.for_path(self.area_path).next_opening(now)


class _Item(NamedTuple):
    """One notification to one recipient."""

    recipient: User
    notification: Notification
    show_from: dt.datetime


def notify(*, notifications: Iterable[Notification], now: dt.datetime) -> None:
    """Write inbox messages and their deliveries; repeated calls with the same keys add nothing.

    Three queries, regardless of the number of users and notifications.
    """
    wanted = [notification for notification in notifications if notification.user_ids]
    if not wanted:
        return
    with transaction.atomic(savepoint=False):
        user_ids = {pk for notification in wanted for pk in notification.user_ids}
        users = (
            User.objects.filter(pk__in=user_ids, is_active=True)
            .only("email", "duty_phone", "username", "is_system")
            .in_bulk()
        )
        items = [
            _Item(users[pk], notification, notification.show_from(now))
            for notification in wanted
            for pk in sorted(set(notification.user_ids) & users.keys())
        ]  # the same order in every process, so that concurrent inserts cannot deadlock
        if items:
            _queue_deliveries(items, _write_messages(items, now))


def _write_messages(items: Sequence[_Item], now: dt.datetime) -> list[InboxMessage]:
    # On conflict the key is set to itself: nothing changes, and the id of the old row is returned.
    return InboxMessage.objects.bulk_create(
        [
            InboxMessage(
                user=recipient,
                key=f"{notification.key}:{recipient.pk}",
                kind=notification.kind,
                title=notification.title,
                url=notification.url,
                is_urgent=notification.is_urgent,
                created_at=now,
                show_from=show_from,
            )
            for recipient, notification, show_from in items
        ],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["key"],
    )


def _queue_deliveries(items: Sequence[_Item], messages: Sequence[InboxMessage]) -> None:
    Delivery.objects.bulk_create(
        [
            Delivery(
                key=f"{message.key}:{channel}",
                user=recipient,
                channel=channel,
                message=message,
                send_from=show_from,
            )
            for (recipient, notification, show_from), message in zip(items, messages, strict=True)
            for channel in channels.channels_for(
                recipient, notification.kind, is_urgent=notification.is_urgent
            )
        ],
        ignore_conflicts=True,
    )


def queue_digests(*, now: dt.datetime, day: dt.date) -> int:
    """Queue a digest for each user with unread digest messages; return how many were queued.

    At most one per user and working day, after the opening of the user's offices. Users without
    new messages since their last digest get none.
    """
    if ChannelName.EMAIL not in channels.configured():
        return 0
    unread = InboxMessage.objects.filter(
        user_id=OuterRef("pk"),
        kind__in=DIGEST_KINDS,
        is_urgent=False,
        read_at=None,
        show_from__lte=now,
    )
    digests = Delivery.objects.filter(user_id=OuterRef("pk"), message=None).order_by("-send_from")
    midnight = dt.datetime.combine(day, dt.time(), tzinfo=timezone.get_default_timezone())
    user_ids = list(
        User.objects.filter(Exists(unread), is_active=True)
        .exclude(email="")
        .annotate(last=Subquery(digests.values("send_from")[:1]))
        .filter(
            Q(last=None)
            | Q(last__lt=midnight) & Exists(unread.filter(show_from__gt=OuterRef("last")))
        )
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    paths = _work_paths(user_ids, day)
    due = [pk for pk in user_ids if has_opened(calendars.for_path(paths.get(pk, "")), now, day)]
    Delivery.objects.bulk_create(
        [
            Delivery(
                key=f"digest:{pk}:{day.isoformat()}",
                user_id=pk,
                channel=ChannelName.EMAIL,
                send_from=now,
            )
            for pk in due
        ],
        ignore_conflicts=True,
    )
    return len(due)


def has_opened(calendar: WorkCalendar, now: dt.datetime, day: dt.date) -> bool:
    """Return whether `day` is a working day and its first office hours have begun."""
    midnight = now.astimezone(calendar.tz).replace(hour=0, minute=0, second=0, microsecond=0)
    opening = calendar.next_opening(midnight)
    return opening.astimezone(calendar.tz).date() == day and opening <= now


def _work_paths(user_ids: Iterable[int], day: dt.date) -> dict[int, str]:
    """Return the path of the place where each user works, by the oldest post held."""
    rows = (
        Post.objects.on(day)
        .filter(user_id__in=list(user_ids), organisation__isnull=False)
        .order_by("-id")
        .values_list("user_id", "organisation__area__path")
    )
    return dict(rows)


def mark_read(*, user: User, message_id: int, now: dt.datetime) -> InboxMessage | None:
    """Mark a user's message as read and return it; None if it does not exist or is another's."""
    message = InboxMessage.objects.shown_to(user, now).filter(pk=message_id).first()
    if message is not None and message.read_at is None:
        message.read_at = now
        message.save(update_fields=["read_at"])
    return message


def mark_all_read(*, user: User, now: dt.datetime) -> int:
    """Mark all messages shown to a user as read; return how many were unread."""
    return InboxMessage.objects.shown_to(user, now).unread().update(read_at=now)
