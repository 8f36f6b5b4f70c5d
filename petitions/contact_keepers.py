"""Who may open contact details that a resident keeps from the organisation handling the case."""

from __future__ import annotations

from branches.models import Organisation
from petitions import relations
from petitions.models import Event, Petition


def keeper(petition: Petition, handlers: set[int] | None = None) -> Organisation | None:
    """Return the organisation that may open a contact kept from the handling organisations.

    The lowest desk above the present one that never handled the case, if any; one query unless
    `handlers` is given.
    """
    if handlers is None:
        handlers = handler_ids(petition)
    desk = relations.desk_above(petition.organisation)
    while desk is not None and desk.pk in handlers:
        desk = relations.desk_above(desk)
    return desk


def handler_ids(petition: Petition) -> set[int]:
    """Return the ids of the organisations that are or were responsible for a case; one query."""
    events = Event.objects.filter(petition=petition.pk).order_by()
    earlier = events.values_list("organisation_id", flat=True).distinct()
    return {petition.organisation_id, *earlier}
