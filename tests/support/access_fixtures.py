"""Test data of the access matrix: a case for every kind of place and relation, and all visitors.

Seen from the branch of building 46: its own building, the next one, its grid, its community
(parent), its groups (child), the neighbouring community (sibling, foreign), cases about an
organisation, deleted rows and unknown ids.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from branches.enums import OrgKind, OrgLevel
from branches.models import Organisation
from branches.workflow import add_organisation
from grids.enums import AreaKind, Level
from grids.workflow import add_area, close_area
from members.accounts.middleware import MFA_VERIFIED_KEY
from members.enums import MessageKind, Role
from members.models import InboxMessage, User
from members.workflow import Notification, appoint, create_person, lock, notify
from petitions.enums import Outcome, PhotoKind, Status, TaskState
from petitions.models import Category, Petition, Photo
from petitions.rules.contacts import ContactDetails
from petitions.rules.photos import StoredPhoto
from petitions.workflow import escalation, handling, rerouting, resolution
from tests.support import task_steps
from tests.support.cast import SINCE, Stage, walk
from tests.support.oracle import NO_ACCOUNT, POSTS, Case, OracleTask, sees_case

NOW = timezone.now()
LONG_AGO = NOW - dt.timedelta(days=30)
A_WHILE_AGO = NOW - dt.timedelta(hours=20)  # of 24 hours for an urgent case: more than 80 %
TODAY = timezone.localdate(NOW)
DAY = dt.timedelta(days=1)
S = Status
requests: Counter[str] = Counter()

FACTS: dict[str, Case] = {
    "own": Case(photo=True),
    "next building": Case("b47"),
    "grid": Case("g8", status=S.ACCEPTED),
    "community": Case("yingbin", "yingbin"),
    "foreign": Case("b1", "other", photo=True),
    "foreign community": Case("daqiao", "daqiao"),
    "reassigned from elsewhere": Case("b1", "branch"),
    "handed to a member": Case(status=S.ASSIGNED, people=("member",), photo=True),
    "handed to a group": Case(status=S.ASSIGNED, group="group2"),
    "ordered to a department": Case(
        status=S.IN_PROGRESS, above="yingbin", tasks=(OracleTask("water", "yingbin"),)
    ),
    "task of the department": Case(
        status=S.IN_PROGRESS,
        above="yingbin",
        tasks=(OracleTask("water", "yingbin", TaskState.ACKNOWLEDGED),),
    ),
    "task overdue": Case(
        status=S.IN_PROGRESS,
        above="yingbin",
        tasks=(OracleTask("water", "yingbin", TaskState.ACKNOWLEDGED, is_overdue=True),),
        is_due_soon=True,
    ),
    "task handed back": Case(
        status=S.IN_PROGRESS,
        above="yingbin",
        tasks=(OracleTask("water", "yingbin", TaskState.HANDED_BACK),),
    ),
    "task done": Case(
        status=S.IN_PROGRESS,
        above="yingbin",
        tasks=(OracleTask("water", "yingbin", TaskState.DONE),),
    ),
    "answer owed": Case(status=S.IN_PROGRESS, above="yingbin", is_answer_owed=True),
    "about the group": Case(about="group"),
    "about the branch": Case(handler="yingbin", about="branch", photo=True),
    "about the community": Case(handler="fuxin", about="yingbin"),
    "about the subdistrict": Case(handler="city", about="fuxin"),
    "about the branch elsewhere": Case("b1", "daqiao", about="other"),
    "sealed": Case(handler="city", is_sealed=True, photo=True, category="GV04"),
    "of one household": Case(category="WS05", is_household=True),
    "filed at the desk": Case(filer="clerk"),
    "nobody to call": Case(has_phone=False),
    "overdue": Case(status=S.ACCEPTED, is_overdue=True),
    "overdue elsewhere": Case("b1", "other", status=S.ACCEPTED, is_overdue=True),
    "due soon": Case(status=S.ACCEPTED, is_due_soon=True),
    "returned": Case(status=S.RETURNED, arbiter="yingbin", returner="secretary"),
    "returned by the community": Case(
        "yingbin", "yingbin", status=S.RETURNED, arbiter="fuxin", returner="clerk"
    ),
    "resolved": Case(status=S.RESOLVED, resolver="secretary"),
    "resolved by the community": Case(
        "yingbin", "yingbin", status=S.RESOLVED, resolver="community"
    ),
    "closed": Case(status=S.CLOSED, resolver="secretary"),
}
"""The cases by name, with the facts that the oracle needs."""


@dataclass(frozen=True, slots=True)
class DeletedRow:
    """A deleted row; responses must not distinguish it from an unknown id."""

    pk: int = 0
    uuid: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass
class Visitor:
    """A person of the cast, or a visitor without log-in: a test client and an API token."""

    name: str
    user: User | None
    browser: Client
    token: dict[str, str]

    def ask(self, method: str, url: str, data: Any = None) -> Any:
        """Send a request; API requests carry the token and JSON."""
        requests[method] += 1
        if url.startswith("/api/"):
            options = {} if method in {"GET", "HEAD"} else {"content_type": "application/json"}
            return getattr(self.browser, method.lower())(
                url, data or {}, headers=self.token, **options
            )
        options = {} if method in {"GET", "HEAD", "POST"} else {"content_type": "application/json"}
        return getattr(self.browser, method.lower())(url, data or {}, **options)


@dataclass
class AccessFixtures:
    """The town with a case of every kind, photos, messages, deleted rows and visitors."""

    stage: Stage
    cases: dict[str, Petition]
    photos: dict[str, Photo]
    messages: dict[str, InboxMessage]
    visitors: dict[str, Visitor]
    deleted: dict[str, DeletedRow]

    def hidden_cases_in(self, who: str, body: bytes) -> list[str]:
        """Return the cases that a body contains although they are hidden from this person."""
        return self.cases_in(
            body, [name for name, case in FACTS.items() if not sees_case(who, case)]
        )

    def cases_in(self, body: bytes, names: Iterable[str] = FACTS) -> list[str]:
        """Return the cases that a body contains by number, text, URL or photo."""
        text = body.decode(errors="ignore")
        return [name for name in names if self._markers[name].search(text)]

    def __post_init__(self) -> None:
        self._markers = {
            name: re.compile(
                "|".join(
                    [
                        f"{re.escape(marker_of(name))}(?!\\d)",
                        re.escape(case.number),
                        str(case.uuid),
                        f"/petitions/{case.pk}/",
                        *([str(self.photos[name].uuid)] if name in self.photos else []),
                    ]
                )
            )
            for name, case in self.cases.items()
        }


def marker_of(name: str) -> str:
    """Return the word that only the text of this case contains."""
    return f"暗号QZX{list(FACTS).index(name)}"


def _file(stage: Stage, name: str, now: dt.datetime) -> Petition:
    """File a case as its facts say, with its marker in the text."""
    fact = FACTS[name]
    without_phone = {} if fact.has_phone else {"contact": ContactDetails()}
    return stage.file(
        by=fact.filer,
        now=now,
        place=stage.town.areas[fact.place],
        about=stage.town.orgs[fact.about] if fact.about else None,
        category=Category.objects.get(code=fact.category),
        text=f"水箱渗漏 {marker_of(name)}",
        **without_phone,
    ).petition


def _cases(stage: Stage) -> dict[str, Petition]:
    """Create every case through the workflow."""
    cast, orgs = stage.cast, stage.town.orgs
    then = {
        **dict.fromkeys(("overdue", "overdue elsewhere"), LONG_AGO),
        **dict.fromkeys(("due soon", "task overdue"), A_WHILE_AGO),
    }
    cases = {name: _file(stage, name, then.get(name, NOW)) for name in FACTS}
    for name, fact in FACTS.items():
        if fact.place in {"b46", "g8"} and fact.handler == "branch" and fact.status in WALKED:
            at = then.get(name, NOW)
            cases[name] = walk(stage, cases[name], WALKED[fact.status], at)
    cases["overdue elsewhere"] = handling.accept(
        petition=cases["overdue elsewhere"], by=cast["outsider"], now=LONG_AGO
    )
    cases["reassigned from elsewhere"] = rerouting.reassign(
        petition=cases["reassigned from elsewhere"],
        by=cast["official"],
        now=NOW,
        organisation=orgs["branch"],
        reason="就近",
    )
    cases["returned by the community"] = rerouting.return_(
        petition=cases["returned by the community"], by=cast["clerk"], now=NOW, reason="不归我管"
    )
    at_community = cases["resolved by the community"]
    community: dict[str, Any] = {"by": cast["community"], "now": NOW}
    handling.accept(petition=at_community, **community)
    cases["resolved by the community"] = resolution.resolve(
        petition=at_community,
        outcome=Outcome.RESOLVED,
        cause="老旧铁管",
        public_answer="已更换铁管。",
        **community,
    )
    _hand_out(stage, cases)
    return cases


WALKED = {
    S.ACCEPTED: S.ACCEPTED,
    S.ASSIGNED: S.ACCEPTED,
    **{status: status for status in (S.IN_PROGRESS, S.RETURNED, S.RESOLVED, S.CLOSED)},
}
"""The status to which `walk` brings a case before it is dispatched or escalated."""


def _hand_out(stage: Stage, cases: dict[str, Petition]) -> None:
    cast, orgs = stage.cast, stage.town.orgs
    secretary: dict[str, Any] = {"by": cast["secretary"], "now": NOW}
    for name, options in (
        ("handed to a member", {"users": [cast["member"]]}),
        ("handed to a group", {"group": orgs["group2"]}),
    ):
        cases[name] = handling.dispatch(petition=cases[name], **secretary, **options)
    cases["answer owed"] = escalation.escalate(
        petition=cases["answer owed"], **secretary, reason="难"
    )
    for name, fact in FACTS.items():
        for task in fact.tasks:
            at = A_WHILE_AGO if task.is_overdue else NOW
            cases[name] = task_steps.with_task(stage, cases[name], task.state, at)


def photo_of(
    case: Petition, *, kind: PhotoKind = PhotoKind.REPORT, is_public: bool = True
) -> Photo:
    token = uuid.uuid4().hex
    stored = StoredPhoto(f"{token[:2]}/{token}.jpg", "0" * 64, 1, 1, 1)
    return Photo.objects.create(
        petition=case,
        event=case.events.latest("version"),
        kind=kind,
        name=stored.name,
        sha256=stored.sha256,
        size=1,
        width=1,
        height=1,
        is_public=is_public,
    )


def _messages(cast: dict[str, User]) -> dict[str, InboxMessage]:
    news = Notification(
        user_ids=tuple(user.pk for user in cast.values()),
        kind=MessageKind.NOTE,
        key="event:0:note",
        title="示例",
        url="/home/",
        is_urgent=True,
        area_path="",
    )
    notify(notifications=[news], now=NOW - dt.timedelta(minutes=1))
    rows = InboxMessage.objects.filter(key__startswith="event:0:note")
    return {row.user.username: row for row in rows.select_related("user")}


class _UndoneError(Exception):
    """Rolls back rows; their ids stay used."""


def _gone(stage: Stage) -> dict[str, DeletedRow]:
    """Create a case, a photo and a message, roll them back and return their keys."""
    deleted: dict[str, DeletedRow] = {}
    with contextlib.suppress(_UndoneError), transaction.atomic():
        case = stage.file().petition
        photo = photo_of(case)
        deleted["case"] = DeletedRow(pk=case.pk)
        deleted["photo"] = DeletedRow(uuid=photo.uuid)
        row = InboxMessage.objects.create(
            user=stage.cast["clerk"],
            key="event:0:gone",
            kind=MessageKind.NOTE,
            title="示例",
            url="/home/",
            is_urgent=True,
            created_at=NOW,
            show_from=NOW,
        )
        deleted["message"] = DeletedRow(pk=row.pk)
        raise _UndoneError
    return deleted


def _add_ended(stage: Stage) -> None:
    """Add a closed building and a dissolved group."""
    areas, orgs = stage.town.areas, stage.town.orgs
    areas["gone"] = add_area(
        level=Level.BUILDING,
        kind=AreaKind.BUILDING,
        parent=areas["fxhy"],
        name="9号楼",
        on=SINCE,
        entrances=1,
        floors=1,
        doors_per_floor=1,
    )
    close_area(area=areas["gone"], on=TODAY - DAY)
    orgs["gone"] = add_organisation(
        level=OrgLevel.GROUP,
        kind=OrgKind.BUILDING_GROUP,
        parent=orgs["branch"],
        area=areas["b46"],
        name="9号楼党小组",
        short_name="9号楼党小组",
        on=SINCE,
    )
    Organisation.objects.filter(pk=orgs["gone"].pk).update(valid_to=TODAY - DAY)


def _add_people(stage: Stage) -> None:
    """Add users with two posts, an ended post, a future post, no post, and a locked account."""
    orgs = stage.town.orgs
    posts: dict[str, list[tuple[Role, str, dict[str, Any]]]] = {
        "leader2": [(Role.GROUP_LEADER, "group2", {})],
        "double": [(Role.STAFF, "daqiao", {}), (Role.MEMBER, "group", {})],
        "two_sides": [
            (Role.BRANCH_SECRETARY, "branch", {"is_deputy": True}),
            (Role.COMMUNITY_SECRETARY, "yingbin", {"is_deputy": True}),
        ],
        "former": [(Role.STAFF, "yingbin", {"valid_to": TODAY - DAY})],
        "coming": [(Role.STAFF, "yingbin", {"valid_from": TODAY + DAY})],
        "closed": [(Role.STAFF, "yingbin", {})],
        "newcomer": [],
    }
    for name, posts_held in posts.items():
        user = create_person(username=name, name=f"示例{name}", by=None)
        for role, body, dates in posts_held:
            days = {"valid_from": SINCE} | dates
            appoint(user=user, role=role, by=None, organisation=orgs[body], **days)
        stage.cast[name] = User.objects.get(pk=user.pk)


def _visitor(name: str, user: User | None) -> Visitor:
    browser = Client(raise_request_exception=False)
    if user is None:
        return Visitor(name, None, browser, {})
    browser.force_login(user)
    session = browser.session
    session[MFA_VERIFIED_KEY] = True
    session.save()
    _row, token = AuthToken.objects.create(user=user)
    return Visitor(name, user, browser, {"Authorization": f"Bearer {token}"})


def log_in_visitors(stage: Stage) -> dict[str, Visitor]:
    """Log all visitors in; one account is locked afterwards."""
    _add_ended(stage)
    _add_people(stage)
    visitors = {name: _visitor(name, stage.cast.get(name)) for name in POSTS}
    lock(user=stage.cast["closed"], by=stage.cast["secadmin"])
    return visitors


def build(stage: Stage) -> AccessFixtures:
    """Create cases, photos, messages and visitors."""
    households = [fact.category for fact in FACTS.values() if fact.is_household]
    Category.objects.filter(code__in=households).update(is_listed=False)
    visitors = log_in_visitors(stage)
    cases = _cases(stage)
    photos = {name: photo_of(cases[name]) for name, fact in FACTS.items() if fact.photo}
    messages = _messages({n: u for n, u in stage.cast.items() if n not in NO_ACCOUNT})
    return AccessFixtures(stage, cases, photos, messages, visitors, _gone(stage))
