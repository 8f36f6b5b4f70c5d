"""Staff timeline of a case: its events as text, and how long each organisation held it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from branches import register_rows
from config.lib import durations
from grids.calendar.working_time import WorkCalendar
from petitions import involvement
from petitions.casework import task_events
from petitions.enums import (
    Actor,
    AnswerKind,
    DeadlineKind,
    DoorResult,
    Outcome,
    Solved,
    Status,
    Verb,
)
from petitions.models import Event, Note, Petition, Photo
from petitions.rules import moved_deadlines
from petitions.verbs.table import SPEC_OF

WHOLE_PERCENT = 100
MINUTE = dt.timedelta(minutes=1)
WITH_RESIDENT = 0
RECORDED_ORGANISATIONS = ("acting_for", "organisation", "holder")
ORGANISATION_KEYS = ("to", "proposed", "department", "arbiter", "doer", "orderer")
"""Keys of `Event.data` whose value is the id of an organisation."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event as text, as `components/timeline_item.html` shows it."""

    id: int
    verb: Verb
    icon: str
    tone: str
    title: str
    actor: str
    when: str
    datetime: str
    text: str = ""
    internal: bool = False
    system: bool = False
    photos: Sequence[Mapping[str, str]] = ()


@dataclass(slots=True)
class HoldingTime:
    """How long one organisation held the case, as `components/holding_times.html` shows it."""

    label: str
    minutes: int = 0
    share: int = 0
    duration: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """The events of one case, oldest first, and names of the organisations by id."""

    petition: Petition
    events: Sequence[Event]
    names: Mapping[int, str] = field(default_factory=dict)


def load_history(petition: Petition, *, after: int = 0) -> CaseHistory:
    """Read the events of a case after a version; one query, and one for uncached organisations."""
    events = list(_events().filter(petition=petition, version__gt=after))
    organisation_ids = {
        *involvement.organisation_ids(petition),
        *(pk for event in events for pk in (*_recorded(event), *_mentioned(event))),
    }
    organisations = register_rows.organisations(organisation_ids)
    register_rows.attach(events, organisations=RECORDED_ORGANISATIONS)
    names = {pk: row.short_name for pk, row in organisations.items()}
    return CaseHistory(petition, events, names)


@cache
def _events() -> QuerySet[Event]:
    """Return all events, oldest first, with what an entry shows; limit it to one case."""
    photos = Photo.objects.filter(event=OuterRef("pk")).order_by("id").values("uuid")
    events = Event.objects.select_related("user", "note").order_by("version")
    return events.annotate(photo_uuids=ArraySubquery(photos))


def _recorded(event: Event) -> list[int]:
    ids = (getattr(event, f"{name}_id") for name in RECORDED_ORGANISATIONS)
    return [pk for pk in ids if pk is not None]


def _mentioned(event: Event) -> list[int]:
    named = [pk for key in ORGANISATION_KEYS if isinstance(pk := event.data.get(key), int)]
    return [*named, *event.data.get("doers", ())]


def staff_timeline(history: CaseHistory, now: dt.datetime) -> list[TimelineEntry]:
    """Return the events as text, oldest first, without the ratings."""
    return [_entry(history, event, now) for event in history.events]


def _entry(history: CaseHistory, event: Event, now: dt.datetime) -> TimelineEntry:
    note: Note | None = getattr(event, "note", None)
    uuids: Sequence[UUID] = getattr(event, "photo_uuids", ())
    spec = SPEC_OF[Verb(event.verb)]
    lines = [
        _facts(history, event),
        note.body if note else "",
        task_events.cancelled(history.names, event),
    ]
    return TimelineEntry(
        id=event.pk,
        verb=spec.verb,
        icon=spec.icon,
        tone=spec.tone,
        title=_title(history, event),
        actor=who(event),
        when=durations.absolute(event.at, now),
        datetime=event.at.isoformat(),
        text="\n".join(line for line in lines if line),
        internal=_is_internal(event, note),
        system=event.actor == Actor.CLOCK and event.verb in (Verb.REMIND, Verb.RESCHEDULE),
        photos=photo_links(uuids),
    )


def _is_internal(event: Event, note: Note | None) -> bool:
    if event.verb in (Verb.PHOTO, Verb.NOTE):
        return not event.data.get("is_public")
    return note is not None and not note.is_public


def photo_links(uuids: Iterable[UUID]) -> list[dict[str, str]]:
    """Return the photos as `components/photo_grid.html` shows them."""
    return [
        {
            "url": reverse("petitions:photo_file", args=[uuid]),
            "thumb": reverse("petitions:thumb", args=[uuid]),
            "alt": _("照片 %(number)d") % {"number": number},
        }
        for number, uuid in enumerate(uuids, start=1)
    ]


