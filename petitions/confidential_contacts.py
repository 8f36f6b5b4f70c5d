"""Who may open contact details that a resident keeps from the organisation handling the case.

The glossary calls them confidential (保密).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from branches.models import Organisation
from config.lib.viewer import Scope
from petitions import involvement, relations
from petitions.enums import WORKING_ACTORS
from petitions.models import Event, Petition


@dataclass(frozen=True, slots=True)
class Handlers:
    """The ids of the organisations and users that handle or handled a case, or a task in it."""

    organisation_ids: frozenset[int]
    user_ids: frozenset[int]

    def include(self, scope: Scope) -> bool:
        """Tell whether a user handled the case, or has a post at or below a handler."""
        is_below = any(not self.organisation_ids.isdisjoint(p.ancestor_ids) for p in scope.posts)
        return is_below or scope.user_id in self.user_ids


def handlers(petition: Petition) -> Handlers:
    """Return who handles or ever handled a case or a task in it; one query."""
    rows = (
        Event.objects.filter(petition=petition.pk)
        .order_by()
        .values_list("organisation_id", "actor", "user_id", "acting_for_id", "data")
    )
    working = [rule for rule in relations.RELATIONS if rule.actor in WORKING_ACTORS]
    organisation_ids = {pk for rule in working for pk in rule.organisation_ids(petition)}
    user_ids = set(involvement.assignee_ids(petition))
    for organisation_id, actor, user_id, acting_for_id, data in rows:
        organisation_ids |= {organisation_id, data.get("doer")}
        user_ids |= {*(data.get("users") or ())}  # to whom the case was assigned, though idle
        if actor in WORKING_ACTORS:
            organisation_ids.add(acting_for_id)
            user_ids.add(user_id)
    return Handlers(frozenset(organisation_ids - {None}), frozenset(user_ids - {None}))


def authorised_organisation(
    petition: Petition, excluded: Handlers | None = None
) -> Organisation | None:
    """Return the organisation that may open a contact kept from the handling organisations.

    The lowest one above the present one that never handled the case, if any; one query unless
    `excluded`, the handlers, is given.
    """
    if excluded is None:
        excluded = handlers(petition)
    above = relations.parent_below_city(petition.organisation)
    while above is not None and above.pk in excluded.organisation_ids:
        above = relations.parent_below_city(above)
    return above


def refusal(petition: Petition) -> str:
    """Say who may open the contact instead, if anybody; one query."""
    organisation = authorised_organisation(petition)
    if organisation is None:
        return _("居民要求对承办组织保密，谁也不能打开；有话请写成居民能看到的进展。")
    return _("居民要求对承办组织保密，请由%(keeper)s转达。") % {"keeper": organisation.short_name}
