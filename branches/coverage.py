"""What could leave a case without an owner: places nobody answers for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from branches.enums import OrgLevel
from branches.models import Responsibility
from branches.querysets import ResponsibilityQuerySet
from grids.enums import Level
from grids.models import AreaQuerySet


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps among some places on a day, each a list that can be counted and shown."""

    buildings_without_grid: AreaQuerySet
    grids_without_branch: AreaQuerySet
    buildings_without_group: AreaQuerySet
    communities_without_organisation: AreaQuerySet
    units_without_organisation: AreaQuerySet

    def any(self) -> bool:
        """Tell whether a building misses its grid or branch, or a case could have no owner."""
        return (
            self.buildings_without_grid.exists()
            or self.grids_without_branch.exists()
            or self.units_without_organisation.exists()
        )


def gaps(areas: AreaQuerySet, day: dt.date) -> Gaps:
    """Find the gaps among `areas` on `day`, whatever the season.

    A building belongs to the grid above its estate; a group may answer for the building itself or
    for its whole estate. A missing group is no error, the branch answers then; a village
    without an organisation is answered for by its town.
    """
    present = areas.on(day)
    buildings = present.filter(level=Level.BUILDING)
    grid_above = Q(parent__level=Level.GRID) | Q(parent__parent__level=Level.GRID)
    return Gaps(
        buildings_without_grid=buildings.exclude(grid_above),
        grids_without_branch=_unanswered(present.filter(level=Level.GRID), OrgLevel.BRANCH, day),
        buildings_without_group=buildings.exclude(
            Exists(_answering(OrgLevel.GROUP, day).filter(_own_or_estate()))
        ),
        communities_without_organisation=_unanswered(
            present.filter(level=Level.COMMUNITY), OrgLevel.COMMUNITY, day
        ),
        units_without_organisation=_unanswered(
            present.filter(level=Level.SUBDISTRICT), OrgLevel.SUBDISTRICT, day
        ),
    )


def _unanswered(areas: AreaQuerySet, level: OrgLevel, day: dt.date) -> AreaQuerySet:
    return areas.exclude(Exists(_answering(level, day).filter(area=OuterRef("pk"))))


def _answering(level: OrgLevel, day: dt.date) -> ResponsibilityQuerySet:
    return Responsibility.objects.at_level(level, day)


def _own_or_estate() -> Q:
    return Q(area=OuterRef("pk")) | Q(area=OuterRef("parent"))