def who(event: Event) -> str:
    """Return who acted: organisation and person, "resident" without a name, or "system"."""
    if event.actor == Actor.CLOCK:
        return _("系统")
    if event.user is None:
        return _("居民")
    organisation = event.acting_for.short_name if event.acting_for else ""
    return " ".join(part for part in (organisation, event.user.name) if part)


def _title(history: CaseHistory, event: Event) -> str:
    verb = Verb(event.verb)
    if verb in task_events.TITLES:
        return task_events.TITLES[verb](history.names, event)
    return TITLES[verb](history, event) if verb in TITLES else str(SPEC_OF[verb].event_label)


def _facts(history: CaseHistory, event: Event) -> str:
    facts = FACTS.get(Verb(event.verb))
    return facts(history, event) if facts else ""


def _label(choices: Any, value: object) -> str:
    """Return the label of a stored value; the value itself if the enum no longer has it."""
    return str(choices(value).label) if value in choices.values else str(value or "")


def _name(history: CaseHistory, event: Event, key: str) -> str:
    return history.names.get(event.data.get(key) or 0, "")


def _dispatched(_history: CaseHistory, event: Event) -> str:
    people = len(event.data.get("users", ()))
    group = event.holder.short_name if event.data.get("group") and event.holder else ""
    count = _("%(count)d 名承办人") % {"count": people} if people else ""
    return _("分派给 %(whom)s") % {"whom": _("、").join(part for part in (group, count) if part)}


def _escalated(history: CaseHistory, event: Event) -> str:
    if event.data.get("deadline") == DeadlineKind.ARBITRATION:
        name = event.holder.short_name if event.holder else ""
        if event.data.get("top"):
            return _("退单仍待 %(name)s 裁定，继续催办") % {"name": name}
        return _("退单改由 %(name)s 裁定") % {"name": name}
    if event.data.get("top"):
        return _("已在市级，继续催办")
    return _("升级到 %(name)s") % {"name": _name(history, event, "to")}


def _closed(_history: CaseHistory, event: Event) -> str:
    if event.actor == Actor.CLOCK:
        return _("居民逾期未回复，自动结案")
    return _("回访后结案")


def _confirmed(_history: CaseHistory, event: Event) -> str:
    if event.data.get("said") == Solved.ACCEPTED:
        return _("回访：居民接受说明") if event.data.get("by_phone") else _("居民接受说明")
    if event.data.get("by_phone"):
        return _("回访：居民说已解决")
    return _("居民确认已解决")


def _disputed(_history: CaseHistory, event: Event) -> str:
    statement = _("居民说没有解决")
    if event.data.get("said") == Solved.REFUSED:
        statement = _("居民不接受说明")
    elif event.data.get("partly"):
        statement = _("居民说只解决了一部分")
    return statement if event.user is None else _("回访：%(words)s") % {"words": statement}


def _returned(_history: CaseHistory, event: Event) -> str:
    return _("退单（第 %(count)s 次）") % {"count": event.data.get("returns", 1)}


def _reassigned(_history: CaseHistory, event: Event) -> str:
    name = {"name": event.organisation.short_name}
    if event.data.get("kept"):
        return _("退单不成立，仍由 %(name)s 办理") % name
    return _("改派给 %(name)s") % name


def _answered(_history: CaseHistory, event: Event) -> str:
    return _("答复升级：%(kind)s") % {"kind": _label(AnswerKind, event.data.get("kind"))}


TITLES: dict[Verb, Callable[[CaseHistory, Event], str]] = {
    Verb.DISPATCH: _dispatched,
    Verb.ESCALATE: _escalated,
    Verb.CLOSE: _closed,
    Verb.CONFIRM: _confirmed,
    Verb.DISPUTE: _disputed,
    Verb.RETURN: _returned,
    Verb.ANSWER: _answered,
    Verb.NOTE: lambda _history, event: _("进展") if event.data.get("is_public") else _("备注"),
    Verb.RATE: lambda _history, _event: _("居民作了评价"),
    Verb.REASSIGN: _reassigned,
    Verb.RESOLVE: lambda _history, event: (
        _("办结：%(outcome)s") % {"outcome": _label(Outcome, event.data.get("outcome"))}
    ),
    Verb.REMIND: lambda _history, event: (
        _("到期提醒：%(kind)s") % {"kind": _label(DeadlineKind, event.data.get("kind"))}
    ),
}


def _report(history: CaseHistory, _event: Event) -> str:
    since = history.petition.since
    lines = [
        history.petition.text,
        _("从什么时候开始：%(since)s") % {"since": since} if since else "",
    ]
    return "\n".join(line for line in lines if line)


