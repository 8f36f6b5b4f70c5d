"""Panels that this app adds to pages of places: responsible organisations and coverage gaps."""

from __future__ import annotations

import datetime as dt
from typing import TypedDict

from branches import coverage
from branches.models import Organisation, Responsibility
from config.lib.db.validity import season_words
from config.lib.panels import Panel
from config.lib.viewer import Viewer
from grids.models import Area, AreaQuerySet

MAX_PLACES = 12


class ResponsibleOrganisation(TypedDict):
    """An organisation responsible for a place; `url` is empty if not visible."""

    row: Responsibility
    url: str
    season: str
    is_now: bool


class CoverageGap(TypedDict):
    """One kind of gap: its code, the number of places, and the first of them."""

    code: str
    count: int
    places: list[Area]


def responsible(area: Area, viewer: Viewer, day: dt.date) -> Panel:
    """List the organisations responsible for a place and its ancestors, nearest first.

    Organisations of another season are included. Visible organisations are links.
    """
    rows = list(Responsibility.objects.responsible_for(area.ancestor_ids, day))
    ids = {row.organisation_id for row in rows}
    visible = Organisation.objects.visible_to(viewer).filter(pk__in=ids)
    visible_ids = set(visible.values_list("pk", flat=True))
    organisations = [
        ResponsibleOrganisation(
            row=row,
            url=row.organisation.get_absolute_url() if row.organisation_id in visible_ids else "",
            season=season_words(row.season_from, row.season_to),
            is_now=row.is_in_season(day),
        )
        for row in rows
    ]
    return Panel("branches/_responsible.html", {"organisations": organisations, "area": area})


def gaps(_subject: None, viewer: Viewer, day: dt.date) -> Panel | None:
    """List the viewer's places without a responsible organisation; None if there are none."""
    coverage_gaps = coverage.gaps(Area.objects.visible_to(viewer), day)
    kinds = {
        "no_grid": coverage_gaps.buildings_without_grid,
        "no_branch": coverage_gaps.grids_without_branch,
        "no_unit": coverage_gaps.units_without_organisation,
        "no_group": coverage_gaps.buildings_without_group,
    }
    found_gaps = [_gap(code, areas) for code, areas in kinds.items()]
    open_gaps = [gap for gap in found_gaps if gap["count"]]
    return Panel("branches/_gaps.html", {"gaps": open_gaps}) if open_gaps else None


def _gap(code: str, areas: AreaQuerySet) -> CoverageGap:
    """Count and list one kind of gap, with one query as long as there are few."""
    places = list(areas.order_by("path")[: MAX_PLACES + 1])
    count = len(places) if len(places) <= MAX_PLACES else areas.count()
    return CoverageGap(code=code, count=count, places=places[:MAX_PLACES])
