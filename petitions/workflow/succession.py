"""Gives cases to the organisation that answers for their place now, instead of one that left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from branches.enums import OrgLevel
from branches.models import Organisation
from members.models import User
from petitions import confidential_contacts
from petitions.actors import SYSTEM
from petitions.enums import DeadlineKind, DeadlineState, Verb
from petitions.models import Petition
from petitions.rules import routing
from petitions.rules.former_holders import FormerHolder
from petitions.workflow import case_store, escalation_chain
from petitions.workflow.case_store import transition
from petitions.workflow.transitions import Transition, WrongState


def follow(
    *, petition: Petition, now: dt.datetime, former: FormerHolder, route: routing.Route
) -> Petition:
    """Reassign a case to the organisation that answers for its place now.

    `former` is the organisation that left. Raises WrongState if another organisation has become
    responsible for the case meanwhile.
    """
    with transition(petition, Verb.REASSIGN, by=SYSTEM, now=now) as change:
        case, organisation = change.petition, route.organisation
        if case.organisation_id != former.organisation.pk:
            raise WrongState("moved", _("已经由其他组织负责。"))
        check_target(case, organisation, may_be_same=False)
        case.group = route.group
        give_to(change, organisation, route.parts)
        change.data = {"to": organisation.pk, "final": case.is_route_final}
        if former.responsibility is not None:
            change.data["responsibility"] = former.responsibility.pk
        with translation.override(routing.RECORD_LANGUAGE):
            change.add_note(former.reason, is_public=False)
    return change.petition


def to_present_holder(verb: Callable[..., Petition]) -> Callable[..., Petition]:
    """Decorator of a verb that reopens a case: it does not stay with an organisation that left.

    The case then goes at once to the organisation that answers for its place today, in an event of
    its own. It stays if nobody does, or if it was decided to leave the cases with an organisation
    that still exists.
    """

    @wraps(verb)
    def perform(*, petition: Petition, now: dt.datetime, **arguments: Any) -> Petition:
        store = case_store.current()
        by = arguments["by"]
        version = by.scope.register_version if isinstance(by, User) else None  # read just now
        former_holder = store.former_holder(petition, timezone.localdate(now), version)
        move = _successor(petition, former_holder, now)
        if move is None:
            return verb(petition=petition, now=now, **arguments)
        former, route = move
        with store.atomic():
            reopened = verb(petition=petition, now=now, **arguments)
            if reopened.organisation_id != former.organisation.pk:  # reassigned meanwhile
                return reopened
            return follow(petition=reopened, now=now, former=former, route=route)

    return perform


def _successor(
    petition: Petition, former: FormerHolder | None, now: dt.datetime
) -> tuple[FormerHolder, routing.Route] | None:
    """Return who left and who takes over; None if the case stays."""
    if former is None or former.keeps_cases:
        return None
    place = routing.place(petition.place_id, timezone.localdate(now))
    if place is None:
        return None
    level = OrgLevel(former.organisation.level)
    knowing_ids = confidential_contacts.knowing_organisation_ids(petition)
    route = routing.successor(place, level, petition, knowing_ids=knowing_ids)
    return None if route is None else (former, route)


def give_to(change: Transition, organisation: Organisation, route: dict[str, Any]) -> None:
    """Make an organisation responsible; it must accept the case within a new deadline.

    It keeps a date for the result that still runs, and accepts the case before that. A date that
    was missed before its time is replaced by a new one.
    """
    case = change.petition
    case.organisation = organisation
    case.assigned_group, case.assignee_ids = None, []
    case.level = max(
        case.level,
        routing.CASE_LEVEL[organisation.level],
        key=escalation_chain.CASE_LEVELS.index,
    )
    case.route, case.route_text = route, routing.in_record_language(route)
    if case.supervisor_id not in organisation.ancestor_ids[:-1]:
        _end_supervision(change)
    change.stop_deadlines(DeadlineState.CANCELLED, DeadlineKind.CONTACT)
    results = change.owed_deadlines([DeadlineKind.RESOLUTION])
    due_at = max((row.due_at for row in results if row.state == DeadlineState.OPEN), default=None)
    change.start_deadline(
        DeadlineKind.CONTACT,
        organisation_id=organisation.pk,
        amount=None if due_at is None else change.terms.contact_before(due_at, change.now),
    )
    if due_at is None:
        change.stop_deadlines(DeadlineState.CANCELLED, DeadlineKind.RESOLUTION)
        change.start_next_date()
    else:
        change.transfer_deadlines(DeadlineKind.RESOLUTION, organisation)


def _end_supervision(change: Transition) -> None:
    """End the supervision by an organisation that is not above the one that gets the case."""
    change.petition.supervisor, change.petition.is_answer_owed = None, False
    change.stop_deadlines(DeadlineState.CANCELLED, DeadlineKind.ANSWER)


def check_target(petition: Petition, organisation: Organisation, *, may_be_same: bool) -> None:
    """Refuse an organisation that cannot become responsible for the case."""
    if organisation.level in (OrgLevel.DEPARTMENT, OrgLevel.GROUP):
        raise WrongState("wrong_target", _("只能改派给支部、社区、街道或市级组织。"))
    if organisation.pk == petition.organisation_id and not may_be_same:
        raise WrongState("same_target", _("已经由该组织负责。"))
    about = petition.about_organisation_id
    if about is not None and about in organisation.ancestor_ids:
        raise WrongState("own_cause", _("被反映的组织不能办理本件。"))
