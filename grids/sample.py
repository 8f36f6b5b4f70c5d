"""Sample territory: Fukang with its real division codes and invented estates."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections.abc import Iterator
from itertools import cycle, product
from pathlib import Path

from django.db import transaction

from grids.enums import AreaKind, CodeScheme, Level
from grids.models import QR_ALPHABET, QR_LENGTH, Area, AreaCode
from grids.workflow import NewArea, add_areas, import_calendar, set_office_hours

DATA = Path(__file__).resolve().parent / "data"
CITY = "652302"
PASTORAL_VILLAGE = "652302102204"
YINGBIN = "652302002004"
CALENDARS = {
    "calendar_2025.csv": "国务院办公厅关于2025年部分节假日安排的通知",
    "calendar_2026.csv": "国务院办公厅关于2026年部分节假日安排的通知",
}
OFFICE_HOURS = (
    ("05-01", "09-30", dt.time(10), dt.time(14)),
    ("05-01", "09-30", dt.time(16), dt.time(20)),
    ("10-01", "04-30", dt.time(10), dt.time(14)),
    ("10-01", "04-30", dt.time(15, 30), dt.time(19, 30)),
)
# Grids of each community, in the order of their codes: 36 + 27 + 18 + 15 = 96.
GRIDS = {
    "652302001": (6, 5, 5, 5, 4, 6, 5),
    "652302002": (6, 5, 5, 6, 5),
    "652302003": (5, 4, 5, 4),
    "652302100": (5, 5, 5),
}
EXCLUDED_FARMS = ("土墩子", "六运湖", "二二二团")  # administered by another authority
NUMERALS = "一二三四五六"
FUXING = "阜兴花苑"  # one large estate over three grids of 迎宾路: 1–16, 17–32, 33–48号楼
FUXING_BUILDINGS = (range(1, 17), range(17, 33), range(33, 49))
FUXING_DOORS = (4, 6, 2)
BUILDING_SHAPES = (
    (3, 6, 2),
    (4, 6, 2),
    (5, 6, 2),
    (3, 6, 3),
    (4, 5, 2),
    (6, 6, 2),
    (2, 11, 2),
    (1, 18, 4),
)
LEVEL_OF_LENGTH = {6: Level.CITY, 9: Level.SUBDISTRICT, 12: Level.COMMUNITY}
PASTURES = {"南山夏牧场": ("05-15", "09-30"), "北沙窝冬牧场": ("10-01", "05-14")}
BUILDINGS_IN_GRID = (12, 13, 14, 13, 13, 14, 12, 14)
LANES = ("东一巷", "东二巷", "西一巷", "西二巷")
FIRST_WORDS = (
    "瑶池天山雪莲金桥锦绣丽景阳光康乐福源龙泉春晓翠湖银河文苑育才和谐富民兴业安居新城"
    "天瑞绿洲胡杨沙枣玫瑰石榴云杉白桦百灵晨光东升清泉松涛梧桐向阳怡景永安长宁紫荆祥和"
)  # forty words of two characters
SECOND_WORDS = ("花园", "小区", "雅居", "佳苑", "嘉园", "新村", "家园", "公寓")


def territory() -> list[NewArea]:
    """Return the sample places, parents first; the result is always the same.

    Four subdistricts hold 19 communities, 96 grids and 1,150 buildings. The other towns have only
    their villages; one village is pastoral, with a summer and a winter pasture.
    """
    divisions = [_division(row) for row in _divisions()]
    communities = [area for area in divisions if area.kind == AreaKind.COMMUNITY]
    counts = [count for unit in sorted(GRIDS) for count in GRIDS[unit]]
    estates, sizes = iter(_estate_names()), cycle(BUILDINGS_IN_GRID)
    areas = divisions
    for index, (community, count) in enumerate(zip(communities, counts, strict=True)):
        has_lanes = index % 3 != 1
        serials = iter(range(1, 100_000))
        for number in range(1, count + 1):
            grid = _grid(community, number)
            areas.append(grid)
            if community.code == YINGBIN and number <= len(FUXING_BUILDINGS):
                areas += _estate(grid.code, FUXING, FUXING_BUILDINGS[number - 1], serials)
            elif has_lanes and number == count:
                areas += _lanes(grid.code, community.name.removesuffix("社区"))
                areas += _estate(grid.code, next(estates), range(1, 5), serials)
            else:
                for numbers in _split(next(sizes), grid.code):
                    areas += _estate(grid.code, next(estates), numbers, serials)
    return [*areas, *_countryside()]


@transaction.atomic
def load(on: dt.date) -> None:
    """Write the sample territory and calendar; repeated calls change nothing."""
    if not AreaCode.objects.filter(code=CITY).exists():
        add_areas(areas=territory(), on=on)
    city = Area.objects.get(codes__code=CITY)
    for file, source in CALENDARS.items():
        import_calendar(region=city, rows=_rows(file), source=source)
    if not city.office_hours.exists():
        set_office_hours(region=city, hours=OFFICE_HOURS)


def qr_code(seed: str) -> str:
    """Return a QR code derived from `seed`, the same on every run."""
    number = _number(seed)
    letters = []
    for _i in range(QR_LENGTH):
        number, remainder = divmod(number, len(QR_ALPHABET))
        letters.append(QR_ALPHABET[remainder])
    return "".join(letters)


def _number(seed: str) -> int:
    """Return a pseudo-random number derived from `seed`."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")


