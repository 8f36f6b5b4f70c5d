"""A second opinion on who may see and do what, from the cast's description alone.

Nothing here asks `visible_to`, `permissions` or the database: places, organisations and people are
known by the names of tests/support/cast.py and their position in the tree. A mistake in the
product's rule therefore cannot hide by being made here as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from branches.enums import OrgLevel
from members.enums import Role
from petitions.enums import Actor, Status, Verb
from petitions.states import OPEN, RULE_OF, RUNNING
from tests.support.cast import ROLES

PLACES: dict[str, str | None] = {
    "city": None,
    "fuxin": "city",
    "yingbin": "fuxin",
    "daqiao": "fuxin",
    "g7": "yingbin",
    "g8": "yingbin",
    "d1": "daqiao",
    "fxhy": "g7",
    "hzxq": "d1",
    "b46": "fxhy",
    "b47": "fxhy",
    "b1": "hzxq",
    "gone": "fxhy",
}
"""Each place and the one right above it; `gone` has been pulled down."""

ORGANISATIONS: dict[str, str | None] = {
    "city": None,
    "water": "city",
    "fuxin": "city",
    "yingbin": "fuxin",
    "daqiao": "fuxin",
    "branch": "yingbin",
    "other": "daqiao",
    "group": "branch",
    "group2": "branch",
    "gone": "branch",
}
"""Each organisation and the one right above it; `gone` was dissolved."""

AREA_OF = {
    "city": "city",
    "water": "city",
    "fuxin": "fuxin",
    "yingbin": "yingbin",
    "daqiao": "daqiao",
    "branch": "g7",
    "other": "d1",
    "group": "b46",
    "group2": "b47",
    "gone": "b46",
}
"""Where each organisation has its seat."""

SERVES = {
    "city": ("city",),
    "fuxin": ("fuxin",),
    "yingbin": ("yingbin",),
    "daqiao": ("daqiao",),
    "branch": ("g7", "g8"),
    "other": ("d1",),
    "group": ("b46",),
    "group2": ("b47",),
}
"""What each organisation answers for; a department answers for no place."""

LEVELS = {
    "city": OrgLevel.CITY,
    "water": OrgLevel.DEPARTMENT,
    "fuxin": OrgLevel.SUBDISTRICT,
    **dict.fromkeys(("yingbin", "daqiao"), OrgLevel.COMMUNITY),
    **dict.fromkeys(("branch", "other"), OrgLevel.BRANCH),
    **dict.fromkeys(("group", "group2", "gone"), OrgLevel.GROUP),
}
GROUPS = ("group", "group2")
ADMIN_ROLES = {Role.AUDITOR, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}
DESK = {Role.STAFF, Role.COMMUNITY_SECRETARY, Role.SUBDISTRICT_OFFICIAL}
CASES_BY_PLACE = DESK | {
    *(Role.CITY_OFFICIAL, Role.BRANCH_SECRETARY, Role.GROUP_LEADER, Role.API_CLIENT),
}
HEAD_ROLES = {
    *(Role.GROUP_LEADER, Role.BRANCH_SECRETARY, Role.COMMUNITY_SECRETARY),
    *(Role.SUBDISTRICT_OFFICIAL, Role.CITY_OFFICIAL, Role.DEPARTMENT_HANDLER),
}


@dataclass(frozen=True, slots=True)
class OraclePost:
    """One post held today, by names; `area` only for a partner system."""

    role: Role
    body: str | None = None
    area: str | None = None


POSTS: dict[str, tuple[OraclePost, ...]] = {
    name: (OraclePost(role, body, "fuxin" if role == Role.API_CLIENT else None),)
    for name, (role, body, _is_deputy) in ROLES.items()
} | {
    "leader2": (OraclePost(Role.GROUP_LEADER, "group2"),),
    "double": (OraclePost(Role.STAFF, "daqiao"), OraclePost(Role.MEMBER, "group")),
    **dict.fromkeys(("former", "coming", "closed", "newcomer", "visitor"), ()),
}
"""Everybody who comes. `former` held a post until yesterday, `coming` will from tomorrow; the
account of `closed` is shut; `newcomer` never had a post, `visitor` no account."""

NO_ACCOUNT = {"closed", "visitor"}


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of one case: where it comes from and into whose hands it was put."""

    place: str = "b46"
    handler: str = "branch"
    status: Status = Status.SUBMITTED
    group: str | None = None  # it was dispatched to
    people: tuple[str, ...] = ()
    department: str | None = None
    above: str | None = None  # owes or gave an answer
    is_answer_owed: bool = False
    about: str | None = None
    is_sealed: bool = False
    filer: str | None = None
    is_overdue: bool = False
    is_due_soon: bool = False
    photo: bool = False
    category: str = "WS01"
    is_household: bool = False  # nobody else's matter: residents never see it listed


def upward(name: str, tree: dict[str, str | None]) -> Iterator[str]:
    """Yield a place or organisation and everything above it."""
    here: str | None = name
    while here is not None:
        yield here
        here = tree[here]


def is_within(inner: str, outer: str) -> bool:
    """Tell whether a place lies in another one, or is it."""
    return outer in upward(inner, PLACES)


