"""A line of the security log in words, in the language of the reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _

from members.accounts import audit_log
from members.enums import ActOutcome, SecurityAction
from members.models import SecurityEvent, User

SEPARATOR = audit_log.LIST_SEPARATOR
translate = translation.gettext  # of stored texts, which the catalogue has by `gettext_noop`


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line: who, as what, did what, to which object, with which outcome, and why."""

    id: int
    at: dt.datetime
    who: str
    acting_as: str
    organisation: str
    act: str
    object: str
    outcome: str
    is_refused: bool
    message: str
    times: int
    address: str


def lines(events: Iterable[SecurityEvent]) -> list[LogLine]:
    """Return events in words; one query for the accounts that lines of earlier releases name."""
    events = list(events)
    unnamed = {event.detail.get("of") for event in events if not event.object_kind}
    unnamed |= {event.user_id for event in events if not event.user_name}
    accounts = User.objects.in_bulk([pk for pk in unnamed if isinstance(pk, int)])
    names = {pk: audit_log.full_name(user) for pk, user in accounts.items()}
    return [_line(event, names) for event in events]


def _line(event: SecurityEvent, names: Mapping[int, str]) -> LogLine:
    return LogLine(
        id=event.pk,
        at=event.at,
        who=event.user_name or names.get(event.user_id or 0, ""),
        acting_as=_translated(event.acting_as),
        organisation=event.organisation,
        act=_act(event),
        object=_object(event, names),
        outcome=str(ActOutcome(event.outcome).label) if event.outcome in ActOutcome.values else "",
        is_refused=event.outcome in {ActOutcome.REFUSED, ActOutcome.FAILED},
        message=_translated(event.message),
        times=event.times,
        address=str(event.detail.get("ip") or ""),
    )


def _act(event: SecurityEvent) -> str:
    """Return what was done; of a refused attempt also what was tried."""
    known = event.action in SecurityAction.values
    label = str(SecurityAction(event.action).label) if known else event.action
    attempt = _translated(str(event.detail.get("attempt") or ""))
    if not attempt:
        return label
    return _("%(label)s：%(attempt)s") % {"label": label, "attempt": attempt}


def _object(event: SecurityEvent, names: Mapping[int, str]) -> str:
    """Return kind and name of the object."""
    kind, name = event.object_kind, event.object_name
    if not kind and "of" in event.detail:
        kind, name = audit_log.ACCOUNT, names.get(event.detail["of"], str(event.detail["of"]))
    return " ".join(part for part in (_translated(kind), name) if part)


def _translated(text: str) -> str:
    """Translate a stored text, or each part of a list; what the catalogue lacks stays."""
    return SEPARATOR.join(translate(part) if part else "" for part in text.split(SEPARATOR))
