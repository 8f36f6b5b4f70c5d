"""The story of a case as staff read it: what happened, in whose hands it was, and for how long."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from branches.models import Organisation
from config.lib import durations
from grids.calendar.working_time import WorkCalendar
from petitions import involvement
from petitions.enums import (
    HAPPENED,
    Actor,
    AnswerKind,
    DeadlineKind,
    DoorResult,
    Outcome,
    Status,
    Verb,
)
from petitions.models import Event, Note, Petition, Photo

FULL = 100
MINUTE = dt.timedelta(minutes=1)
WITH_RESIDENT = 0
NAMED = ("to", "proposed", "department")
"""Facts of an event that are the id of an organisation."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event in words, as `components/timeline_item.html` shows it."""

    id: int
    kind: str
    title: str
    actor: str
    when: str
    datetime: str
    text: str = ""
    internal: bool = False
    system: bool = False
    photos: Sequence[Mapping[str, str]] = ()


@dataclass(slots=True)
class HolderPeriod:
    """How long one organisation held the case, as `components/hands_bar.html` shows it."""

    label: str
    minutes: int = 0
    share: int = 0
    duration: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """The events of one case, oldest first, with the names of the organisations they mention."""

    petition: Petition
    events: Sequence[Event]
    names: Mapping[int, str] = field(default_factory=dict)


def load_history(petition: Petition, *, after: int = 0) -> CaseHistory:
    """Read the events of a case after a version: one query, and one more for names not in it."""
    photos = Photo.objects.filter(event=OuterRef("pk")).order_by("id").values("uuid")
    events = list(
        petition.events.filter(version__gt=after)
        .select_related("user", "acting_for", "organisation", "holder", "note")
        .annotate(photo_uuids=ArraySubquery(photos))
        .order_by("version")
    )
    return CaseHistory(petition, events, _names(petition, events))


def _names(petition: Petition, events: Iterable[Event]) -> dict[int, str]:
    known = [organisation for _rule, organisation in involvement.organisations_of(petition)]
    known += [one for event in events for one in (event.organisation, event.holder) if one]
    names = {one.pk: one.short_name for one in known}
    wanted = {pk for event in events for pk in _mentioned(event)} - names.keys()
    if wanted:
        names |= dict(Organisation.objects.filter(pk__in=wanted).values_list("pk", "short_name"))
    return names


def _mentioned(event: Event) -> list[int]:
    return [pk for key in NAMED if isinstance(pk := event.data.get(key), int)]


def staff_timeline(found: CaseHistory, now: dt.datetime) -> list[TimelineEntry]:
    """Say every event in words, oldest first. Ratings are not part of it."""
    return [_entry(found, event, now) for event in found.events]


def _entry(found: CaseHistory, event: Event, now: dt.datetime) -> TimelineEntry:
    note: Note | None = getattr(event, "note", None)
    uuids: Sequence[uuid.UUID] = getattr(event, "photo_uuids", ())
    lines = [_facts(found, event), note.body if note else ""]
    return TimelineEntry(
        id=event.pk,
        kind=event.verb,
        title=_title(found, event),
        actor=who(event),
        when=durations.absolute(event.at, now),
        datetime=event.at.isoformat(),
        text="\n".join(line for line in lines if line),
        internal=_is_internal(event, note),
        system=event.actor == Actor.CLOCK and event.verb == Verb.REMIND,
        photos=photo_links(uuids),
    )


def _is_internal(event: Event, note: Note | None) -> bool:
    if event.verb in (Verb.PHOTO, Verb.NOTE):
        return not event.data.get("is_public")
    return note is not None and not note.is_public


def photo_links(uuids: Iterable[uuid.UUID]) -> list[dict[str, str]]:
    """Return photos as `components/photo_grid.html` shows them, behind the case's own rule."""
    return [
        {
            "url": reverse("petitions:photo_file", args=[one]),
            "thumb": reverse("petitions:thumb", args=[one]),
            "alt": _("照片 %(number)d") % {"number": number},
        }
        for number, one in enumerate(uuids, start=1)
    ]


