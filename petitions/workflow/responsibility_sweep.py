"""Moves the open cases of organisations whose responsibility has ended, where that was decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import structlog
from django.db import transaction
from django.utils import timezone

from branches import workflow
from branches.enums import OrgLevel
from branches.models import Responsibility
from config.lib.domain_errors import DomainError
from petitions import confidential_contacts
from petitions.enums import Status
from petitions.models import Petition
from petitions.rules import routing
from petitions.rules.former_holders import FormerHolder
from petitions.states import IN_HAND
from petitions.workflow import succession

log = structlog.get_logger("clock")

FOLLOWING = (Status.SUBMITTED, *IN_HAND)
"""Statuses in which a case follows. A returned case waits for a decision about its organisation."""


def move_due(*, now: dt.datetime) -> int:
    """Move the cases of ended responsibilities that follow; return how many were moved.

    A case that cannot be moved stays with its organisation and is logged by id. A repeated call
    goes on where the one before was interrupted.
    """
    day = timezone.localdate(now)
    ended = Responsibility.objects.to_follow(day).select_related("organisation", "area")
    return sum(_move_cases(row, day, now) for row in ended)


def _move_cases(row: Responsibility, day: dt.date, now: dt.datetime) -> int:
    moved = 0
    for petition in _cases_of(row):
        try:
            moved += _move(petition, row, day, now)
        except DomainError as error:
            log.warning("case_not_moved", case=petition.pk, reason=error.code)
    workflow.mark_followed(responsibility=row, now=now)
    return moved


def _cases_of(row: Responsibility) -> Iterator[Petition]:
    """Yield the cases of the organisation at the place."""
    cases = Petition.objects.filter(
        status__in=FOLLOWING, organisation=row.organisation_id, path__startswith=row.area.path
    )
    yield from cases.order_by("pk").iterator()


@transaction.atomic
def _move(petition: Petition, row: Responsibility, day: dt.date, now: dt.datetime) -> bool:
    """Move one case; False if its organisation answers for it in another way, or nobody does."""
    place = routing.place(petition.place_id, day)
    if place is None or row.organisation_id in {other.organisation_id for other in place.answering}:
        return False
    knowing_ids = confidential_contacts.knowing_organisation_ids(petition)
    route = routing.successor(place, OrgLevel(row.level), petition, knowing_ids=knowing_ids)
    if route is None:
        return False
    former = FormerHolder(row.organisation, row)
    succession.follow(petition=petition, now=now, former=former, route=route)
    return True
