"""Returned cases of the cast, and who hears of their events."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

from members.enums import Role
from members.models import InboxMessage, Post, User
from members.workflow import appoint
from petitions import permissions
from petitions.enums import DeadlineKind, Verb
from petitions.models import Deadline, Event, Petition
from petitions.notices import outbox
from petitions.refusals import Decision
from petitions.workflow import deadline_sweep, rerouting
from tests.support.cast import SINCE, Stage

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=zoneinfo.ZoneInfo("Asia/Shanghai"))  # a Monday
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
RETURNED: dict[str, Any] = {"now": NOON, "reason": "不归我管"}


def case_of(stage: Stage, body: str, **changes: Any) -> Petition:
    """File a case that an organisation handles: by place, and above it by what it is about."""
    places = {"branch": "b46", "yingbin": "yingbin", "fuxin": "b46", "city": "b46"}
    about = {"fuxin": "yingbin", "city": "fuxin"}.get(body)
    facts = {
        "place": stage.town.areas[places[body]],
        "about": stage.town.orgs[about] if about else None,
    }
    petition = stage.file(now=NOON - HOUR, **(facts | changes)).petition
    assert petition.organisation == stage.town.orgs[body]
    return petition


def returned(stage: Stage, body: str = "branch", by: str = "", **changes: Any) -> Petition:
    """Return a case that an organisation handles, at noon."""
    heads = {"branch": "secretary", "yingbin": "clerk", "fuxin": "official", "city": "city"}
    petition = case_of(stage, body, **changes)
    return rerouting.return_(petition=petition, by=stage.cast[by or heads[body]], **RETURNED)


def arbitration_deadline(petition: Petition) -> Deadline:
    return Deadline.objects.owed().get(petition=petition, kind=DeadlineKind.ARBITRATION)


def expire(petition: Petition, kind: DeadlineKind = DeadlineKind.ARBITRATION) -> dt.datetime:
    row = Deadline.objects.open().get(petition=petition, kind=kind)
    assert deadline_sweep.expire(deadline_id=row.pk, now=row.due_at + MINUTE)
    petition.refresh_from_db()
    return row.due_at + MINUTE


def may(verb: Verb, petition: Petition, user: User) -> Decision:
    """Decide on the stored case, with the posts that the user holds now."""
    return permissions.may(verb, Petition.objects.get(pk=petition.pk), User.objects.get(pk=user.pk))


def give_post(stage: Stage, name: str, role: Role, body: str, **dates: Any) -> None:
    """Give a person of the cast another post."""
    organisation = stage.town.orgs[body]
    dates = {"valid_from": SINCE} | dates
    appoint(user=stage.cast[name], role=role, by=None, organisation=organisation, **dates)


def move_to_community(stage: Stage, name: str, last_day: dt.date) -> User:
    """End the posts of a person on a day, and make it staff of the community from the next on."""
    user = stage.cast[name]
    Post.objects.filter(user=user).update(valid_to=last_day)
    appoint(
        user=user,
        role=Role.STAFF,
        by=None,
        valid_from=last_day + dt.timedelta(days=1),
        organisation=stage.town.orgs["yingbin"],
    )
    return User.objects.get(pk=user.pk)


def notified(event: Event) -> set[tuple[str, str]]:
    outbox.publish([event.pk])
    rows = InboxMessage.objects.filter(key__startswith=f"event:{event.pk}:")
    return set(rows.values_list("kind", "user__username"))


def decide(
    stage: Stage, petition: Petition, body: str, by: str = "community", **more: Any
) -> Petition:
    organisation = stage.town.orgs[body]
    arguments = {"organisation": organisation, "reason": "属于你们的网格", "now": NOON} | more
    return rerouting.reassign(petition=petition, by=stage.cast[by], **arguments)