def places_of_post(post: OraclePost) -> set[str]:
    """Return the places one post reaches: what its organisation serves, and a branch's groups."""
    if post.area is not None:
        return {post.area}
    if post.body is None:
        return set()
    bodies = [post.body, *(name for name in GROUPS if ORGANISATIONS[name] == post.body)]
    return {place for body in bodies for place in SERVES.get(body, ())}


def places_of(who: str) -> set[str]:
    """Return the places all posts of somebody reach."""
    return {place for post in POSTS[who] for place in places_of_post(post)}


def has_case_post(who: str) -> bool:
    """Tell whether somebody holds a post that handles cases."""
    return any(post.role not in ADMIN_ROLES for post in POSTS[who])


def sees_place(who: str, place: str) -> bool:
    """Tell whether a place is in somebody's territory, or on the way up from it."""
    return any(is_within(place, top) or is_within(top, place) for top in places_of(who))


def sees_organisation(who: str, body: str) -> bool:
    """Tell whether an organisation is in one's line, seated in the territory, or serves all."""
    own = {post.body for post in POSTS[who] if post.body}
    if not own and not places_of(who):
        return False
    in_line = any(
        body in upward(name, ORGANISATIONS) or name in upward(body, ORGANISATIONS) for name in own
    )
    is_seated = any(is_within(AREA_OF[body], top) for top in places_of(who))
    return in_line or is_seated or LEVELS[body] == OrgLevel.DEPARTMENT


def organisations_above(who: str) -> set[str]:
    """Return the organisations somebody belongs to or stands below."""
    return {above for post in POSTS[who] if post.body for above in upward(post.body, ORGANISATIONS)}


def is_own_matter(who: str, case: Case) -> bool:
    """Tell whether a case is about an organisation somebody belongs to or stands below."""
    return case.about in organisations_above(who)


def is_assigned(who: str, case: Case) -> bool:
    """Tell whether the work was given to somebody in person, who still stands in that line."""
    return who in case.people and case.handler in organisations_above(who)


def sees_case(who: str, case: Case) -> bool:
    """Tell whether a case exists for somebody."""
    if not has_case_post(who) or is_own_matter(who, case):
        return False
    if case.is_sealed and not any(post.role == Role.CITY_OFFICIAL for post in POSTS[who]):
        return False
    drawn_in = {case.handler, case.above, case.group, case.department} - {None}
    for post in POSTS[who]:
        if post.role in CASES_BY_PLACE and any(
            is_within(case.place, t) for t in places_of_post(post)
        ):
            return True
        if post.role != Role.MEMBER and post.body in drawn_in:
            return True
    return is_assigned(who, case)


def actors_of(who: str, case: Case) -> set[Actor]:
    """Return what somebody is to a case."""
    if is_own_matter(who, case):
        return set()
    actors = {Actor.ASSIGNEE} if is_assigned(who, case) else set()
    for post in POSTS[who]:
        is_head = post.role in HEAD_ROLES
        covers = any(is_within(case.place, top) for top in places_of_post(post))
        is_desk = post.role == Role.STAFF and LEVELS.get(post.body or "") == OrgLevel.COMMUNITY
        ways = {
            Actor.HANDLER: post.body == case.handler and (is_head or is_desk),
            Actor.ASSIGNEE: is_head and post.body == case.group,
            Actor.SUPERVISOR: is_head and post.body == case.above,
            Actor.DEPARTMENT: is_head and post.body == case.department,
            Actor.COORDINATOR: post.role in DESK and covers,
            Actor.PARTNER: post.role == Role.API_CLIENT and covers,
        }
        actors |= {actor for actor, holds in ways.items() if holds and post.body != ""}
    return actors


def is_actor(who: str, case: Case, verb: Verb) -> bool:
    """Tell whether a verb is somebody's to do on a case at all."""
    return verb in RULE_OF and bool(set(RULE_OF[verb].actors) & actors_of(who, case))


# --- What the counters must say ---------------------------------------------------------------


def _is_mine(who: str, case: Case) -> bool:
    own = {post.body for post in POSTS[who] if post.role != Role.MEMBER and post.body}
    return case.status in RUNNING and (
        case.handler in own or case.group in own or who in case.people
    )


def _awaits(who: str, case: Case) -> bool:
    own = {post.body for post in POSTS[who] if post.role != Role.MEMBER and post.body}
    return case.is_answer_owed and case.above in own


def counts_as(name: str, who: str, case: Case) -> bool:
    """Tell whether an open case counts under one of the counters of the pages."""
    return {
        "open": True,
        "overdue": case.is_overdue and case.status in RUNNING,
        "due_soon": case.is_due_soon and case.status in RUNNING,
        "to_accept": case.status == Status.SUBMITTED,
        "waiting": _awaits(who, case),
        "returned": case.status == Status.RETURNED,
        "to_confirm": case.status == Status.RESOLVED,
        "escalated": case.is_answer_owed,
        "mine": _is_mine(who, case),
    }[name] and case.status in OPEN


def may_join(building: str, case: Case) -> bool | None:
    """Tell whether a resident at a building may join a matter; None when it has just ended."""
    is_theirs = building == case.place and not (case.is_sealed or case.about or case.is_household)
    return is_theirs if case.status in OPEN or not is_theirs else None
