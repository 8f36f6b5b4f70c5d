"""Oracle: an independent implementation of visibility and permissions, for tests.

It uses neither `visible_to` nor `permissions` nor the database: places, organisations and people
are known by the names of tests/support/cast.py and their position in the tree. A bug in the
product's rule is therefore not repeated here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from branches.enums import OrgLevel
from members.enums import Role
from petitions.enums import Actor, Status, TaskState, Verb
from petitions.states import OPEN, RULE_OF
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
"""Each place and its parent; `gone` is closed."""

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
"""Each organisation and its parent; `gone` is dissolved."""

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
"""The place of each organisation's address."""

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
"""The places each organisation is responsible for; a department has none."""

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
    """A current post, by names; `area` only for a partner system."""

    role: Role
    body: str | None = None
    area: str | None = None


POSTS: dict[str, tuple[OraclePost, ...]] = {
    name: (OraclePost(role, body, "fuxin" if role == Role.API_CLIENT else None),)
    for name, (role, body, _is_deputy) in ROLES.items()
} | {
    "leader2": (OraclePost(Role.GROUP_LEADER, "group2"),),
    "double": (OraclePost(Role.STAFF, "daqiao"), OraclePost(Role.MEMBER, "group")),
    "two_sides": (
        OraclePost(Role.BRANCH_SECRETARY, "branch"),
        OraclePost(Role.COMMUNITY_SECRETARY, "yingbin"),
    ),
    **dict.fromkeys(("former", "coming", "closed", "newcomer", "visitor"), ()),
}
"""All visitors with their posts. The post of `former` ended yesterday, that of `coming` begins
tomorrow; the account of `closed` is locked; `newcomer` has no post, `visitor` no account."""

NO_ACCOUNT = {"closed", "visitor"}


@dataclass(frozen=True, slots=True)
class OracleTask:
    """A task: who does it, who ordered it, its state, and whether a deadline of it has passed."""

    doer: str
    orderer: str
    state: TaskState = TaskState.SENT
    is_overdue: bool = False

    @property
    def is_owed(self) -> bool:
        """Tell whether the doing organisation still has to conclude it."""
        return self.state in {TaskState.SENT, TaskState.ACKNOWLEDGED}


@dataclass(frozen=True, slots=True)
class Case:
    """The facts of a case: its place, and the organisations and people involved."""

    place: str = "b46"
    handler: str = "branch"
    status: Status = Status.SUBMITTED
    group: str | None = None  # assigned group
    people: tuple[str, ...] = ()
    tasks: tuple[OracleTask, ...] = ()
    above: str | None = None  # supervising organisation
    is_answer_owed: bool = False
    arbiter: str | None = None  # decides on a return, or did
    returner: str | None = None  # the person who returned the case
    resolver: str | None = None  # the person who resolved it
    about: str | None = None
    is_sealed: bool = False
    filer: str | None = None
    has_phone: bool = True  # a telephone number was left
    is_overdue: bool = False
    is_due_soon: bool = False
    photo: bool = False
    category: str = "WS01"
    is_household: bool = False  # never listed to residents


def upward(name: str, tree: dict[str, str | None]) -> Iterator[str]:
    """Yield a place or organisation and its ancestors."""
    here: str | None = name
    while here is not None:
        yield here
        here = tree[here]


def is_within(inner: str, outer: str) -> bool:
    """Tell whether a place lies in another one, or is it."""
    return outer in upward(inner, PLACES)


def places_of_post(post: OraclePost) -> set[str]:
    """Return the places of a post: those its organisation and the organisation's groups serve."""
    if post.area is not None:
        return {post.area}
    if post.body is None:
        return set()
    bodies = [post.body, *(name for name in GROUPS if ORGANISATIONS[name] == post.body)]
    return {place for body in bodies for place in SERVES.get(body, ())}


def places_of(who: str) -> set[str]:
    """Return the places of all posts of a person."""
    return {place for post in POSTS[who] for place in places_of_post(post)}


def has_case_post(who: str) -> bool:
    """Tell whether a person has a post that handles cases."""
    return any(post.role not in ADMIN_ROLES for post in POSTS[who])


def sees_place(who: str, place: str) -> bool:
    """Tell whether a place is within, or an ancestor of, a place of the person's posts."""
    return any(is_within(place, top) or is_within(top, place) for top in places_of(who))


def sees_organisation(who: str, body: str) -> bool:
    """Tell whether an organisation is above or below an own one, in an own place or for all."""
    own = {post.body for post in POSTS[who] if post.body}
    if not own and not places_of(who):
        return False
    in_line = any(
        body in upward(name, ORGANISATIONS) or name in upward(body, ORGANISATIONS) for name in own
    )
    is_seated = any(is_within(AREA_OF[body], top) for top in places_of(who))
    return in_line or is_seated or LEVELS[body] == OrgLevel.DEPARTMENT


def organisations_above(who: str) -> set[str]:
    """Return the organisations of a person's posts and their ancestors."""
    return {above for post in POSTS[who] if post.body for above in upward(post.body, ORGANISATIONS)}


def is_own_matter(who: str, case: Case) -> bool:
    """Tell whether a case is about an organisation of the person, or above it."""
    return case.about in organisations_above(who)


