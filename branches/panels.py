"""What organisations add to the pages of places: who answers, and where nobody does."""

from __future__ import annotations

import datetime as dt
from typing import TypedDict

from branches import coverage
from branches.models import Organisation, Responsibility
from config.lib.db.validity import season_words
from config.lib.panels import Panel
from config.lib.viewer import Viewer
from grids.models import Area, AreaQuerySet

MOST_NAMED = 12


class ResponsibleOrganisation(TypedDict):
    """One organisation that answers for a place, nearest first."""

    row: Responsibility
    url: str
    season: str
    is_now: bool


class CoverageGap(TypedDict):
    """One kind of gap: its code, how many places, and the first of them."""

    code: str
    count: int
    places: list[Area]


def responsible(area: Area, viewer: Viewer, day: dt.date) -> Panel:
    """Name who answers for a place since when, up to the city; another season's owner as well.

    An organisation is a link where the viewer may open it.
    """
    rows = list(Responsibility.objects.responsible_for(area.ancestor_ids, day))
    ids = {row.organisation_id for row in rows}
    visible = Organisation.objects.visible_to(viewer).filter(pk__in=ids)
    may_open = set(visible.values_list("pk", flat=True))
    answers = [
        ResponsibleOrganisation(
            row=row,
            url=row.organisation.get_absolute_url() if row.organisation_id in may_open else "",
            season=season_words(row.season_from, row.season_to),
            is_now=row.is_in_season(day),
        )
        for row in rows
    ]
    return Panel("branches/_answering.html", {"answers": answers, "area": area})


def gaps(_subject: None, viewer: Viewer, day: dt.date) -> Panel | None:
    """List the viewer's places that nobody answers for; nothing when all is in order."""
    found = coverage.gaps(Area.objects.visible_to(viewer), day)
    kinds = {
        "no_grid": found.buildings_without_grid,
        "no_branch": found.grids_without_branch,
        "no_unit": found.units_without_organisation,
        "no_group": found.buildings_without_group,
    }
    lines = [_gap(code, areas) for code, areas in kinds.items()]
    open_lines = [line for line in lines if line["count"]]
    return Panel("branches/_gaps.html", {"gaps": open_lines}) if open_lines else None


def _gap(code: str, areas: AreaQuerySet) -> CoverageGap:
    """Count and name in one query for the few gaps that there should be."""
    places = list(areas.order_by("path")[: MOST_NAMED + 1])
    count = len(places) if len(places) <= MOST_NAMED else areas.count()
    return CoverageGap(code=code, count=count, places=places[:MOST_NAMED])
