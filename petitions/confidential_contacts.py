"""Who may open contact details that a resident keeps from the organisation handling the case.

The glossary calls them confidential (保密).
"""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from branches.models import Organisation
from config.lib.viewer import Scope
from petitions import case_workers, relations
from petitions.models import Petition
from petitions.relations import COORDINATOR_ROLES


def authorised_organisation(petition: Petition) -> Organisation | None:
    """Return the organisation that may open a contact kept from the handling organisations.

    The lowest one above the present one that never handled the case, if any; one query unless the
    workers of the case were read before.
    """
    handlers = case_workers.everybody(petition).organisation_ids
    above = relations.parent_below_city(petition.organisation)
    while above is not None and above.pk in handlers:
        above = relations.parent_below_city(above)
    return above


def may_open(scope: Scope, petition: Petition) -> bool:
    """Tell whether a user may open a contact that is kept from the handling organisations.

    A coordinator of the authorised organisation who never worked on the case, and since the report
    held no post at or below an organisation that did.
    """
    handlers = case_workers.everybody(petition)
    posts = scope.posts_since(timezone.localdate(petition.created_at))
    is_below = any(not handlers.organisation_ids.isdisjoint(post.ancestor_ids) for post in posts)
    authorised = authorised_organisation(petition)
    if authorised is None or is_below or scope.user_id in handlers.user_ids:
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
