"""Tells the supervisor of a person who opens many contacts in one day.

The message names the person and the number, and no case: the supervisor may not see each of them.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from members.enums import MessageKind
from members.posts import directory
from members.workflow import Notification
from petitions.models import Event


def notifications_for(event: Event, day: dt.date) -> list[Notification]:
    """Return a notification for the first reveal above the daily limit and each further round.

    A round is as many reveals as the limit. The event of a reveal above the limit holds its number.
    Where nobody heads the person's organisation or one above it, the auditors are told.
    """
    number, limit = event.data.get("reveal_number"), settings.REVEALS_PER_DAY
    if number is None or event.user is None or (number - limit - 1) % max(limit, 1):
        return []
    supervisors = directory.heads_over(event.user.pk, event.acting_for_id, day)
    page = reverse("members:inbox")
    if supervisors:
        page = reverse("branches:organisation", args=[event.acting_for_id])
    return [
        Notification(
            user_ids=tuple(supervisors or directory.auditors(day)),
            kind=MessageKind.REVEALS,
            key=f"event:{event.pk}:{MessageKind.REVEALS}",
            title=_("%(name)s今天查看了 %(count)d 次居民联系方式，请了解原因")
            % {"name": event.user.name, "count": number},
            url=page,
            is_urgent=False,
            area_path=event.petition.path,
        )
    ]
