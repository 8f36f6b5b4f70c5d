"""Who is notified of an event, and the text; it holds nothing about the petitioner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Self

import structlog
from django.utils import translation
from django.utils.translation import gettext as _

from branches import register_rows
from members.enums import MessageKind
from members.models import User
from members.posts import directory
from members.workflow import Notification
from petitions import exclusion, involvement
from petitions.enums import Actor, DeadlineKind, Status, Urgency, Verb
from petitions.models import Event, Petition
from petitions.notices import reveal_notices

log = structlog.get_logger("notices")

K = MessageKind
MAX_PLACE_LENGTH = 80
URGENT = frozenset({Urgency.EMERGENCY, Urgency.URGENT})
URGENT_KINDS = frozenset(
    {K.TO_ACCEPT, K.ASSIGNED, K.OVERDUE, K.ESCALATED, K.REOPENED, K.RETURNED}
    | {K.HANDED_BACK, K.TASK_OVERDUE}
)
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
    """Heads of organisations and users on a day, each read once; `petition` is the case at hand.

    A message to an organisation always reaches somebody: if its head post is vacant, its heads
    are locked, or the case is about an organisation of theirs, the nearest organisation above
    whose heads may see the case receives it at once.
    """

    day: dt.date
    petition: Petition | None = None
    heads_by_organisation: dict[int, list[int]] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event], day: dt.date) -> Self:
        """Read the heads of the organisations that these events concern in one query."""
        organisation_ids = {
            pk
            for event in events
            for pk in (
                *involvement.handling_side_ids(event),
                *(event.data.get(key) for key in ("to", "arbiter", "from", "doer", "orderer")),
                *event.data.get("doers", ()),
            )
            if pk is not None
        }
        created = cls(day)
        created._read_heads(organisation_ids)
        return created

    def heads(self, *organisation_ids: int | None) -> tuple[int, ...]:
        """Return the ids of the heads of these organisations, each once, in this order.

        For an organisation without one, the heads of the nearest organisation above.
        """
        wanted = [pk for pk in organisation_ids if pk is not None]
        self._read_heads(wanted)
        return tuple(dict.fromkeys(user for pk in wanted for user in self._heads_or_above(pk)))

    def _read_heads(self, organisation_ids: Iterable[int]) -> None:
        """Read the heads of the organisations that are not known yet; at most one query."""
        if missing := set(organisation_ids) - self.heads_by_organisation.keys():
            self.heads_by_organisation |= directory.heads_of(missing, self.day)

    def _heads_or_above(self, organisation_id: int) -> tuple[int, ...]:
        own = self._without_conflict(self.heads_by_organisation[organisation_id])
        if own or self.petition is None:
            return own
        chain = register_rows.organisations([organisation_id])[organisation_id].ancestor_ids
        self._read_heads(chain)
        for above in reversed(chain[:-1]):
            heads = self.users_who_see(self.petition, *self.heads_by_organisation[above])
            if heads:
                return heads
        log.warning("notification_without_recipient", organisation=organisation_id)
        return ()

    def _without_conflict(self, user_ids: list[int]) -> tuple[int, ...]:
        if self.petition is None:
            return tuple(user_ids)
        excluded = exclusion.excluded_users(self.petition, user_ids, self.day)
        return tuple(user for user in user_ids if user not in excluded)

    def users_who_see(self, petition: Petition, *user_ids: int) -> tuple[int, ...]:
        """Keep the users who may still see a case: posts end, cases become restricted."""
        if missing := set(user_ids) - self.users.keys():
            self.users |= User.objects.in_bulk(missing)
        return tuple(
            pk
            for pk in dict.fromkeys(user_ids)
            if pk in self.users
            and Petition.objects.visible_to(self.users[pk]).filter(pk=petition.pk).exists()
        )


def notifications_for(event: Event, recipient_directory: RecipientDirectory) -> list[Notification]:
    """Return the notifications about one event, in the active language."""
    if event.verb == Verb.REVEAL:
        return reveal_notices.notifications_for(event, recipient_directory.day)
    petition = event.petition
    return [
        Notification(
            user_ids=group.user_ids,
            kind=group.kind,
            key=f"event:{event.pk}:{group.kind}",
            title=title(petition, group.kind),
            url=petition.get_absolute_url(),
            is_urgent=petition.urgency in URGENT and group.kind in URGENT_KINDS,
            area_path=petition.path,
        )
        for group in recipients(event, recipient_directory)
    ]


def recipients(event: Event, recipient_directory: RecipientDirectory) -> list[Recipients]:
    """Return who is notified of an event and how; never the user who acted.

    Users who belong to the organisation that the case is about are left out.
    """
    rule = RULES.get(Verb(event.verb))
    of_case = replace(recipient_directory, petition=event.petition)  # shares what was read
    groups = rule(event, of_case) if rule else []
    user_ids = {user for group in groups for user in group.user_ids}
    day = recipient_directory.day
    left_out = {event.user_id} | exclusion.excluded_users(event.petition, user_ids, day)
    return [
        Recipients(group.kind, tuple(user for user in group.user_ids if user not in left_out))
        for group in groups
    ]


def title(petition: Petition, kind: MessageKind) -> str:
    """Return the title of a message: number, place and category of the case.

    A long place name keeps its end, which is the most specific part.
    """
    place = petition.place_name[-MAX_PLACE_LENGTH:]
    return f"{kind.label}：{petition.number} {place} {petition.category.name}"


def _filer(event: Event, to: RecipientDirectory) -> tuple[int, ...]:
    """Return the user who filed the case for a resident; after that user left, the desk.

    The desk of a case that is about an organisation or an accusation is not told.
    """
    petition = event.petition
    filer = involvement.filer_id(petition)
    if filer is None:
        return ()
    present = to.users_who_see(petition, filer)
    if present or involvement.is_restricted(petition):
        return present
    filed = Event.objects.filter(petition=petition, verb=Verb.FILE)
    desk = filed.values_list("acting_for", flat=True).first()
    if desk is None:
        return ()
    staff = directory.staff_of([desk], to.day)[desk]
    return to.users_who_see(petition, *staff) or to.users_who_see(petition, *to.heads(desk))


def _to_handler(kind: MessageKind) -> Callable[[Event, RecipientDirectory], list[Recipients]]:
    def rule(event: Event, to: RecipientDirectory) -> list[Recipients]:
        return [Recipients(kind, to.heads(event.organisation_id))]

    return rule


def _to_filer(kind: MessageKind) -> Callable[[Event, RecipientDirectory], list[Recipients]]:
    def rule(event: Event, to: RecipientDirectory) -> list[Recipients]:
        return [Recipients(kind, _filer(event, to))]

    return rule


def _ended(event: Event, to: RecipientDirectory) -> list[Recipients]:
    """Notify who filed a case that ends; if a coordinator ended it, also who had it in hand."""
    user_ids = _filer(event, to)
    if event.actor == Actor.COORDINATOR:
        assignees = to.users_who_see(event.petition, *involvement.assignee_ids(event.petition))
        user_ids += to.heads(event.organisation_id, event.holder_id) + assignees
    return [Recipients(K.CLOSED, tuple(dict.fromkeys(user_ids)))]


def _dispatched(event: Event, to: RecipientDirectory) -> list[Recipients]:
    """Notify the assignees; the organisation itself if all of them have left meanwhile."""
    named = to.users_who_see(event.petition, *event.data.get("users", ()))
    assigned = named + to.heads(event.data.get("group"))
    return [Recipients(K.ASSIGNED, assigned or to.heads(event.organisation_id))]


def _returned(event: Event, to: RecipientDirectory) -> list[Recipients]:
    """Notify the heads and the staff of the organisation that decides on the return.

    An event of an earlier release does not name it; then the parent organisation is notified.
    """
    arbiter = event.data.get("arbiter") or event.organisation.parent_id
    if arbiter is None:
        return []
    staff = directory.staff_of([arbiter], to.day).get(arbiter, [])
    deciding = to.heads(arbiter)
    groups = [Recipients(K.RETURNED, (*deciding, *staff))]
    if event.data.get("skipped"):
        groups.append(Recipients(K.DATA_QUALITY, deciding))
    return groups


def _not_decided(event: Event, to: RecipientDirectory) -> list[Recipients]:
    """Notify the arbiter that did not decide in time, and the next one if there is one."""
    if event.data.get("top"):
        return [Recipients(K.OVERDUE, to.heads(event.holder_id))]
    return [*_returned(event, to), Recipients(K.OVERDUE, to.heads(event.data.get("from")))]


def _escalated(event: Event, to: RecipientDirectory) -> list[Recipients]:
    if event.data.get("deadline") == DeadlineKind.ARBITRATION:
        return _not_decided(event, to)
    if event.data.get("top"):
        return [Recipients(K.OVERDUE, to.heads(*involvement.handling_side_ids(event)))]
    to_answer = to.heads(event.data.get("to"))
    groups = [Recipients(K.ESCALATED, to_answer)]
    if event.data.get("deadline"):
        is_returned = event.to_status == Status.RETURNED
        owing = event.holder_id if is_returned else event.organisation_id
        groups.append(Recipients(K.OVERDUE, to.heads(owing)))
    if event.data.get("skipped"):
        groups.append(Recipients(K.DATA_QUALITY, to_answer))
    return groups


def _reopened(event: Event, to: RecipientDirectory) -> list[Recipients]:
    """Notify who is responsible now: not an organisation that had left before it was reopened."""
    return [Recipients(K.REOPENED, to.heads(event.petition.organisation_id))]


def _disputed(event: Event, to: RecipientDirectory) -> list[Recipients]:
    return _reopened(event, to) + (_escalated(event, to) if event.data.get("to") else [])


def _answered(event: Event, to: RecipientDirectory) -> list[Recipients]:
    groups = [Recipients(K.ANSWERED, to.heads(event.organisation_id))]
    return groups + (_task_sent(event, to) if event.data.get("doer") else [])


def _task_sent(event: Event, to: RecipientDirectory) -> list[Recipients]:
    return [Recipients(K.ASSIGNED, to.heads(event.data["doer"]))]


def _concluded(event: Event, to: RecipientDirectory) -> list[Recipients]:
    """Notify who ordered the task, and who is responsible for the case and goes on with it."""
    return [Recipients(K.CONCLUDED, to.heads(event.data["orderer"], event.organisation_id))]


def _handed_back(event: Event, to: RecipientDirectory) -> list[Recipients]:
    return [Recipients(K.HANDED_BACK, to.heads(event.data["orderer"]))]


def _cancelled(event: Event, to: RecipientDirectory) -> list[Recipients]:
    return [Recipients(K.CANCELLED, to.heads(event.data["doer"]))]


def _task_overdue(event: Event, to: RecipientDirectory) -> list[Recipients]:
    return [Recipients(K.TASK_OVERDUE, to.heads(event.data["orderer"], event.data["doer"]))]


def _with_cancelled_tasks(
    rule: Callable[[Event, RecipientDirectory], list[Recipients]],
) -> Callable[[Event, RecipientDirectory], list[Recipients]]:
    """Extend a rule: the doers of the tasks that ended with the event are notified, too."""

    def extended(event: Event, to: RecipientDirectory) -> list[Recipients]:
        doers = to.heads(*event.data.get("doers", ()))
        return [*rule(event, to), *([Recipients(K.CANCELLED, doers)] if doers else [])]

    return extended


def _closed(event: Event, to: RecipientDirectory) -> list[Recipients]:
    return [Recipients(K.CLOSED, to.heads(event.organisation_id) + _filer(event, to))]


def _reminded(event: Event, to: RecipientDirectory) -> list[Recipients]:
    if event.data.get("kind") == DeadlineKind.CONFIRMATION:
        return []
    owing = event.data.get("organisation") or event.organisation_id
    return [Recipients(K.REMINDER, to.heads(owing))]


def _rescheduled(event: Event, to: RecipientDirectory) -> list[Recipients]:
    """Notify the organisation that must keep the deadline; the resident reads it on the page."""
    owing = event.data.get("organisation")
    return [Recipients(K.DEADLINE, to.heads(owing))] if owing else []


RULES: dict[Verb, Callable[[Event, RecipientDirectory], list[Recipients]]] = {
    Verb.FILE: _to_handler(K.TO_ACCEPT),
    Verb.ACCEPT: _to_filer(K.NOTE),
    Verb.DECLINE: _with_cancelled_tasks(_ended),
    Verb.REDIRECT: _with_cancelled_tasks(_ended),
    Verb.DISPATCH: _dispatched,
    Verb.RETURN: _returned,
    Verb.REASSIGN: _to_handler(K.TO_ACCEPT),
    Verb.ESCALATE: _escalated,
    Verb.ANSWER: _answered,
    Verb.RESOLVE: _with_cancelled_tasks(_to_filer(K.RESOLVED)),
    Verb.DISPUTE: _disputed,
    Verb.REOPEN: _reopened,
    Verb.CONFIRM: _closed,
    Verb.CLOSE: _closed,
    Verb.WITHDRAW: _with_cancelled_tasks(_to_handler(K.CLOSED)),
    Verb.NOTE: _to_handler(K.NOTE),
    Verb.REMIND: _reminded,
    Verb.CONCLUDE: _concluded,
    Verb.HAND_BACK: _handed_back,
    Verb.CANCEL: _cancelled,
    Verb.SEND_AGAIN: _task_sent,
    Verb.OVERDUE: _task_overdue,
    Verb.RESCHEDULE: _rescheduled,
}


def text_for_resident(petition: Petition, verb: Verb) -> str:
    """Return the text message to the petitioner: what happened and where to read more."""
    with translation.override(petition.language):
        words = {
            Verb.ACCEPT: _("您反映的 %(number)s 已受理。"),
            Verb.DECLINE: _("您反映的 %(number)s 未能受理，原因已写明。"),
            Verb.REDIRECT: _("您反映的 %(number)s 已转其他法定途径。"),
            Verb.RESOLVE: (
                _("您反映的 %(number)s 已有答复，请告诉我们您是否接受说明。")
                if petition.is_explained
                else _("您反映的 %(number)s 已有答复，请确认是否解决。")
            ),
            Verb.DISPUTE: _("您反映的 %(number)s 已重新办理。"),
            Verb.REOPEN: _("您反映的 %(number)s 已重新办理。"),
        }[verb] % {"number": petition.number}
        return words + _("请用查询码查看详情。")