def _visited(_history: CaseHistory, event: Event) -> str:
    return door_counts(event.data.get("counts", {}))


def door_counts(counts: Mapping[str, int]) -> str:
    """Return the number of doors of each result as one text."""
    parts = [
        _("%(label)s %(count)d 户") % {"label": result.label, "count": counts[result]}
        for result in DoorResult
        if counts.get(result)
    ]
    return _("，").join(parts)


def _answer_in_full(history: CaseHistory, event: Event) -> str:
    """Return the cause of this round, and the current answer if the event has no note."""
    petition, note = history.petition, getattr(event, "note", None)
    is_current = event.data.get("round") == petition.round
    cause = (note.cause if note else "") or (petition.cause if is_current else "")
    cause_line = _("原因：%(cause)s") % {"cause": cause} if cause else ""
    answer = petition.public_answer if is_current and not note else ""
    return "\n".join(line for line in (answer, cause_line) if line)


def _escalation_facts(history: CaseHistory, event: Event) -> str:
    kind, skipped = event.data.get("deadline"), event.data.get("skipped") or ()
    to = _name(history, event, "to") if event.verb == Verb.DISPUTE else ""
    lines = [
        _("同时升级到 %(name)s。") % {"name": to} if to else "",
        _("“%(kind)s”时限已过，自动升级。") % {"kind": _label(DeadlineKind, kind)} if kind else "",
        _("%(count)d 级组织的职务空缺或须回避，已越过。") % {"count": len(skipped)}
        if skipped
        else "",
    ]
    return "\n".join(line for line in lines if line)


def _answer_facts(history: CaseHistory, event: Event) -> str:
    name = _name(history, event, "department")
    order = _("由 %(name)s 办理。") % {"name": name} + task_events.due(event) if name else ""
    lines = [order, moved_deadlines.sentence(event)]
    return "\n".join(line for line in lines if line)


def _return_facts(history: CaseHistory, event: Event) -> str:
    arbiter = _name(history, event, "arbiter")
    lines = [
        task_events.proposed(history.names, event),
        _("由 %(name)s 裁定。") % {"name": arbiter} if arbiter else "",
    ]
    return "\n".join(line for line in lines if line)


FACTS: dict[Verb, Callable[[CaseHistory, Event], str]] = {
    Verb.FILE: _report,
    Verb.VISIT: _visited,
    Verb.RESOLVE: _answer_in_full,
    Verb.ESCALATE: _escalation_facts,
    Verb.DISPUTE: _escalation_facts,
    Verb.ANSWER: _answer_facts,
    Verb.RESCHEDULE: lambda _history, event: moved_deadlines.sentence(event),
    Verb.RETURN: _return_facts,
    Verb.HAND_BACK: _return_facts,
    Verb.SEND_AGAIN: lambda _history, event: task_events.due(event),
}


def holding_times(
    history: CaseHistory, now: dt.datetime, calendar: WorkCalendar | None
) -> list[HoldingTime]:
    """Return how long each organisation held the case, in the order in which it got it.

    A period lasts from one event to the next. While the resident is asked, no organisation holds
    the case. `calendar` counts working time; None counts every minute.
    """
    periods: dict[int, HoldingTime] = {}
    events = list(history.events)
    for event, until in zip(
        events, [*(following.at for following in events[1:]), now], strict=True
    ):
        new_period = _period_after(event)
        if new_period is not None:
            period = periods.setdefault(event.holder_id or WITH_RESIDENT, new_period)
            period.minutes += _minutes(event.at, until, calendar)
            period.current = event is events[-1]
    _set_shares(list(periods.values()), calendar)
    return list(periods.values())


def _period_after(event: Event) -> HoldingTime | None:
    if event.holder is not None:
        return HoldingTime(event.holder.short_name)
    return HoldingTime(_("等居民确认")) if event.to_status == Status.RESOLVED else None


def _minutes(since: dt.datetime, until: dt.datetime, calendar: WorkCalendar | None) -> int:
    if calendar is None:
        return max(0, (until - since) // MINUTE)
    return max(0, calendar.minutes_between(since, until))


def _set_shares(periods: Sequence[HoldingTime], calendar: WorkCalendar | None) -> None:
    """Set the share in percent and the duration as text of each period."""
    total = sum(period.minutes for period in periods)
    day = calendar.day_minutes if calendar else durations.DAY
    for period in periods:
        period.share = WHOLE_PERCENT // len(periods)
        if total:
            period.share = round(WHOLE_PERCENT * period.minutes / total)
        is_working = calendar is not None
        period.duration = durations.format_minutes(period.minutes, day, is_working=is_working)
