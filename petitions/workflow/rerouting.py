"""Verbs that change the responsible organisation: return to the level above, and reassign."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from branches.models import Organisation
from members.models import User
from petitions import case_workers, confidential_contacts
from petitions.actors import By
from petitions.enums import Status, Verb
from petitions.models import Petition
from petitions.workflow import arbitration, succession
from petitions.workflow.case_store import transition
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
    organisation complained about or to one below it, nor to one that knows a contact which the
    resident keeps from the handling organisations.
    """
    with transition(
        petition, Verb.REASSIGN, by=by, now=now, expected_version=expected_version
    ) as change:
        case = change.petition
        is_decision = change.is_from(Status.RETURNED)
        is_kept = is_decision and organisation.pk == case.organisation_id
        succession.check_target(case, organisation, may_be_same=is_decision)
        _check_scope(by, organisation)
        if not is_decision:
            _check_owed(case, by, organisation)
        if not is_kept:
            _check_contact_unknown(case, organisation)
        case.is_route_final = case.is_route_final or is_decision
        case.group = case.group if case.group and case.group.parent_id == organisation.pk else None
        route = {"why": "reassigned", "organisation": organisation.name, "by": _actor_name(change)}
        succession.give_to(change, organisation, route)
        change.data = {"to": organisation.pk, "final": case.is_route_final, "kept": is_kept}
        change.add_note(reason, is_public=False)
        arbitration.settle_arbitration(change)
    return change.petition


def _actor_name(change: Transition) -> str:
    """Return the name of the organisation in whose name the user acts."""
    posts = change.user.scope.posts if change.user else ()
    own = (post for post in posts if post.organisation_id == change.acting_for_id)
    return next((post.organisation_name for post in own), "")


def _check_contact_unknown(petition: Petition, organisation: Organisation) -> None:
    """Refuse an organisation that knows the contact which handling organisations must not know."""
    if organisation.pk in confidential_contacts.knowing_organisation_ids(petition):
        words = _(
            "%(organisation)s有人打开过居民要求保密的联系方式，或者登记时看到了，"
            "不能由它办理，请改派给别的组织。"
        )
        raise WrongState("knows_contact", words % {"organisation": organisation.short_name})


def _check_scope(by: By, organisation: Organisation) -> None:
    """Refuse an organisation that is neither below nor above any post of the actor."""
    posts = by.scope.posts if isinstance(by, User) else ()
    if not any(
        organisation.path.startswith(post.organisation_path) or organisation.pk in post.ancestor_ids
        for post in posts
        if post.organisation_path
    ):
        raise WrongState("wrong_target", _("只能改派给支部、社区、街道或市级组织。"))


def _check_owed(petition: Petition, by: By, organisation: Organisation) -> None:
    """Refuse to pass a case up while an answer about it is owed, or to who gave none.

    Giving it to an organisation above would end what is owed. One query if nothing was read.
    """
    if not isinstance(by, User):
        return
    is_upward = not any(
        post.organisation_path and organisation.path.startswith(post.organisation_path)
        for post in by.scope.posts
    )
    if is_upward and (
        petition.is_answer_owed or case_workers.have_not_answered(by.scope, petition)
    ):
        words = _("升级还没有答复，不能把这件事改派给上级。请先答复，或由本组织来办。")
        raise WrongState("owes_answer", words)
