"""The verbs of the inbox: tell people once, mark read, and owe the digest of the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from grids.calendar import calendars
from grids.calendar.working_time import WorkCalendar
from members.enums import ChannelName, MessageKind
from members.inbox import channels
from members.models import Delivery, InboxMessage, Post, User

DIGEST_KINDS: tuple[MessageKind, ...] = tuple(
    kind for kind, singly in channels.SENT_IMMEDIATELY.items() if not singly
)


@dataclass(frozen=True, slots=True)
class Notification:
    """What some people are to be told, once each, under a key that stays the same on a repeat.

    `title` and `url` name a case by number, place and category only. What is not urgent waits for
    the office hours of the place.
    """

    user_ids: tuple[int, ...]
    kind: MessageKind
    key: str
    title: str
    url: str
    is_urgent: bool
    area_path: str

    def show_from(self, now: dt.datetime) -> dt.datetime:
        """Return from when on it is shown."""
        return now if self.is_urgent else calendars.for_path(self.area_path).next_opening(now)


def notify(*, notifications: Iterable[Notification], now: dt.datetime) -> None:
    """Tell people the news, each once, however often this is called with the same keys.

    Three queries, however many people and news.
    """
    news = [one for one in notifications if one.user_ids]
    if not news:
        return
    with transaction.atomic(savepoint=False):
        people = (
            User.objects.filter(pk__in={pk for one in news for pk in one.user_ids}, is_active=True)
            .only("email", "duty_phone", "username", "is_system")
            .in_bulk()
        )
        told = [
            (people[pk], one, one.show_from(now))
            for one in news
            for pk in sorted(set(one.user_ids) & people.keys())
        ]  # one order everywhere, so that two tellers never lock crosswise
        if not told:
            return
        # A repeat writes the same key over itself: it changes nothing and returns the old row's id.
        messages = InboxMessage.objects.bulk_create(
            [
                InboxMessage(
                    user=person,
                    key=f"{one.key}:{person.pk}",
                    kind=one.kind,
                    title=one.title,
                    url=one.url,
                    is_urgent=one.is_urgent,
                    created_at=now,
                    show_from=show_from,
                )
                for person, one, show_from in told
            ],
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["key"],
        )
        Delivery.objects.bulk_create(
            [
                Delivery(
                    key=f"{message.key}:{channel}",
                    user=person,
                    channel=channel,
                    message=message,
                    send_from=show_from,
                )
                for (person, one, show_from), message in zip(told, messages, strict=True)
                for channel in channels.channels_for(person, one.kind, is_urgent=one.is_urgent)
            ],
            ignore_conflicts=True,
        )


def queue_digests(*, now: dt.datetime, day: dt.date) -> int:
    """Owe a digest to everybody with news that did not leave singly; return how many.

    One per person and working day, from the opening of the person's own offices on; nobody who
    has read everything, and nobody without news since the last digest.
    """
    if ChannelName.EMAIL not in channels.configured():
        return 0
    news = InboxMessage.objects.filter(
        user_id=OuterRef("pk"),
        kind__in=DIGEST_KINDS,
        is_urgent=False,
        read_at=None,
        show_from__lte=now,
    )
    digests = Delivery.objects.filter(user_id=OuterRef("pk"), message=None).order_by("-send_from")
    midnight = dt.datetime.combine(day, dt.time(), tzinfo=timezone.get_default_timezone())
    people = list(
        User.objects.filter(Exists(news), is_active=True)
        .exclude(email="")
        .annotate(last=Subquery(digests.values("send_from")[:1]))
        .filter(
            Q(last=None)
            | Q(last__lt=midnight) & Exists(news.filter(show_from__gt=OuterRef("last")))
        )
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    places = _places_of(people, day)
    due = [pk for pk in people if has_opened(calendars.for_path(places.get(pk, "")), now, day)]
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
    """Tell whether `day` is worked and its first office hours have begun."""
    midnight = now.astimezone(calendar.tz).replace(hour=0, minute=0, second=0, microsecond=0)
    opening = calendar.next_opening(midnight)
    return opening.astimezone(calendar.tz).date() == day and opening <= now


def _places_of(user_ids: Iterable[int], day: dt.date) -> dict[int, str]:
    """Return the place each person works at, by the oldest post held."""
    rows = (
        Post.objects.on(day)
        .filter(user_id__in=list(user_ids), organisation__isnull=False)
        .order_by("-id")
        .values_list("user_id", "organisation__area__path")
    )
    return dict(rows)


def digest_lines(user: User, now: dt.datetime, limit: int) -> list[InboxMessage]:
    """Return the newest unread messages that belong into a person's digest."""
    return list(
        InboxMessage.objects.shown_to(user, now)
        .unread()
        .filter(kind__in=DIGEST_KINDS)
        .order_by("-id")[:limit]
    )


def mark_read(*, user: User, message_id: int, now: dt.datetime) -> InboxMessage | None:
    """Mark one message of a person as read and return it; None when it is nobody's or another's."""
    message = InboxMessage.objects.shown_to(user, now).filter(pk=message_id).first()
    if message is not None and message.read_at is None:
        message.read_at = now
        message.save(update_fields=["read_at"])
    return message


def mark_all_read(*, user: User, now: dt.datetime) -> int:
    """Mark everything shown to a person as read; return how many were new."""
    return InboxMessage.objects.shown_to(user, now).unread().update(read_at=now)
