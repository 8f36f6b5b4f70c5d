"""Coverage check: places without a responsible organisation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from branches.enums import OrgLevel
from branches.models import Responsibility, ResponsibilityQuerySet
from grids.enums import Level
from grids.models import AreaQuerySet


@dataclass(frozen=True, slots=True)
class Gaps:
    """Gaps among some places on a day, one queryset for each kind."""

    buildings_without_grid: AreaQuerySet
    grids_without_branch: AreaQuerySet
    buildings_without_group: AreaQuerySet
    communities_without_organisation: AreaQuerySet
    units_without_organisation: AreaQuerySet

    def any(self) -> bool:
        """Return whether a building lacks its grid or branch, or a case would have no owner."""
        return (
            self.buildings_without_grid.exists()
            or self.grids_without_branch.exists()
            or self.units_without_organisation.exists()
        )


def gaps(areas: AreaQuerySet, day: dt.date) -> Gaps:
    """Return the gaps among `areas` on `day`, regardless of season.

    A building belongs to the grid above its estate. A group may be responsible for the building
    itself or for its whole estate; without a group the branch is responsible, which is no error.
    A village without an organisation is covered by its town.
    """
    valid_areas = areas.on(day)
    buildings = valid_areas.filter(level=Level.BUILDING)
    grid_above = Q(parent__level=Level.GRID) | Q(parent__parent__level=Level.GRID)
    return Gaps(
        buildings_without_grid=buildings.exclude(grid_above),
        grids_without_branch=_without_responsible(
            valid_areas.filter(level=Level.GRID), OrgLevel.BRANCH, day
        ),
        buildings_without_group=buildings.exclude(
            Exists(_responsibilities(OrgLevel.GROUP, day).filter(_own_or_estate()))
        ),
        communities_without_organisation=_without_responsible(
            valid_areas.filter(level=Level.COMMUNITY), OrgLevel.COMMUNITY, day
        ),
        units_without_organisation=_without_responsible(
            valid_areas.filter(level=Level.SUBDISTRICT), OrgLevel.SUBDISTRICT, day
        ),
    )


def _without_responsible(areas: AreaQuerySet, level: OrgLevel, day: dt.date) -> AreaQuerySet:
    return areas.exclude(Exists(_responsibilities(level, day).filter(area=OuterRef("pk"))))


def _responsibilities(level: OrgLevel, day: dt.date) -> ResponsibilityQuerySet:
    return Responsibility.objects.at_level(level, day)


def _own_or_estate() -> Q:
    return Q(area=OuterRef("pk")) | Q(area=OuterRef("parent"))
