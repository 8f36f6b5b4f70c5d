"""Every question put to the tables of people."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from config.lib.db.validity import DatedQuerySet
from config.lib.viewer import Viewer
from members.enums import HEADS, SecurityAction

if TYPE_CHECKING:
    from members.models import Delivery, InboxMessage, Post, SecurityEvent  # noqa: F401 - types only


class PostQuerySet(DatedQuerySet["Post"]):
    """Questions about posts."""

    def held_by(self, user_id: int) -> Self:
        """Keep the posts of one person."""
        return self.filter(user_id=user_id)

    def heads(self) -> Self:
        """Keep the posts that answer for their organisation."""
        return self.filter(role__in=sorted(HEADS))

    def active(self, day: dt.date) -> Self:
        """Keep the posts valid on `day` whose holder can log in."""
        return self.on(day).filter(user__is_active=True)


class InboxQuerySet(models.QuerySet["InboxMessage"]):
    """Questions about messages."""

    def shown_to(self, viewer: Viewer, now: dt.datetime) -> Self:
        """Keep a person's own messages that no longer wait for working time.

        They name cases, so whoever holds no post today is shown none, old ones included.
        """
        scope = viewer.scope
        if not scope.posts:
            return self.none()
        return self.filter(user_id=scope.user_id, show_from__lte=now)

    def unread(self) -> Self:
        """Keep the messages not read yet."""
        return self.filter(read_at=None)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Questions about what goes out."""

    def due(self, now: dt.datetime) -> Self:
        """Keep what should go out by now and is in nobody's hands."""
        free = Q(leased_until=None) | Q(leased_until__lt=now)
        return self.filter(free, send_from__lte=now, sent_at=None, failed_at=None)


class SecurityEventQuerySet(models.QuerySet["SecurityEvent"]):
    """Questions about the security log."""

    def failed_logins(self, since: dt.datetime) -> Self:
        """Keep the wrong passwords since an instant."""
        return self.filter(action=SecurityAction.LOGIN_FAILED, at__gt=since)