def is_hidden_from_programs(case: Case) -> bool:
    """Tell whether a case is about an organisation or an accusation: no partner system sees it."""
    return case.about is not None or case.is_sealed


def is_assigned(who: str, case: Case) -> bool:
    """Tell whether the person is an assignee and still in or below the handling organisation."""
    return who in case.people and case.handler in organisations_above(who)


def sees_case(who: str, case: Case) -> bool:
    """Tell whether a case is visible to a person."""
    if not has_case_post(who) or is_own_matter(who, case):
        return False
    if case.is_sealed and not any(post.role == Role.CITY_OFFICIAL for post in POSTS[who]):
        return False
    doers = {task.doer for task in case.tasks}
    drawn_in = {case.handler, case.above, case.group, *doers} - {None}
    for post in POSTS[who]:
        if post.body is None and is_hidden_from_programs(case):
            continue
        if post.role in CASES_BY_PLACE and any(
            is_within(case.place, t) for t in places_of_post(post)
        ):
            return True
        if post.role != Role.MEMBER and post.body in drawn_in:
            return True
    return is_assigned(who, case)


def is_part_of(who: str, body: str) -> bool:
    """Tell whether a person has any post in an organisation or in one of its Party groups."""
    own = {post.body for post in POSTS[who] if post.body}
    return body in own or any(name in GROUPS and ORGANISATIONS[name] == body for name in own)


def has_returned(who: str, case: Case) -> bool:
    """Tell whether a person returned a case or is part of the organisation that did."""
    return who == case.returner or is_part_of(who, case.handler)


def actors_of(who: str, case: Case) -> set[Actor]:
    """Return the actors that a person is on a case."""
    if not sees_case(who, case):
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
            Actor.DEPARTMENT: is_head and post.body in {task.doer for task in case.tasks},
            Actor.ORDERER: is_head and post.body in {task.orderer for task in case.tasks},
            Actor.COORDINATOR: post.role in DESK and covers,
            Actor.ARBITER: (
                post.body == case.arbiter
                and (is_head or post.role == Role.STAFF)
                and not has_returned(who, case)
            ),
            Actor.PARTNER: (
                post.role == Role.API_CLIENT and covers and not is_hidden_from_programs(case)
            ),
        }
        actors |= {actor for actor, holds in ways.items() if holds and post.body != ""}
    return actors


BY_CLOCK_WHILE_RETURNED = {Verb.ESCALATE}
DECISIONS = {Verb.ACCEPT, Verb.DECLINE, Verb.REDIRECT, Verb.REASSIGN, Verb.ESCALATE}


def decides_as_coordinator(who: str, case: Case) -> bool:
    """Tell whether a person coordinates a case by a post of the handler or of one above it."""
    return any(
        post.role in DESK
        and any(is_within(case.place, top) for top in places_of_post(post))
        and post.body in upward(case.handler, ORGANISATIONS)
        for post in POSTS[who]
    )


def is_actor(who: str, case: Case, verb: Verb) -> bool:
    """Tell whether a person may perform a verb on a case in its status or in another one."""
    if verb not in RULE_OF:
        return False
    actors = actors_of(who, case)
    if verb in DECISIONS and not decides_as_coordinator(who, case):
        actors -= {Actor.COORDINATOR}
    if case.status == Status.RETURNED and verb == Verb.REASSIGN:
        return Actor.ARBITER in actors  # nobody else decides
    if case.status == Status.RETURNED and verb in BY_CLOCK_WHILE_RETURNED:
        return False
    return bool(set(RULE_OF[verb].actors) & actors)


WORD_OF_RESIDENT = {Verb.CONFIRM, Verb.DISPUTE, Verb.CLOSE, Verb.WITHDRAW}
"""Verbs by which staff record what the resident says."""


def has_handled(who: str, case: Case) -> bool:
    """Tell whether a person, or an organisation that the person is part of, handled a case."""
    workers = (case.handler, case.group, *(task.doer for task in case.tasks))
    bodies = {body for body in workers if body}
    return who in {case.resolver, *case.people} or any(is_part_of(who, body) for body in bodies)


def is_other_side(who: str, case: Case, verb: Verb) -> bool:
    """Tell whether a verb is refused because the person stands on the other side of the act."""
    owing = (case.is_answer_owed and case.above, case.status == Status.RETURNED and case.arbiter)
    is_end = verb in (Verb.WITHDRAW, Verb.CONFIRM, Verb.CLOSE, Verb.DECLINE, Verb.REDIRECT)
    if is_end and any(is_part_of(who, body or "") for body in owing):
        return True
    if verb == Verb.REOPEN:
        return has_handled(who, case)
    if verb in WORD_OF_RESIDENT:
        return has_handled(who, case) or not (case.filer or case.has_phone or verb == Verb.DISPUTE)
    if verb == Verb.ANSWER and case.is_answer_owed:
        return is_part_of(who, (case.group or "") if case.above == case.handler else case.handler)
    if verb == Verb.REASSIGN and case.status != Status.RETURNED:
        return is_part_of(who, case.handler)
    return False


def may_join(building: str, case: Case) -> bool | None:
    """Tell whether a resident at a building may join a matter; None when it has just ended."""
    is_theirs = building == case.place and not (case.is_sealed or case.about or case.is_household)
    return is_theirs if case.status in OPEN or not is_theirs else None
