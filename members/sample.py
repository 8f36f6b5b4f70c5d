"""Sample people: demo log-ins, a holder for nearly every post, and 2,275 enrolled cadres.

Every name is visibly invented. Only the demo log-ins have passwords.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import count, product

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from branches.enums import OrgLevel
from branches.models import Organisation, Responsibility
from grids.enums import CodeScheme, Level
from grids.models import Area, AreaCode
from members import workflow
from members.demo_logins import LOGINS, Login
from members.enums import ADMIN_ROLES, HEAD_ROLE_OF_LEVEL, SINGLE_HEAD_ROLES, Role
from members.models import NearbyEnrolment, Post, User

CADRES = 2_275
FIRST_CADRES = (38, 44, 41, 35, 47, 40, 43, 42)  # about 41 a branch, not all alike
MEMBERS_A_GROUP = 2
STAFF_A_COMMUNITY = 2
OFFICIALS = 2
VACANT_BRANCHES = (20, 40)  # no secretary at the moment; a deputy stands in
VACANT_GROUP = 60
DEPUTY_EVERY = 5  # every fifth branch has a deputy besides
SUBDISTRICT, COMMUNITY, OUTSIDE = "652302002", "652302002004", "652302001"
BUILDING, WATER = "阜兴花苑46号楼", "市供水公司"
PREFIX = "yb"  # user names of the invented people without a log-in: yb0001, yb0002, …

SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎"
    "鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄"
)
GIVEN_NAMES = ("样本", "示例", "虚构", "假名", "试用", "演示")
UNITS = tuple(
    f"市{word}{body}"
    for body, word in product(
        ("局", "中心", "学校", "医院", "公司", "站"), ("示例", "样本", "演示")
    )
)
SKILLS = (
    "水电维修",
    "政策咨询",
    "法律咨询",
    "医疗保健",
    "电脑维修",
    "文艺活动",
    "青少年辅导",
    "应急救护",
    "家电维修",
    "心理疏导",
    "",
)
FREE = ("周六上午", "周末", "工作日晚上", "周日下午", "随叫随到", "")


@transaction.atomic
def load(on: dt.date) -> None:
    """Write the sample people, posts and enrolled cadres; repeated calls change nothing.

    Organisations must exist. All posts begin on `on`.
    """
    if User.objects.filter(username=LOGINS[0].username).exists():
        return
    organisations = list(Organisation.objects.order_by("path"))
    posts = _demo_posts(organisations, on)
    _fill_posts(organisations, posts, on)
    workflow.create_people(people=[post.user for post in posts])
    workflow.appoint_all(posts=posts)
    branches = [row for row in organisations if row.level == OrgLevel.BRANCH]
    workflow.enrol_all(enrolments=list(_cadres(branches, on)))


def _demo_posts(organisations: list[Organisation], on: dt.date) -> list[Post]:
    """Return the posts of the demo log-ins around building 46; one is in another subdistrict."""
    organisation_of, area = _demo_organisations(organisations)
    password = make_password(settings.DEMO_PASSWORD)  # hashed once: hashing is slow by intent
    return [
        Post(
            user=_login(login, number, password),
            role=login.role,
            organisation=organisation_of.get(login.username),
            area=area if login.role == Role.API_CLIENT else None,
            valid_from=on,
        )
        for number, login in enumerate(LOGINS, start=1)
    ]


def _demo_organisations(organisations: list[Organisation]) -> tuple[dict[str, Organisation], Area]:
    by_area = {(row.area_id, row.level): row for row in organisations}
    areas = {
        code.code: code.area
        for code in AreaCode.objects.filter(
            scheme=CodeScheme.DIVISION, code__in=[SUBDISTRICT, COMMUNITY, OUTSIDE]
        ).select_related("area")
    }
    building = Area.objects.get(level=Level.BUILDING, full_name=BUILDING)
    owners = {
        row.level: row.organisation
        for row in Responsibility.objects.filter(
            level__in=[OrgLevel.GROUP, OrgLevel.BRANCH], area_id__in=building.ancestor_ids
        ).select_related("organisation")
    }
    outside = by_area[areas[OUTSIDE].pk, OrgLevel.SUBDISTRICT]
    organisation_of = {
        "staff": by_area[areas[COMMUNITY].pk, OrgLevel.COMMUNITY],
        "member": owners[OrgLevel.GROUP],
        "leader": owners[OrgLevel.GROUP],
        "secretary": owners[OrgLevel.BRANCH],
        "community": by_area[areas[COMMUNITY].pk, OrgLevel.COMMUNITY],
        "official": by_area[areas[SUBDISTRICT].pk, OrgLevel.SUBDISTRICT],
        "city": next(row for row in organisations if row.level == OrgLevel.CITY),
        "department": next(row for row in organisations if row.short_name == WATER),
        "outsider": next(
            row
            for row in organisations
            if row.level == OrgLevel.BRANCH and row.path.startswith(outside.path)
        ),
    }
    return organisation_of, areas[SUBDISTRICT]


def _login(login: Login, number: int, password: str) -> User:
    is_system = login.role == Role.API_CLIENT
    return User(
        username=login.username,
        name=login.name,
        email=f"{login.username}@example.invalid",
        duty_phone=f"0994-5559{number:03d}",
        is_staff=login.role in ADMIN_ROLES,
        is_system=is_system,
        password=make_password(None) if is_system else password,
    )


def _fill_posts(organisations: list[Organisation], posts: list[Post], on: dt.date) -> None:
    """Add a holder for every post without a demo log-in, except for the planned vacancies."""
    filled = {(post.organisation, post.role) for post in posts}
    never_vacant = {post.organisation for post in posts}
    people = _people()
    numbers = {level: count(1) for level in OrgLevel}
    for organisation in organisations:
        level = OrgLevel(organisation.level)
        number = next(numbers[level])
        head = HEAD_ROLE_OF_LEVEL[level]
        vacant = organisation not in never_vacant and _is_vacant(level, number)
        heads = 0 if vacant else OFFICIALS if level == OrgLevel.SUBDISTRICT else 1
        if head in SINGLE_HEAD_ROLES and (organisation, head) in filled:
            heads = 0
        roles = [(head, False)] * heads
        if level == OrgLevel.BRANCH and (vacant or number % DEPUTY_EVERY == 0):
            roles.append((head, True))
        if level == OrgLevel.COMMUNITY:
            roles += [(Role.STAFF, False)] * STAFF_A_COMMUNITY
        if level == OrgLevel.GROUP:
            roles += [(Role.MEMBER, False)] * MEMBERS_A_GROUP
        posts += [
            Post(
                user=next(people),
                role=role,
                organisation=organisation,
                is_deputy=is_deputy,
                valid_from=on,
            )
            for role, is_deputy in roles
        ]


def _is_vacant(level: OrgLevel, number: int) -> bool:
    """Return whether a post stays vacant, to demonstrate deputies and gaps."""
    if level == OrgLevel.BRANCH:
        return number in VACANT_BRANCHES
    return level == OrgLevel.GROUP and number == VACANT_GROUP


def _people() -> Iterator[User]:
    """Yield invented people without a password; each name occurs once."""
    unusable = make_password(None)
    for number, (given_name, surname) in enumerate(product(GIVEN_NAMES, SURNAMES), start=1):
        yield User(
            username=f"{PREFIX}{number:04d}", name=f"{surname}{given_name}", password=unusable
        )


def _cadres(branches: list[Organisation], on: dt.date) -> Iterator[NearbyEnrolment]:
    """Distribute the cadres over the branches in nearly equal numbers; the sum is exact."""
    cadres_left = CADRES
    number = 0
    for position, branch in enumerate(branches):
        branches_left = len(branches) - position
        size = cadres_left if branches_left == 1 else FIRST_CADRES[position % len(FIRST_CADRES)]
        if branches_left <= len(FIRST_CADRES):
            size = cadres_left // branches_left
        cadres_left -= size
        for _cadre in range(size):
            number += 1
            yield NearbyEnrolment(
                name=f"{SURNAMES[number % len(SURNAMES)]}样本{number:04d}",
                home_unit=UNITS[number % len(UNITS)],
                organisation=branch,
                skills=SKILLS[number % len(SKILLS)],
                availability=FREE[number % len(FREE)],
                enrolled_on=on,
            )
