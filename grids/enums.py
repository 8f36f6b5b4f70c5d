"""Enumerations of territory."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.IntegerChoices):
    """Depth in the tree of places; the parent of a place always has a smaller level."""

    CITY = 1, _("县级市")
    SUBDISTRICT = 2, _("街道（乡镇）")
    COMMUNITY = 3, _("社区（村）")
    GRID = 4, _("网格")
    ESTATE = 5, _("小区（巷道）")
    BUILDING = 6, _("楼栋")


class AreaKind(models.TextChoices):
    """Kind of a place; each kind belongs to one level (`KINDS_AT`)."""

    CITY = "county_level_city", _("县级市")
    SUBDISTRICT = "subdistrict", _("街道")
    TOWN = "town", _("镇")
    TOWNSHIP = "township", _("乡")
    COMMUNITY = "community", _("社区")
    VILLAGE = "village", _("村")
    GRID = "grid", _("网格")
    DEDICATED_GRID = "dedicated_grid", _("专属网格")
    ESTATE = "estate", _("小区")
    LANE = "lane", _("巷道")
    VILLAGE_GROUP = "village_group", _("村民小组")
    PASTURE = "pasture", _("季节牧场")
    BUILDING = "building", _("楼栋")


KINDS_AT: dict[Level, frozenset[AreaKind]] = {
    Level.CITY: frozenset({AreaKind.CITY}),
    Level.SUBDISTRICT: frozenset({AreaKind.SUBDISTRICT, AreaKind.TOWN, AreaKind.TOWNSHIP}),
    Level.COMMUNITY: frozenset({AreaKind.COMMUNITY, AreaKind.VILLAGE}),
    Level.GRID: frozenset({AreaKind.GRID, AreaKind.DEDICATED_GRID}),
    Level.ESTATE: frozenset(
        {AreaKind.ESTATE, AreaKind.LANE, AreaKind.VILLAGE_GROUP, AreaKind.PASTURE}
    ),
    Level.BUILDING: frozenset({AreaKind.BUILDING}),
}


class CodeScheme(models.TextChoices):
    """Coding scheme that a code of a place belongs to."""

    DIVISION = "division", _("统计用区划代码（12位）")
    GRID = "grid", _("网格编码（15位）")
    BUILDING = "building", _("楼栋序号（5位）")


class DayKind(models.TextChoices):
    """Reason why a calendar day differs from its weekday."""

    HOLIDAY = "holiday", _("放假")
    MAKE_UP = "make_up", _("调休上班")
    REGIONAL = "regional", _("地方假日")
