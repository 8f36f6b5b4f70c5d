"""Verbs that change who answers: return to the desk, and reassign to another organisation."""

from __future__ import annotations

import datetime as dt

from django.utils import translation
from django.utils.translation import gettext as _

from branches.enums import OrgLevel
from branches.models import Organisation
from members.models import User
from petitions.enums import DeadlineKind, DeadlineState, Status, Verb
from petitions.models import Petition
from petitions.permissions import By
from petitions.rules import routing
from petitions.workflow import escalation_chain
from petitions.workflow.case_store import transition
from petitions.workflow.transitions import WrongState


def return_(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    proposed: Organisation | None = None,
    expected_version: int | None = None,
) -> Petition:
    """Object to the routing before work starts, with a reason and, if known, the right owner.

    At most twice, and never after a reassignment that was final. The desk decides.
    """
    with transition(
        petition, Verb.RETURN, by=by, now=now, expected_version=expected_version
    ) as change:
        change.petition.returns += 1
        change.data = {
            "returns": change.petition.returns,
            "proposed": proposed.pk if proposed else None,
        }
        change.add_note(reason, is_public=False)
    return change.petition


def reassign(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    organisation: Organisation,
    reason: str,
    expected_version: int | None = None,
) -> Petition:
    """Give the case to another organisation, which must accept it; after a return it is final.

    The organisation complained about, or one below it, can never become the handler.
    """
    with transition(
        petition, Verb.REASSIGN, by=by, now=now, expected_version=expected_version
    ) as change:
        case = change.petition
        _check_target(case, organisation)
        _check_reach(by, organisation)
        case.is_route_final = change.is_from(Status.RETURNED)
        case.organisation = organisation
        case.group = case.group if case.group and case.group.parent_id == organisation.pk else None
        case.assigned_group, case.assignee_ids = None, []
        case.level = max(
            case.level,
            routing.CASE_LEVEL[organisation.level],
            key=escalation_chain.CASE_LEVELS.index,
        )
        case.route = {"why": "reassigned", "organisation": organisation.name, "by": _actor_name(by)}
        with translation.override("zh-hans"):  # the language of the file
            case.route_text = routing.explain(case.route)
        change.data = {"to": organisation.pk, "final": case.is_route_final}
        change.add_note(reason, is_public=False)
        change.stop_deadlines(DeadlineState.CANCELLED, DeadlineKind.CONTACT)
        change.start_deadline(DeadlineKind.CONTACT, organisation_id=organisation.pk)
    return change.petition


def _actor_name(by: By) -> str:
    seats = getattr(getattr(by, "scope", None), "seats", ())
    return next((seat.organisation_name for seat in seats), "")


def _check_reach(by: By, organisation: Organisation) -> None:
    """Refuse an organisation outside the actor's own line: neither below nor above any post."""
    seats = (
        [seat for seat in by.scope.posts if seat.organisation_path] if isinstance(by, User) else []
    )
    if not any(
        organisation.path.startswith(seat.organisation_path) or organisation.pk in seat.ancestor_ids
        for seat in seats
    ):
        raise WrongState("wrong_target", _("只能改派给支部、社区、街道或市级组织。"))


def _check_target(petition: Petition, organisation: Organisation) -> None:
    if organisation.level in (OrgLevel.DEPARTMENT, OrgLevel.GROUP):
        raise WrongState("wrong_target", _("只能改派给支部、社区、街道或市级组织。"))
    if organisation.pk == petition.organisation_id:
        raise WrongState("same_target", _("已经由该组织负责。"))
    about = petition.about_organisation_id
    if about is not None and about in organisation.ancestor_ids:
        raise WrongState("own_cause", _("被反映的组织不能办理本件。"))
