"""Who hears of an event, and in which words; nothing about the petitioner is ever in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

from django.utils import translation
from django.utils.translation import gettext as _

from members.enums import MessageKind
from members.models import User
from members.posts import directory
from members.workflow import Notification
from petitions import involvement
from petitions.enums import DeadlineKind, Urgency, Verb
from petitions.models import Event, Petition

K = MessageKind
MOST_OF_A_PLACE = 80
URGENT = frozenset({Urgency.EMERGENCY, Urgency.URGENT})
URGENT_KINDS = frozenset({K.TO_ACCEPT, K.ASSIGNED, K.OVERDUE, K.ESCALATED, K.REOPENED})
TO_RESIDENT = frozenset(
    {Verb.ACCEPT, Verb.DECLINE, Verb.REDIRECT, Verb.RESOLVE, Verb.DISPUTE, Verb.REOPEN}
)


@dataclass(frozen=True, slots=True)
class Recipients:
    """One kind of message to some people about one event."""

    kind: MessageKind
    user_ids: tuple[int, ...]


@dataclass(slots=True)
class RecipientDirectory:
    """Who heads which organisation on a day, each asked for once."""

    day: dt.date
    known: dict[int, list[int]] = field(default_factory=dict)
    people: dict[int, User] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event], day: dt.date) -> Self:
        """Read at once who heads the organisations that these events name first of all."""
        asked = {
            pk
            for event in events
            for pk in (*involvement.handling_side_ids(event), event.data.get("to"))
            if pk is not None
        }
        return cls(day, directory.heads_of(asked, day))

    def heads(self, *organisation_ids: int | None) -> tuple[int, ...]:
        """Return the heads of these organisations, each person once, in this order."""
        wanted = [pk for pk in organisation_ids if pk is not None]
        if missing := set(wanted) - self.known.keys():
            self.known |= directory.heads_of(missing, self.day)
        return tuple(dict.fromkeys(user for pk in wanted for user in self.known[pk]))

    def who_still_see(self, petition: Petition, *user_ids: int) -> tuple[int, ...]:
        """Keep those named in a case for whom it still exists: posts end, cases are sealed."""
        if missing := set(user_ids) - self.people.keys():
            self.people |= User.objects.in_bulk(missing)
        return tuple(
            pk
            for pk in dict.fromkeys(user_ids)
            if pk in self.people
            and Petition.objects.visible_to(self.people[pk]).filter(pk=petition.pk).exists()
        )


def notifications_for(event: Event, heads: RecipientDirectory) -> list[Notification]:
    """Return what is told to whom about one event, in the language that is set."""
    petition = event.petition
    return [
        Notification(
            user_ids=told.user_ids,
            kind=told.kind,
            key=f"event:{event.pk}:{told.kind}",
            title=title(petition, told.kind),
            url=petition.get_absolute_url(),
            is_urgent=petition.urgency in URGENT and told.kind in URGENT_KINDS,
            area_path=petition.path,
        )
        for told in recipients(event, heads)
    ]


def recipients(event: Event, heads: RecipientDirectory) -> list[Recipients]:
    """Return who is told what; whoever acted is not told of the own act."""
    rule = RULES.get(Verb(event.verb))
    told = rule(event, heads) if rule else []
    silent = {event.user_id} | _in_own_cause(event, told, heads.day)
    return [
        Recipients(one.kind, tuple(user for user in one.user_ids if user not in silent))
        for one in told
    ]


def _in_own_cause(event: Event, told: Iterable[Recipients], day: dt.date) -> set[int]:
    """Return who belongs to the organisation complained about: they hear nothing of the case."""
    user_ids = {user for one in told for user in one.user_ids}
    return involvement.excluded_users(event.petition, user_ids, day)


def title(petition: Petition, kind: MessageKind) -> str:
    """Name a case by number, place and category: what may stand in a message.

    Of a very long place its end is kept, which says most.
    """
    place = petition.place_name[-MOST_OF_A_PLACE:]
    return f"{kind.label}：{petition.number} {place} {petition.category.name}"


def _filer(event: Event, to: RecipientDirectory) -> tuple[int, ...]:
    filer = involvement.filer_id(event.petition)
    return to.who_still_see(event.petition, filer) if filer else ()


def _to_handler(kind: MessageKind) -> Callable[[Event, RecipientDirectory], list[Recipients]]:
    def rule(event: Event, to: RecipientDirectory) -> list[Recipients]:
        return [Recipients(kind, to.heads(event.organisation_id))]

    return rule


def _to_filer(kind: MessageKind) -> Callable[[Event, RecipientDirectory], list[Recipients]]:
    def rule(event: Event, to: RecipientDirectory) -> list[Recipients]:
        return [Recipients(kind, _filer(event, to))]

    return rule


def _dispatched(event: Event, to: RecipientDirectory) -> list[Recipients]:
    people_named = to.who_still_see(event.petition, *event.data.get("users", ()))
    return [Recipients(K.ASSIGNED, people_named + to.heads(event.data.get("group")))]


def _returned(event: Event, to: RecipientDirectory) -> list[Recipients]:
    """A returned case waits for the desk above: its secretary and its staff."""
    parent = event.organisation.parent_id
    if parent is None:
        return []
    staff = directory.staff_of([parent], to.day).get(parent, [])
    return [Recipients(K.RETURNED, (*to.heads(parent), *staff))]


def _escalated(event: Event, to: RecipientDirectory) -> list[Recipients]:
    if event.data.get("top"):
        return [Recipients(K.OVERDUE, to.heads(*involvement.handling_side_ids(event)))]
    to_answer = to.heads(event.data.get("to"))
    told = [Recipients(K.ESCALATED, to_answer)]
    if event.data.get("deadline"):
        told.append(Recipients(K.OVERDUE, to.heads(event.organisation_id)))
    if event.data.get("skipped"):
        told.append(Recipients(K.DATA_QUALITY, to_answer))
    return told


def _disputed(event: Event, to: RecipientDirectory) -> list[Recipients]:
    told = [Recipients(K.REOPENED, to.heads(event.organisation_id))]
    return told + (_escalated(event, to) if event.data.get("to") else [])


def _answered(event: Event, to: RecipientDirectory) -> list[Recipients]:
    told = [Recipients(K.ANSWERED, to.heads(event.organisation_id))]
    if event.data.get("department"):
        told.append(Recipients(K.ASSIGNED, to.heads(event.data["department"])))
    return told


def _closed(event: Event, to: RecipientDirectory) -> list[Recipients]:
    return [Recipients(K.CLOSED, to.heads(event.organisation_id) + _filer(event, to))]


def _reminded(event: Event, to: RecipientDirectory) -> list[Recipients]:
    if event.data.get("kind") == DeadlineKind.CONFIRMATION:
        return []
    owing = event.data.get("organisation") or event.organisation_id
    return [Recipients(K.REMINDER, to.heads(owing))]


RULES: dict[Verb, Callable[[Event, RecipientDirectory], list[Recipients]]] = {
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
