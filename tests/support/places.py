"""A small test territory: one city, two communities, two grids, a few buildings."""

from __future__ import annotations

import datetime as dt

from config.lib.viewer import ActivePost, Scope
from grids.enums import AreaKind, CodeScheme, Level
from grids.models import Area
from grids.workflow import NewArea, add_areas

START = dt.date(2025, 1, 1)
TODAY = dt.date(2026, 11, 23)


def building(key: str, estate: str, number: str, **extra: str) -> NewArea:
    return NewArea(
        key=key,
        parent=estate,
        level=Level.BUILDING,
        kind=AreaKind.BUILDING,
        name=f"{number}号楼",
        entrances=4,
        floors=6,
        doors_per_floor=2,
        **extra,
    )


def division(key: str, parent: str | None, level: Level, kind: AreaKind, name: str) -> NewArea:
    return NewArea(
        key=key,
        parent=parent,
        level=level,
        kind=kind,
        name=name,
        scheme=CodeScheme.DIVISION,
        code=key,
    )


def grid(key: str, name: str) -> NewArea:
    return NewArea(
        key=key,
        parent=key[:12],
        level=Level.GRID,
        kind=AreaKind.GRID,
        name=name,
        scheme=CodeScheme.GRID,
        code=key,
    )


def estate(key: str, parent: str, name: str, kind: AreaKind = AreaKind.ESTATE) -> NewArea:
    return NewArea(key=key, parent=parent, level=Level.ESTATE, kind=kind, name=name)


SMALL = [
    division("652302", None, Level.CITY, AreaKind.CITY, "阜康市"),
    division("652302002", "652302", Level.SUBDISTRICT, AreaKind.SUBDISTRICT, "阜新街道"),
    division("652302002004", "652302002", Level.COMMUNITY, AreaKind.COMMUNITY, "迎宾路社区"),
    division("652302002005", "652302002", Level.COMMUNITY, AreaKind.COMMUNITY, "大桥社区"),
    grid("652302002004001", "迎宾路第一网格"),
    grid("652302002005001", "大桥第一网格"),
    estate("fx", "652302002004001", "阜兴花苑"),
    estate("cq", "652302002005001", "重桥小区"),
    building("46", "fx", "46", qr="abcdefgh23"),
    building("4", "fx", "4"),
    building("146", "fx", "146"),
    building("2", "cq", "2"),
    building("10", "cq", "10"),
]


def small_territory() -> dict[str, Area]:
    return add_areas(areas=SMALL, on=START)


class ViewerStub:
    """A viewer with the given reach."""

    def __init__(self, *area_paths: str, role: str = "staff", organisation_path: str = "") -> None:
        post = ActivePost(role, None, "", organisation_path, "", area_paths)
        self.scope = Scope(user_id=1, day=TODAY, posts=(post,))