def who(event: Event) -> str:
    """Name who acted: organisation and person, the resident without a name, or the system."""
    if event.actor == Actor.CLOCK:
        return _("系统")
    if event.user is None:
        return _("居民")
    organisation = event.acting_for.short_name if event.acting_for else ""
    return " ".join(part for part in (organisation, event.user.name) if part)


def _title(found: CaseHistory, event: Event) -> str:
    say = TITLES.get(Verb(event.verb))
    return say(found, event) if say else str(HAPPENED[Verb(event.verb)])


def _facts(found: CaseHistory, event: Event) -> str:
    say = FACTS.get(Verb(event.verb))
    return say(found, event) if say else ""


def _label(choices: Any, value: object) -> str:
    """Say a stored word; one that no longer exists is said as it stands."""
    return str(choices(value).label) if value in choices.values else str(value or "")


def _name(found: CaseHistory, event: Event, key: str) -> str:
    return found.names.get(event.data.get(key) or 0, "")


def _dispatched(_found: CaseHistory, event: Event) -> str:
    people = len(event.data.get("users", ()))
    group = event.holder.short_name if event.data.get("group") and event.holder else ""
    count = _("%(count)d 名承办人") % {"count": people} if people else ""
    return _("分派给 %(whom)s") % {"whom": _("、").join(part for part in (group, count) if part)}


def _escalated(found: CaseHistory, event: Event) -> str:
    if event.data.get("top"):
        return _("已在市级，继续催办")
    return _("升级到 %(name)s") % {"name": _name(found, event, "to")}


def _closed(_found: CaseHistory, event: Event) -> str:
    if event.actor == Actor.CLOCK:
        return _("居民逾期未回复，自动结案")
    return _("回访后结案")


def _confirmed(_found: CaseHistory, event: Event) -> str:
    if event.data.get("by_phone"):
        return _("回访：居民说已解决")
    return _("居民确认已解决")


def _disputed(_found: CaseHistory, event: Event) -> str:
    words = _("居民说只解决了一部分") if event.data.get("partly") else _("居民说没有解决")
    return words if event.user is None else _("回访：%(words)s") % {"words": words}


def _returned(_found: CaseHistory, event: Event) -> str:
    return _("退单（第 %(count)s 次）") % {"count": event.data.get("returns", 1)}


def _answered(_found: CaseHistory, event: Event) -> str:
    return _("答复升级：%(kind)s") % {"kind": _label(AnswerKind, event.data.get("kind"))}


TITLES: dict[Verb, Callable[[CaseHistory, Event], str]] = {
    Verb.DISPATCH: _dispatched,
    Verb.ESCALATE: _escalated,
    Verb.CLOSE: _closed,
    Verb.CONFIRM: _confirmed,
    Verb.DISPUTE: _disputed,
    Verb.RETURN: _returned,
    Verb.ANSWER: _answered,
    Verb.NOTE: lambda _found, event: _("进展") if event.data.get("is_public") else _("备注"),
    Verb.RATE: lambda _found, _event: _("居民作了评价"),
    Verb.REASSIGN: lambda _found, event: (
        _("改派给 %(name)s") % {"name": event.organisation.short_name}
    ),
    Verb.RESOLVE: lambda _found, event: (
        _("办结：%(outcome)s") % {"outcome": _label(Outcome, event.data.get("outcome"))}
    ),
    Verb.REMIND: lambda _found, event: (
        _("到期提醒：%(kind)s") % {"kind": _label(DeadlineKind, event.data.get("kind"))}
    ),
}


def _report(found: CaseHistory, _event: Event) -> str:
    since = found.petition.since
    lines = [
        found.petition.text,
        _("从什么时候开始：%(since)s") % {"since": since} if since else "",
    ]
    return "\n".join(line for line in lines if line)


