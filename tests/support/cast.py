"""The cast: a small invented town and its people, used by every test of cases.

One subdistrict with two communities. 迎宾路 has one branch for two grids with two groups; 大桥 has
a branch of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from branches.enums import OrgKind, OrgLevel
from branches.models import Organisation
from branches.workflow import NewOrganisation, NewResponsibility, add_organisations, assign_all
from config.lib import register_cache
from grids.enums import AreaKind, CodeScheme, Level
from grids.models import Area
from grids.workflow import NewArea, add_areas, set_office_hours
from members.enums import Role
from members.models import User
from members.workflow import appoint, create_person
from petitions.actors import Petitioner
from petitions.enums import Channel, Outcome, Status, Urgency
from petitions.models import Category, Petition, PrivacyNotice, Standard
from petitions.rules.contacts import ContactDetails
from petitions.workflow import handling, rerouting, resolution, submission
from petitions.workflow.submission import Report, Submitted

SINCE = dt.date(2025, 3, 1)
HOUR = dt.timedelta(hours=1)
WORKDAY = dt.timedelta(hours=8)
PHONE = "19000001234"


@dataclass(frozen=True, slots=True)
class Town:
    """Places and organisations by the names the tests use."""

    areas: dict[str, Area]
    orgs: dict[str, Organisation]

    @property
    def building(self) -> Area:
        """Building 46: four entrances, six floors, two doors a floor."""
        return self.areas["b46"]


def _area(key: str, parent: str | None, level: Level, kind: AreaKind, name: str) -> NewArea:
    size = (4, 6, 2) if level == Level.BUILDING else (None, None, None)
    return NewArea(
        key=key,
        parent=parent,
        level=level,
        kind=kind,
        name=name,
        entrances=size[0],
        floors=size[1],
        doors_per_floor=size[2],
        scheme=CodeScheme.DIVISION if level == Level.COMMUNITY else None,
        code={"yingbin": "652302002004", "daqiao": "652302002005"}.get(key, ""),
        qr=f"qrcode{key}"[:16] if level == Level.BUILDING else "",
    )


def _areas() -> dict[str, Area]:
    return add_areas(
        areas=[
            _area("city", None, Level.CITY, AreaKind.CITY, "阜康市"),
            _area("fuxin", "city", Level.SUBDISTRICT, AreaKind.SUBDISTRICT, "阜新街道"),
            _area("yingbin", "fuxin", Level.COMMUNITY, AreaKind.COMMUNITY, "迎宾路社区"),
            _area("daqiao", "fuxin", Level.COMMUNITY, AreaKind.COMMUNITY, "大桥社区"),
            _area("g7", "yingbin", Level.GRID, AreaKind.GRID, "第七网格"),
            _area("g8", "yingbin", Level.GRID, AreaKind.GRID, "第八网格"),
            _area("d1", "daqiao", Level.GRID, AreaKind.GRID, "第一网格"),
            _area("fxhy", "g7", Level.ESTATE, AreaKind.ESTATE, "阜兴花苑"),
            _area("hzxq", "d1", Level.ESTATE, AreaKind.ESTATE, "河畔新区"),
            _area("b46", "fxhy", Level.BUILDING, AreaKind.BUILDING, "46号楼"),
            _area("b47", "fxhy", Level.BUILDING, AreaKind.BUILDING, "47号楼"),
            _area("b1", "hzxq", Level.BUILDING, AreaKind.BUILDING, "1号楼"),
        ],
        on=SINCE,
    )


def _orgs(areas: dict[str, Area]) -> dict[str, Organisation]:
    def new(
        key: str, parent: str | None, level: OrgLevel, kind: OrgKind, area: str, name: str
    ) -> NewOrganisation:
        return NewOrganisation(
            key=key,
            parent=parent,
            level=level,
            kind=kind,
            area=areas[area],
            name=name,
            short_name=name,
            duty_phone="0994-000-0000",
        )

    organisations = add_organisations(
        organisations=[
            new("city", None, OrgLevel.CITY, OrgKind.CITY_COMMITTEE, "city", "阜康市委社会工作部"),
            new("water", "city", OrgLevel.DEPARTMENT, OrgKind.UTILITY, "city", "供水公司"),
            new(
                "fuxin",
                "city",
                OrgLevel.SUBDISTRICT,
                OrgKind.WORKING_COMMITTEE,
                "fuxin",
                "阜新街道党工委",
            ),
            new(
                "yingbin",
                "fuxin",
                OrgLevel.COMMUNITY,
                OrgKind.GRASSROOTS_COMMITTEE,
                "yingbin",
                "迎宾路社区党委",
            ),
            new(
                "daqiao",
                "fuxin",
                OrgLevel.COMMUNITY,
                OrgKind.GENERAL_BRANCH,
                "daqiao",
                "大桥社区党总支",
            ),
            new("branch", "yingbin", OrgLevel.BRANCH, OrgKind.FORMAL, "g7", "第三网格党支部"),
            new("other", "daqiao", OrgLevel.BRANCH, OrgKind.FORMAL, "d1", "大桥第一网格党支部"),
            new("group", "branch", OrgLevel.GROUP, OrgKind.BUILDING_GROUP, "b46", "46号楼党小组"),
            new("group2", "branch", OrgLevel.GROUP, OrgKind.BUILDING_GROUP, "b47", "47号楼党小组"),
        ],
        on=SINCE,
    )
    served = {
        "city": ["city"],
        "fuxin": ["fuxin"],
        "yingbin": ["yingbin"],
        "daqiao": ["daqiao"],
        "branch": ["g7", "g8"],
        "other": ["d1"],
        "group": ["b46"],
        "group2": ["b47"],
    }
    assign_all(
        responsibilities=[
            NewResponsibility(organisation=organisations[org], area=areas[area])
            for org, names in served.items()
            for area in names
        ],
        on=SINCE,
    )
    return organisations


def build_town() -> Town:
    """Make places, organisations, office hours, categories, standards and the privacy notice."""
    areas = _areas()
    orgs = _orgs(areas)
    set_office_hours(
        region=areas["city"],
        hours=[
            ("10-01", "04-30", dt.time(10), dt.time(14)),
            ("10-01", "04-30", dt.time(15, 30), dt.time(19, 30)),
            ("05-01", "09-30", dt.time(10), dt.time(14)),
            ("05-01", "09-30", dt.time(16), dt.time(20)),
        ],
    )
    _catalogue(areas["city"])
    register_cache.forget_version()
    return Town(areas, orgs)


def _catalogue(city: Area) -> None:
    water = Category.objects.create(code="WS", name="供水", urgency=Urgency.URGENT, icon="droplet")
    gas = Category.objects.create(code="GS", name="燃气", urgency=Urgency.URGENT, icon="flame")
    office = Category.objects.create(
        code="GV", name="政务服务", urgency=Urgency.NORMAL, icon="file-text"
    )
    add = Category.objects.create
    add(
        code="WS01",
        parent=water,
        name="水质浑浊/异味",
        urgency=Urgency.URGENT,
        search_text="水质浑浊 浑 黄水 szhz",
    )
    add(
        code="WS05",
        parent=water,
        name="水表与水费",
        urgency=Urgency.NORMAL,
        search_text="水表 水费",
    )
    add(
        code="GS01",
        parent=gas,
        name="泄漏",
        urgency=Urgency.EMERGENCY,
        search_text="煤气味 漏气",
        emergency_phone="0994-000-0119",
    )
    add(
        code="GV04",
        parent=office,
        name="工作作风",
        urgency=Urgency.NORMAL,
        channel="accusation",
        search_text="作风",
    )
    for urgency in Urgency:
        Standard.objects.create(
            region=city,
            urgency=urgency,
            is_round_the_clock=urgency in (Urgency.EMERGENCY, Urgency.URGENT),
            contact_within=2 * HOUR if urgency == Urgency.URGENT else WORKDAY,
            resolve_within=24 * HOUR if urgency == Urgency.URGENT else 5 * WORKDAY,
            answer_within=2 * HOUR if urgency == Urgency.URGENT else WORKDAY,
            confirm_within=5 * WORKDAY,
            redo_within=3 * WORKDAY,
        )
    PrivacyNotice.objects.create(
        version="2026-01", text="为办理您反映的事项，仅用于联系您。", valid_from=SINCE
    )


ROLES: dict[str, tuple[Role, str | None, bool]] = {
    "clerk": (Role.STAFF, "yingbin", False),
    "secretary": (Role.BRANCH_SECRETARY, "branch", False),
    "deputy": (Role.BRANCH_SECRETARY, "branch", True),
    "leader": (Role.GROUP_LEADER, "group", False),
    "member": (Role.MEMBER, "group", False),
    "community": (Role.COMMUNITY_SECRETARY, "yingbin", False),
    "official": (Role.SUBDISTRICT_OFFICIAL, "fuxin", False),
    "city": (Role.CITY_OFFICIAL, "city", False),
    "department": (Role.DEPARTMENT_HANDLER, "water", False),
    "outsider": (Role.BRANCH_SECRETARY, "other", False),
    "sibling": (Role.STAFF, "daqiao", False),
    "partner": (Role.API_CLIENT, None, False),
    "auditor": (Role.AUDITOR, None, False),
    "sysadmin": (Role.SYSTEM_ADMIN, None, False),
    "secadmin": (Role.SECURITY_ADMIN, None, False),
}


def build_cast(town: Town) -> dict[str, User]:
    """Create one person for each role, named after it, without password."""
    cast = {}
    for name, (role, org, is_deputy) in ROLES.items():
        user = create_person(
            username=name, name=f"示例{name}", by=None, is_system=role == Role.API_CLIENT
        )
        appoint(
            user=user,
            role=role,
            by=None,
            valid_from=SINCE,
            organisation=town.orgs[org] if org else None,
            area=town.areas["fuxin"] if role == Role.API_CLIENT else None,
            is_deputy=is_deputy,
        )
        cast[name] = User.objects.get(pk=user.pk)
    return cast


@dataclass(frozen=True, slots=True)
class Stage:
    """The town with its people, and methods that bring a case into a status."""

    town: Town
    cast: dict[str, User]

    def report(self, **changes: object) -> Report:
        """Return the murky-water report from building 46 with some fields changed."""
        values: dict[str, object] = {
            "place": self.town.building,
            "category": Category.objects.get(code="WS01"),
            "text": "自来水发浑，放一会儿还是黄的。",
            "channel": Channel.QR,
            "notice_version": "2026-01",
            "contact": ContactDetails(name="示例居民", phone=PHONE),
        }
        return Report(**(values | changes))  # type: ignore[arg-type]

    def file(
        self, *, by: str | None = None, now: dt.datetime | None = None, **changes: object
    ) -> Submitted:
        """File a report as a resident, or as a person of the cast."""
        actor = self.cast[by] if by else Petitioner(0)
        return submission.submit(report=self.report(**changes), by=actor, now=now or timezone.now())

    def at(self, status: Status, *, now: dt.datetime | None = None, **changes: object) -> Petition:
        """Return a new case brought to `status` through the workflow."""
        now = now or timezone.now()
        petition = self.file(by=None, now=now, **changes).petition
        return walk(self, petition, status, now)

    def petitioner(self, petition: Petition) -> Petitioner:
        """Return the resident of a case, who gave the telephone number as well."""
        return Petitioner(petition.pk, has_given_phone=True)


def walk(stage: Stage, petition: Petition, status: Status, now: dt.datetime) -> Petition:
    """Bring a submitted case to `status`, verb by verb."""
    for step in PATHS[status]:
        petition = STEPS[step](stage, petition, now)
    return petition


STEPS: dict[str, Callable[[Stage, Petition, dt.datetime], Petition]] = {
    "accept": lambda s, p, now: handling.accept(petition=p, by=s.cast["secretary"], now=now),
    "decline": lambda s, p, now: handling.decline(
        petition=p, by=s.cast["secretary"], now=now, reason="不在范围"
    ),
    "return": lambda s, p, now: rerouting.return_(
        petition=p, by=s.cast["secretary"], now=now, reason="不归我管"
    ),
    "withdraw": lambda s, p, now: resolution.withdraw(petition=p, by=s.petitioner(p), now=now),
    "redirect": lambda s, p, now: handling.redirect(
        petition=p, by=s.cast["secretary"], now=now, reason="请向法院提起诉讼"
    ),
    "dispatch": lambda s, p, now: handling.dispatch(
        petition=p, by=s.cast["secretary"], now=now, group=s.town.orgs["group"]
    ),
    "start": lambda s, p, now: handling.start(petition=p, by=s.cast["secretary"], now=now),
    "resolve": lambda s, p, now: resolution.resolve(
        petition=p,
        by=s.cast["secretary"],
        now=now,
        outcome=Outcome.RESOLVED,
        cause="老旧铁管",
        public_answer="已更换楼内铁管，水已变清。",
    ),
    "dispute": lambda s, p, now: resolution.dispute(
        petition=p, by=s.petitioner(p), now=now, reason="还是浑"
    ),
    "confirm": lambda s, p, now: resolution.confirm(petition=p, by=s.petitioner(p), now=now),
}

PATHS: dict[Status, tuple[str, ...]] = {
    Status.SUBMITTED: (),
    Status.DECLINED: ("decline",),
    Status.RETURNED: ("return",),
    Status.WITHDRAWN: ("withdraw",),
    Status.ACCEPTED: ("accept",),
    Status.REDIRECTED: ("accept", "redirect"),
    Status.ASSIGNED: ("accept", "dispatch"),
    Status.IN_PROGRESS: ("accept", "start"),
    Status.RESOLVED: ("accept", "start", "resolve"),
    Status.REOPENED: ("accept", "start", "resolve", "dispute"),
    Status.CLOSED: ("accept", "start", "resolve", "confirm"),
}
