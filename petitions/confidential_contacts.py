"""Who may open contact details that a resident keeps from the organisation handling the case.

The glossary calls them confidential (保密).
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from django.utils import timezone
from django.utils.translation import gettext as _

from branches import register_rows
from branches.models import Organisation
from config.lib.viewer import Scope
from petitions import case_workers, relations
from petitions.case_workers import Move
from petitions.models import Petition
from petitions.relations import COORDINATOR_ROLES


def authorised_organisation(petition: Petition) -> Organisation | None:
    """Return the organisation that may open a contact kept from the handling organisations.

    The lowest one above the present one that never handled the case, if any; one query unless the
    workers of the case were read before.
    """
    handlers = case_workers.everybody(petition).organisation_ids
    return _lowest_above(petition.organisation, handlers)


def _lowest_above(organisation: Organisation, handlers: Set[int]) -> Organisation | None:
    """Return the lowest organisation above one, below the city, that is not among the handlers."""
    above = relations.parent_below_city(organisation)
    while above is not None and above.pk in handlers:
        above = relations.parent_below_city(above)
    return above


def _has_authorised(moves: Sequence[Move], user_id: int | None, authorised: Organisation) -> bool:
    """Tell whether a user made an organisation the authorised one by giving the case away.

    By the register, which is in memory; nothing is read for users who gave no case away.
    """
    own = [move for move in moves if move.user_id == user_id]
    if not own:
        return False
    ids = {pk for move in own for pk in (move.from_id, move.to_id)}
    register = register_rows.organisations(ids)

    def keeper(organisation_id: int, handlers: Set[int]) -> Organisation | None:
        organisation = register.get(organisation_id)
        return None if organisation is None else _lowest_above(organisation, handlers)

    return any(
        keeper(move.to_id, move.handler_ids | {move.to_id}) == authorised
        and keeper(move.from_id, move.handler_ids) != authorised
        for move in own
    )


def may_open(scope: Scope, petition: Petition) -> bool:
    """Tell whether a user may open a contact that is kept from the handling organisations.

    A coordinator of the authorised organisation who never worked on the case, and since the report
    held no post at or below an organisation that did. Who gave the case to an organisation whose
    keeper is the own one, when another was, opens nothing by it: a colleague does.
    """
    handlers = case_workers.everybody(petition)
    posts = scope.posts_since(timezone.localdate(petition.created_at))
    is_below = any(not handlers.organisation_ids.isdisjoint(post.ancestor_ids) for post in posts)
    authorised = authorised_organisation(petition)
    if authorised is None or is_below or scope.user_id in handlers.user_ids:
        return False
    if _has_authorised(handlers.moves, scope.user_id, authorised):
        return False
    return any(
        post.organisation_id == authorised.pk and post.role in COORDINATOR_ROLES
        for post in scope.posts
    )


def refusal(petition: Petition) -> str:
    """Say who may open the contact instead, if anybody; one query."""
    organisation = authorised_organisation(petition)
    if organisation is None:
        return _("居民要求对承办组织保密，谁也不能打开；有话请写成居民能看到的进展。")
    return _("居民要求对承办组织保密，请由%(keeper)s转达。") % {"keeper": organisation.short_name}
