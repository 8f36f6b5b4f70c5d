"""Verbs that change the responsible organisation: return to the level above, and reassign."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from branches.enums import OrgLevel
from branches.models import Organisation, Responsibility
from members.models import User
from petitions.enums import DeadlineKind, DeadlineState, Status, Verb
from petitions.models import Petition
from petitions.permissions import SYSTEM, By
from petitions.rules import routing
from petitions.workflow import arbitration, escalation_chain
from petitions.workflow.case_store import transition
from petitions.workflow.submission import RECORD_LANGUAGE, in_record_language
from petitions.workflow.transitions import Transition, WrongState


def return_(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    proposed: Organisation | None = None,
    expected_version: int | None = None,
) -> Petition:
    """Return the case before work starts, with a reason and, if known, the right organisation.

    At most twice, and never after a final reassignment. The organisation above decides, within a
    deadline of its own.
    """
    with transition(
        petition, Verb.RETURN, by=by, now=now, expected_version=expected_version
    ) as change:
        change.petition.returns += 1
        change.data = {
            "returns": change.petition.returns,
            "proposed": proposed.pk if proposed else None,
        }
        arbitration.appoint_arbiter(change)
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
    """Reassign the case to another organisation, which must accept it; final after a return.

    A return is decided only by the arbiter, who may also leave the case where it was. Never to the
    organisation complained about or to one below it.
    """
    with transition(
        petition, Verb.REASSIGN, by=by, now=now, expected_version=expected_version
    ) as change:
        case = change.petition
        is_decision = change.is_from(Status.RETURNED)
        is_kept = is_decision and organisation.pk == case.organisation_id
        _check_target(case, organisation, may_be_same=is_decision)
        _check_scope(by, organisation)
        case.is_route_final = case.is_route_final or is_decision
        case.group = case.group if case.group and case.group.parent_id == organisation.pk else None
        route = {"why": "reassigned", "organisation": organisation.name, "by": _actor_name(by)}
        _give_to(change, organisation, route)
        change.data = {"to": organisation.pk, "final": case.is_route_final, "kept": is_kept}
        change.add_note(reason, is_public=False)
        arbitration.settle_arbitration(change)
    return change.petition


def follow(
    *, petition: Petition, now: dt.datetime, responsibility: Responsibility, route: routing.Route
) -> Petition:
    """Reassign a case to the organisation that answers for its place now.

    Decided when `responsibility`, that of the present organisation, was ended. Raises WrongState if
    another organisation has become responsible for the case meanwhile.
    """
    with transition(petition, Verb.REASSIGN, by=SYSTEM, now=now) as change:
        case, organisation = change.petition, route.organisation
        if case.organisation_id != responsibility.organisation_id:
            raise WrongState("moved", _("已经由其他组织负责。"))
        _check_target(case, organisation, may_be_same=False)
        case.group = route.group
        _give_to(change, organisation, route.parts)
        change.data = {
            "to": organisation.pk,
            "final": case.is_route_final,
            "responsibility": responsibility.pk,
        }
        with translation.override(RECORD_LANGUAGE):
            words = {
                "area": responsibility.area.full_name,
                "organisation": responsibility.organisation.name,
            }
            reason = _("%(organisation)s 不再负责%(area)s，没办完的诉求随之转来。") % words
        change.add_note(reason, is_public=False)
    return change.petition


def _give_to(change: Transition, organisation: Organisation, route: dict[str, Any]) -> None:
    """Make an organisation responsible; it must accept the case within a new deadline."""
    case = change.petition
    case.organisation = organisation
    case.assigned_group, case.assignee_ids = None, []
    case.level = max(
        case.level,
        routing.CASE_LEVEL[organisation.level],
        key=escalation_chain.CASE_LEVELS.index,
    )
    case.route, case.route_text = route, in_record_language(route)
    if case.supervisor_id == organisation.pk:
        _end_supervision(change)
    change.stop_deadlines(DeadlineState.CANCELLED, DeadlineKind.CONTACT)
    change.start_deadline(DeadlineKind.CONTACT, organisation_id=organisation.pk)
    change.transfer_deadlines(DeadlineKind.RESOLUTION, organisation)


def _end_supervision(change: Transition) -> None:
    """End the supervision by the organisation that takes the case over itself."""
    change.petition.supervisor, change.petition.is_answer_owed = None, False
    change.stop_deadlines(DeadlineState.CANCELLED, DeadlineKind.ANSWER)


def _actor_name(by: By) -> str:
    posts = by.scope.posts if isinstance(by, User) else ()
    return next((post.organisation_name for post in posts), "")


def _check_scope(by: By, organisation: Organisation) -> None:
    """Refuse an organisation that is neither below nor above any post of the actor."""
    posts = by.scope.posts if isinstance(by, User) else ()
    if not any(
        organisation.path.startswith(post.organisation_path) or organisation.pk in post.ancestor_ids
        for post in posts
        if post.organisation_path
    ):
        raise WrongState("wrong_target", _("只能改派给支部、社区、街道或市级组织。"))


def _check_target(petition: Petition, organisation: Organisation, *, may_be_same: bool) -> None:
    if organisation.level in (OrgLevel.DEPARTMENT, OrgLevel.GROUP):
        raise WrongState("wrong_target", _("只能改派给支部、社区、街道或市级组织。"))
    if organisation.pk == petition.organisation_id and not may_be_same:
        raise WrongState("same_target", _("已经由该组织负责。"))
    about = petition.about_organisation_id
    if about is not None and about in organisation.ancestor_ids:
        raise WrongState("own_cause", _("被反映的组织不能办理本件。"))