def _rows(file: str) -> list[dict[str, str]]:
    with (DATA / file).open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def _divisions() -> Iterator[dict[str, str]]:
    """Yield the divisions of the city, without the farms and the unused communities."""
    farms: set[str] = set()
    for row in _rows("fukang_divisions.csv"):
        if row["parent_code"] in farms or row["name"].startswith(EXCLUDED_FARMS):
            farms.add(row["division_code"])
        elif row["level"] != "community" or row["parent_code"] in GRIDS:
            yield row


def _division(row: dict[str, str]) -> NewArea:
    code = row["division_code"]
    return NewArea(
        key=code,
        parent=row["parent_code"] or None,
        level=LEVEL_OF_LENGTH[len(code)],
        kind=AreaKind(row["level"]),
        name=row["name"].replace("社区居民委员会", "社区").replace("村民委员会", ""),
        scheme=CodeScheme.DIVISION,
        code=code,
    )


def _grid(community: NewArea, number: int) -> NewArea:
    code = f"{community.code}{number:03d}"
    return NewArea(
        key=code,
        parent=community.key,
        level=Level.GRID,
        kind=AreaKind.GRID,
        name=f"{community.name.removesuffix('社区')}第{NUMERALS[number - 1]}网格",
        scheme=CodeScheme.GRID,
        code=code,
    )


def _estate(grid: str, name: str, numbers: range, serials: Iterator[int]) -> Iterator[NewArea]:
    key = f"{grid}/{name}"
    yield NewArea(key=key, parent=grid, level=Level.ESTATE, kind=AreaKind.ESTATE, name=name)
    for number in numbers:
        serial = f"{next(serials):05d}"
        code = grid[:12] + serial
        entrances, floors, doors = FUXING_DOORS if name == FUXING else _doors(code)
        yield NewArea(
            key=code,
            parent=key,
            level=Level.BUILDING,
            kind=AreaKind.BUILDING,
            name=f"{number}号楼",
            entrances=entrances,
            floors=floors,
            doors_per_floor=doors,
            scheme=CodeScheme.BUILDING,
            code=serial,
            qr=qr_code(code),
        )


def _lanes(grid: str, root: str) -> Iterator[NewArea]:
    for lane in LANES:
        yield _place_without_buildings(grid, AreaKind.LANE, f"{root}{lane}")


def _countryside() -> Iterator[NewArea]:
    """Yield the places of the pastoral village: two groups and two pastures."""
    for name in ("牧业村一组", "牧业村二组"):
        yield _place_without_buildings(PASTORAL_VILLAGE, AreaKind.VILLAGE_GROUP, name)
    for name, season in PASTURES.items():
        yield _place_without_buildings(PASTORAL_VILLAGE, AreaKind.PASTURE, name, season)


def _place_without_buildings(
    parent: str, kind: AreaKind, name: str, season: tuple[str, str] = ("", "")
) -> NewArea:
    return NewArea(
        key=f"{parent}/{name}",
        parent=parent,
        level=Level.ESTATE,
        kind=kind,
        name=name,
        season_from=season[0],
        season_to=season[1],
        qr=qr_code(f"{parent}/{name}"),
    )


def _doors(code: str) -> tuple[int, int, int]:
    """Return entrances, floors and doors per floor of an invented building."""
    number = _number(code)
    return BUILDING_SHAPES[number % len(BUILDING_SHAPES)]


def _split(size: int, seed: str) -> list[range]:
    """Divide the buildings of a grid into one to three estates, each numbered from 1."""
    parts = 1 + _number(seed) % 3
    base, remainder = divmod(size, parts)
    return [range(1, base + (index < remainder) + 1) for index in range(parts)]


def _estate_names() -> list[str]:
    """Return estate names in a mixed, reproducible order."""
    words = [FIRST_WORDS[start : start + 2] for start in range(0, len(FIRST_WORDS), 2)]
    return sorted(map("".join, product(words, SECOND_WORDS)), key=_number)
