"""Who may open contact details that a resident keeps from the organisation handling the case.

The glossary calls them confidential (保密).
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from branches.models import Organisation
from petitions import relations
from petitions.models import Event, Petition


def authorised_organisation(
    petition: Petition, handlers: set[int] | None = None
) -> Organisation | None:
    """Return the organisation that may open a contact kept from the handling organisations.

    The lowest one above the present one that never handled the case, if any; one query unless
    `handlers` is given.
    """
    if handlers is None:
        handlers = handler_ids(petition)
    above = relations.parent_below_city(petition.organisation)
    while above is not None and above.pk in handlers:
        above = relations.parent_below_city(above)
    return above


def handler_ids(petition: Petition) -> set[int]:
    """Return the ids of the organisations that are or were responsible for a case; one query."""
    events = Event.objects.filter(petition=petition.pk).order_by()
    earlier = events.values_list("organisation_id", flat=True).distinct()
    return {petition.organisation_id, *earlier}


def refusal(petition: Petition) -> str:
    """Say who may open the contact instead, if anybody; one query."""
    organisation = authorised_organisation(petition)
    if organisation is None:
        return _("居民要求对承办组织保密，谁也不能打开；有话请写成居民能看到的进展。")
    return _("居民要求对承办组织保密，请由%(keeper)s转达。") % {"keeper": organisation.short_name}
