"""Sample organisations: 55 grid branches and 123 groups in Fukang's 19 communities."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction

from branches import workflow
from branches.enums import KINDS_AT, OrgKind, OrgLevel
from branches.models import Organisation
from branches.workflow import NewOrganisation
from grids.enums import AreaKind, CodeScheme
from grids.models import Area, AreaCode
from grids.sample import CITY, NUMERALS, PASTORAL_VILLAGE

# Branches of each community, in the order of their codes: 21 + 16 + 10 + 8 = 55.
BRANCHES = {
    "652302001": (3, 3, 3, 3, 2, 4, 3),
    "652302002": (3, 3, 3, 4, 3),
    "652302003": (3, 2, 3, 2),
    "652302100": (3, 3, 2),
}
BUILDING_GROUPS = 2  # in each branch; a branch with lanes has a lane group besides
UNGROUPED_EVERY = 11  # every eleventh branch has one building without a group
KINDS = (OrgKind.FORMAL,) * 7 + (OrgKind.JOINT,) + (OrgKind.FORMAL,) * 5 + (OrgKind.FUNCTIONAL,)
DEPARTMENTS = {
    "市供水公司": OrgKind.UTILITY,
    "市热力公司": OrgKind.UTILITY,
    "市供电公司": OrgKind.UTILITY,
    "市燃气公司": OrgKind.UTILITY,
    "市通信服务中心": OrgKind.UTILITY,
    "市邮政分公司": OrgKind.UTILITY,
    "住建局": OrgKind.DEPARTMENT,
    "城管局": OrgKind.DEPARTMENT,
    "生态环境分局": OrgKind.DEPARTMENT,
    "民政局": OrgKind.DEPARTMENT,
    "人社局": OrgKind.DEPARTMENT,
    "医保局": OrgKind.DEPARTMENT,
    "教科局": OrgKind.DEPARTMENT,
    "卫健委": OrgKind.DEPARTMENT,
    "自然资源局": OrgKind.DEPARTMENT,
    "农业农村局": OrgKind.DEPARTMENT,
    "交通运输局": OrgKind.DEPARTMENT,
    "公安交警大队": OrgKind.DEPARTMENT,
    "消防救援大队": OrgKind.DEPARTMENT,
    "应急管理局": OrgKind.DEPARTMENT,
    "市场监管局": OrgKind.DEPARTMENT,
    "司法局": OrgKind.DEPARTMENT,
    "残联": OrgKind.DEPARTMENT,
    "退役军人局": OrgKind.DEPARTMENT,
    "行政服务中心": OrgKind.DEPARTMENT,
}
ROOM = "牧业村流动毡房活动室"
FIRST_STOP = dt.date(2026, 1, 7)
STOPS = 40
DAYS_BETWEEN_STOPS = 14
SERVICES = ("政策宣讲、医保缴费咨询", "兽医防疫、牧道报修", "义诊、送药", "放映电影、代办证件")


@dataclass(slots=True)
class _Plan:
    """Organisations to add, and the places each is responsible for (by key)."""

    organisations: list[NewOrganisation] = field(default_factory=list)
    responsibilities: list[tuple[str, Area]] = field(default_factory=list)
    phones: Iterator[str] = field(
        default_factory=lambda: (f"0994-555{number:04d}" for number in range(1, 10_000))
    )

    def add(
        self, key: str, parent: str | None, kind: OrgKind, area: Area, name: str, short: str = ""
    ) -> None:
        level = next(level for level, kinds in KINDS_AT.items() if kind in kinds)
        self.organisations.append(
            NewOrganisation(
                key=key,
                parent=parent,
                level=level,
                kind=kind,
                area=area,
                name=name,
                short_name=short,
                duty_phone="" if level == OrgLevel.GROUP else next(self.phones),
            )
        )


class _SampleTerritory:
    """The sample territory by code and by parent, read with two queries."""

    def __init__(self) -> None:
        self.by_parent: dict[int | None, list[Area]] = defaultdict(list)
        for area in Area.objects.order_by("path"):
            self.by_parent[area.parent_id].append(area)
        codes = AreaCode.objects.filter(scheme=CodeScheme.DIVISION).select_related("area")
        self.by_code = {code.code: code.area for code in codes}
        self.code_of = {code.area_id: code.code for code in codes}

    def below(self, area: Area) -> list[Area]:
        return self.by_parent[area.pk]


@transaction.atomic
def load(on: dt.date) -> None:
    """Write the sample organisations and responsibilities; repeated calls change nothing."""
    if Organisation.objects.exists():
        return
    places = _SampleTerritory()
    plan = _plan(places)
    organisations = workflow.add_organisations(organisations=plan.organisations, on=on)
    workflow.assign_all(
        responsibilities=[
            workflow.NewResponsibility(
                organisation=organisations[key],
                area=area,
                season_from=area.season_from,
                season_to=area.season_to,
            )
            for key, area in plan.responsibilities
        ],
        on=on,
    )
    _mobile_room(
        organisations["yurt"], [area for key, area in plan.responsibilities if key == "yurt"]
    )


def _plan(places: _SampleTerritory) -> _Plan:
    plan = _Plan()
    city = places.by_code[CITY]
    plan.add(CITY, None, OrgKind.CITY_COMMITTEE, city, "中共阜康市委组织部", "市委组织部")
    plan.responsibilities.append((CITY, city))
    for name, kind in DEPARTMENTS.items():
        plan.add(name, CITY, kind, city, f"阜康市{name.removeprefix('市')}", name)
    for unit in places.below(city):
        is_street = unit.kind == AreaKind.SUBDISTRICT
        kind = OrgKind.WORKING_COMMITTEE if is_street else OrgKind.TOWN_COMMITTEE
        code, suffix = places.code_of[unit.pk], "党工委" if is_street else "党委"
        plan.add(code, CITY, kind, unit, f"中共{unit.name}{suffix}", f"{unit.name}{suffix}")
        plan.responsibilities.append((code, unit))
        counts = iter(BRANCHES.get(code, ()))
        for community in places.below(unit):
            if community.kind == AreaKind.COMMUNITY:
                _community(plan, places, code, community, next(counts))
    _pastoral_village(plan, places)
    return plan


def _community(
    plan: _Plan, places: _SampleTerritory, unit: str, community: Area, branch_count: int
) -> None:
    code = places.code_of[community.pk]
    large = branch_count > 2
    kind = OrgKind.GRASSROOTS_COMMITTEE if large else OrgKind.GENERAL_BRANCH
    suffix = "党委" if large else "党总支"
    plan.add(
        code, unit, kind, community, f"中共{community.name}{suffix}", f"{community.name}{suffix}"
    )
    plan.responsibilities.append((code, community))
    for number, grids in enumerate(_shares(places.below(community), branch_count)):
        _branch(plan, places, code, community, number, grids)


def _branch(
    plan: _Plan,
    places: _SampleTerritory,
    code: str,
    community: Area,
    number: int,
    grids: list[Area],
) -> None:
    key = f"{code}-{number}"
    branches_so_far = sum(draft.level == OrgLevel.BRANCH for draft in plan.organisations)
    short = f"第{NUMERALS[number]}网格党支部"
    name = f"{community.name}{short}"
    location = grids[0] if len(grids) == 1 else community
    plan.add(key, code, KINDS[branches_so_far % len(KINDS)], location, name, short)
    plan.responsibilities += [(key, grid) for grid in grids]
    estates = [estate for grid in grids for estate in places.below(grid)]
    lanes = [estate for estate in estates if estate.kind == AreaKind.LANE]
    buildings = [building for estate in estates for building in places.below(estate)]
    if branches_so_far % UNGROUPED_EVERY == UNGROUPED_EVERY - 1:
        buildings.pop()
    for index, share in enumerate(_shares(buildings, BUILDING_GROUPS)):
        group = f"{key}-{index}"
        title = f"{name}第{NUMERALS[index]}楼栋党小组"
        plan.add(group, key, OrgKind.BUILDING_GROUP, share[0], title, _span(share))
        plan.responsibilities += [(group, building) for building in share]
    if lanes:
        group = f"{key}-lane"
        plan.add(group, key, OrgKind.LANE_GROUP, lanes[0], f"{name}巷道党小组", "巷道党小组")
        plan.responsibilities += [(group, lane) for lane in lanes]


def _pastoral_village(plan: _Plan, places: _SampleTerritory) -> None:
    village = places.by_code[PASTORAL_VILLAGE]
    town = PASTORAL_VILLAGE[:9]
    name = f"{village.name}党总支"
    plan.add(PASTORAL_VILLAGE, town, OrgKind.GENERAL_BRANCH, village, f"中共{name}", name)
    plan.responsibilities.append((PASTORAL_VILLAGE, village))
    plan.add("yurt", PASTORAL_VILLAGE, OrgKind.YURT_GROUP, village, f"{village.name}毡房党小组")
    plan.responsibilities += [
        ("yurt", area) for area in places.below(village) if area.kind == AreaKind.PASTURE
    ]


def _mobile_room(group: Organisation, pastures: list[Area]) -> None:
    """Announce a stop every second week at the pasture that is in season."""
    room = workflow.add_mobile_room(organisation=group, name=ROOM)
    days = [FIRST_STOP + dt.timedelta(days=DAYS_BETWEEN_STOPS * n) for n in range(STOPS)]
    workflow.announce_stops(
        room=room,
        stops=[
            (day, area, SERVICES[index % len(SERVICES)])
            for index, day in enumerate(days)
            for area in pastures
            if area.is_in_season(day)
        ],
    )


def _shares(areas: list[Area], count: int) -> list[list[Area]]:
    """Divide places, in order, into `count` shares; the last ones take the remainder."""
    base, remainder = divmod(len(areas), count)
    shares, start = [], 0
    for index in range(count):
        size = base + (index >= count - remainder)
        shares.append(areas[start : start + size])
        start += size
    return shares


def _span(buildings: list[Area]) -> str:
    """Return a group name organisations of its first and last building."""
    first, last = buildings[0], buildings[-1]
    if first.parent_id == last.parent_id:
        return f"{first.full_name.removesuffix('号楼')}—{last.name}党小组"
    return f"{first.full_name}至{last.full_name}党小组"
