"""Organisations that answered for the place of a case and do not any more."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from branches.enums import OpenCases
from branches.models import Organisation, Responsibility
from petitions import case_holders
from petitions.models import Petition
from petitions.rules import routing


@dataclass(frozen=True, slots=True)
class FormerHolder:
    """A responsible organisation that left the place, with the responsibility that ended last.

    `has_ended`: the organisation does not exist any more.
    """

    organisation: Organisation
    responsibility: Responsibility | None
    has_ended: bool = False

    @property
    def keeps_cases(self) -> bool:
        """Tell whether it was decided that the organisation finishes its cases, and it can."""
        row = self.responsibility
        return not self.has_ended and row is not None and row.open_cases == OpenCases.STAY

    @property
    def reason(self) -> str:
        """The reason why a case leaves the organisation, for the staff."""
        names = {"organisation": self.organisation.name}
        if self.responsibility is None:
            return _("%(organisation)s 已经撤销，没办完的诉求随之转来。") % names
        names["area"] = self.responsibility.area.full_name
        return _("%(organisation)s 不再负责%(area)s，没办完的诉求随之转来。") % names


def of(
    petition: Petition, day: dt.date, register_version: int | None = None
) -> FormerHolder | None:
    """Return the responsible organisation of a case if it has left the place.

    `register_version` is that of the registers, if the caller has just read it; a register changed
    a moment ago counts. One query less with it: none where the organisation answers for the place,
    otherwise up to three.
    """
    place = routing.place(petition.place_id, day, register_version)
    pk = petition.organisation_id
    if place is None or pk in {row.organisation_id for row in place.answering}:
        return None
    areas = list(place.area.ancestor_ids)
    if not case_holders.has_left(pk, areas, day):
        return None
    rows = Responsibility.objects.filter(organisation=pk, area__in=areas, valid_to__lt=day)
    row = rows.select_related("organisation", "area").order_by("-valid_to", "-id").first()
    organisation = row.organisation if row else Organisation.objects.get(pk=pk)
    has_ended = organisation.valid_to is not None and organisation.valid_to < day
    return FormerHolder(organisation, row, has_ended)
