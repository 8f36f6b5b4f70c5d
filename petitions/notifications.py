"""Who hears of an event, and in which words; nothing about the petitioner is ever in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from members import directory
from members import workflow as people
from members.enums import MessageKind
from petitions.enums import DeadlineKind, Urgency, Verb
from petitions.models import Contact, Event, Outbox, Petition, ResidentMessage

K = MessageKind
MOST_OF_A_PLACE = 80
URGENT = frozenset({Urgency.EMERGENCY, Urgency.URGENT})
URGENT_KINDS = frozenset({K.TO_ACCEPT, K.ASSIGNED, K.OVERDUE, K.ESCALATED, K.REOPENED})
TO_RESIDENT = frozenset(
    {Verb.ACCEPT, Verb.DECLINE, Verb.REDIRECT, Verb.RESOLVE, Verb.DISPUTE, Verb.REOPEN}
)


@dataclass(frozen=True, slots=True)
class Told:
    """One kind of message to some people about one event."""

    kind: MessageKind
    user_ids: tuple[int, ...]


def announce(event_id: int) -> bool:
    """Tell everybody concerned about one event, once; False when done before or done elsewhere.

    The outbox row is locked, the messages have unique keys: any number of workers may try.
    """
    with transaction.atomic():
        row = (
            Outbox.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related(
                "event",
                "event__petition",
                "event__petition__category",
                "event__petition__community",
            )
            .filter(event_id=event_id, done_at=None)
            .first()
        )
        if row is None:
            return False
        now = timezone.now()
        with translation.override("zh-hans"):
            for told in recipients(row.event, timezone.localdate(now)):
                _tell(row.event, told, now)
        _owe_resident(row.event, now)
        row.done_at = now
        row.attempts += 1
        row.save(update_fields=["done_at", "attempts"])
    return True


def recipients(event: Event, day: dt.date) -> list[Told]:
    """Return who is told what; whoever acted is not told of the own act."""
    rule = RULES.get(Verb(event.verb))
    told = rule(event, day) if rule else []
    silent = {event.user_id} | _in_own_cause(event, told, day)
    return [
        Told(one.kind, tuple(user for user in one.user_ids if user not in silent)) for one in told
    ]


def _in_own_cause(event: Event, told: Iterable[Told], day: dt.date) -> set[int]:
    """Return who belongs to the organisation complained about: they hear nothing of the case."""
    about = event.petition.about_organisation_id
    if about is None:
        return set()
    return directory.those_under(about, {user for one in told for user in one.user_ids}, day)


def title(petition: Petition, kind: MessageKind) -> str:
    """Name a case by number, place and category: what may stand in a message.

    Of a very long place its end is kept, which says most.
    """
    place = petition.place_name[-MOST_OF_A_PLACE:]
    return f"{kind.label}：{petition.number} {place} {petition.category.name}"


def _tell(event: Event, told: Told, now: dt.datetime) -> None:
    if not told.user_ids:
        return
    petition = event.petition
    people.tell(
        user_ids=told.user_ids,
        kind=told.kind,
        key=f"event:{event.pk}:{told.kind}",
        title=title(petition, told.kind),
        url=petition.get_absolute_url(),
        is_urgent=petition.urgency in URGENT and told.kind in URGENT_KINDS,
        now=now,
        area_path=petition.path,
    )


def _owe_resident(event: Event, now: dt.datetime) -> None:
    """Owe the petitioner a text message about a step that matters, if there is a contact."""
    if event.verb in TO_RESIDENT and Contact.objects.filter(petition=event.petition_id).exists():
        ResidentMessage.objects.get_or_create(
            event=event, defaults={"petition_id": event.petition_id, "created_at": now}
        )


def _heads(organisation_ids: Iterable[int | None], day: dt.date) -> tuple[int, ...]:
    wanted = [pk for pk in organisation_ids if pk is not None]
    found = directory.heads_of(wanted, day)
    return tuple(dict.fromkeys(user for pk in wanted for user in found.get(pk, [])))


def _filer(event: Event) -> tuple[int, ...]:
    filer = event.petition.filed_by_id
    return (filer,) if filer else ()


def _to_handler(kind: MessageKind) -> Callable[[Event, dt.date], list[Told]]:
    def rule(event: Event, day: dt.date) -> list[Told]:
        return [Told(kind, _heads([event.organisation_id], day))]

    return rule


def _to_filer(kind: MessageKind) -> Callable[[Event, dt.date], list[Told]]:
    def rule(event: Event, _day: dt.date) -> list[Told]:
        return [Told(kind, _filer(event))]

    return rule


def _dispatched(event: Event, day: dt.date) -> list[Told]:
    people_named = tuple(event.data.get("users", ()))
    return [Told(K.ASSIGNED, people_named + _heads([event.data.get("group")], day))]


def _returned(event: Event, day: dt.date) -> list[Told]:
    """A returned case waits for the desk above: its secretary and its staff."""
    parent = event.organisation.parent_id
    if parent is None:
        return []
    staff = directory.staff_of([parent], day).get(parent, [])
    return [Told(K.RETURNED, (*_heads([parent], day), *staff))]


def _escalated(event: Event, day: dt.date) -> list[Told]:
    if event.data.get("top"):
        return [Told(K.OVERDUE, _heads([event.supervisor_id, event.organisation_id], day))]
    to_answer = _heads([event.data.get("to")], day)
    told = [Told(K.ESCALATED, to_answer)]
    if event.data.get("deadline"):
        told.append(Told(K.OVERDUE, _heads([event.organisation_id], day)))
    if event.data.get("skipped"):
        told.append(Told(K.DATA_QUALITY, to_answer))
    return told


def _disputed(event: Event, day: dt.date) -> list[Told]:
    told = [Told(K.REOPENED, _heads([event.organisation_id], day))]
    return told + (_escalated(event, day) if event.data.get("to") else [])


def _answered(event: Event, day: dt.date) -> list[Told]:
    told = [Told(K.ANSWERED, _heads([event.organisation_id], day))]
    if event.data.get("department"):
        told.append(Told(K.ASSIGNED, _heads([event.data["department"]], day)))
    return told


def _closed(event: Event, day: dt.date) -> list[Told]:
    return [Told(K.CLOSED, _heads([event.organisation_id], day) + _filer(event))]


def _reminded(event: Event, day: dt.date) -> list[Told]:
    if event.data.get("kind") == DeadlineKind.CONFIRMATION:
        return []
    owing = event.data.get("organisation") or event.organisation_id
    return [Told(K.REMINDER, _heads([owing], day))]


RULES: dict[Verb, Callable[[Event, dt.date], list[Told]]] = {
    Verb.FILE: _to_handler(K.TO_ACCEPT),
    Verb.ACCEPT: _to_filer(K.NOTE),
    Verb.DECLINE: _to_filer(K.CLOSED),
    Verb.REDIRECT: _to_filer(K.CLOSED),
    Verb.DISPATCH: _dispatched,
    Verb.RETURN: _returned,
    Verb.REASSIGN: _to_handler(K.TO_ACCEPT),
    Verb.ESCALATE: _escalated,
    Verb.ANSWER: _answered,
    Verb.RESOLVE: _to_filer(K.RESOLVED),
    Verb.DISPUTE: _disputed,
    Verb.REOPEN: _to_handler(K.REOPENED),
    Verb.CONFIRM: _closed,
    Verb.CLOSE: _closed,
    Verb.WITHDRAW: _to_handler(K.CLOSED),
    Verb.NOTE: _to_handler(K.NOTE),
    Verb.REMIND: _reminded,
}


def text_for_resident(petition: Petition, verb: Verb) -> str:
    """Return the text message for the petitioner: what happened, where to read on, no details."""
    with translation.override(petition.language):
        words = {
            Verb.ACCEPT: _("您反映的 %(number)s 已受理。"),
            Verb.DECLINE: _("您反映的 %(number)s 未能受理，原因已写明。"),
            Verb.REDIRECT: _("您反映的 %(number)s 已转其他法定途径。"),
            Verb.RESOLVE: _("您反映的 %(number)s 已有答复，请确认是否解决。"),
            Verb.DISPUTE: _("您反映的 %(number)s 已重新办理。"),
            Verb.REOPEN: _("您反映的 %(number)s 已重新办理。"),
        }[verb] % {"number": petition.number}
        return words + _("请用查询码查看详情。")