def _visited(_found: CaseHistory, event: Event) -> str:
    return door_words(event.data.get("counts", {}))


def door_words(counts: Mapping[str, int]) -> str:
    """Say what was found at doors, as counts only."""
    parts = [
        _("%(label)s %(count)d 户") % {"label": result.label, "count": counts[result]}
        for result in DoorResult
        if counts.get(result)
    ]
    return _("，").join(parts)


def _given(found: CaseHistory, event: Event) -> str:
    """Say the cause of this round; its words are the event's note, else those in force."""
    petition, note = found.petition, getattr(event, "note", None)
    is_in_force = event.data.get("round") == petition.round
    named = (note.cause if note else "") or (petition.cause if is_in_force else "")
    cause = _("原因：%(cause)s") % {"cause": named} if named else ""
    answer = petition.public_answer if is_in_force and not note else ""
    return "\n".join(line for line in (answer, cause) if line)


def _climbed(found: CaseHistory, event: Event) -> str:
    kind, skipped = event.data.get("deadline"), event.data.get("skipped") or ()
    to = _name(found, event, "to") if event.verb == Verb.DISPUTE else ""
    lines = [
        _("同时升级到 %(name)s。") % {"name": to} if to else "",
        _("“%(kind)s”时限已过，自动升级。") % {"kind": _label(DeadlineKind, kind)} if kind else "",
        _("%(count)d 级组织的职务空缺，已越过。") % {"count": len(skipped)} if skipped else "",
    ]
    return "\n".join(line for line in lines if line)


def _ordered(found: CaseHistory, event: Event) -> str:
    name = _name(found, event, "department")
    return _("由 %(name)s 办理。") % {"name": name} if name else ""


def _proposed(found: CaseHistory, event: Event) -> str:
    name = _name(found, event, "proposed")
    return _("建议由 %(name)s 办理。") % {"name": name} if name else ""


FACTS: dict[Verb, Callable[[CaseHistory, Event], str]] = {
    Verb.FILE: _report,
    Verb.VISIT: _visited,
    Verb.RESOLVE: _given,
    Verb.ESCALATE: _climbed,
    Verb.DISPUTE: _climbed,
    Verb.ANSWER: _ordered,
    Verb.RETURN: _proposed,
}


def holder_periods(
    found: CaseHistory, now: dt.datetime, calendar: WorkCalendar | None
) -> list[HolderPeriod]:
    """Return how long each organisation held the case, in the order in which it got it.

    Time runs from the event that gave the case to the next event; while the resident is asked it
    is in nobody's hand. Working time, or every minute where the standard counts round the clock
    (`calendar` None).
    """
    totals: dict[int, HolderPeriod] = {}
    events = list(found.events)
    for event, until in zip(events, [*(one.at for one in events[1:]), now], strict=True):
        hand = _hand(event)
        if hand is not None:
            kept = totals.setdefault(event.holder_id or WITH_RESIDENT, hand)
            kept.minutes += _minutes(event.at, until, calendar)
            kept.current = event is events[-1]
    _share(list(totals.values()), calendar)
    return list(totals.values())


def _hand(event: Event) -> HolderPeriod | None:
    if event.holder is not None:
        return HolderPeriod(event.holder.short_name)
    return HolderPeriod(_("等居民确认")) if event.to_status == Status.RESOLVED else None


def _minutes(since: dt.datetime, until: dt.datetime, calendar: WorkCalendar | None) -> int:
    if calendar is None:
        return max(0, (until - since) // MINUTE)
    return max(0, calendar.minutes_between(since, until))


def _share(found: Sequence[HolderPeriod], calendar: WorkCalendar | None) -> None:
    total = sum(hand.minutes for hand in found)
    day = calendar.day_minutes if calendar else durations.DAY
    for hand in found:
        hand.share = round(FULL * hand.minutes / total) if total else FULL // len(found)
        hand.duration = durations.format_minutes(hand.minutes, day, is_working=calendar is not None)
