"""The stage with one case of every kind of place and relation, and everybody who may come."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from members import workflow as people
from members.enums import MessageKind
from members.middleware import PROVED
from members.models import InboxMessage, User
from petitions import workflow
from petitions.enums import PhotoKind, Status
from petitions.models import Category, Petition, Photo
from petitions.photos import StoredPhoto
from tests.cast import Stage

NOW = timezone.now()
requests: Counter[str] = Counter()


@dataclass
class Visitor:
    """One of the cast, or a visitor without login: a browser and a program."""

    name: str
    user: User | None
    browser: Client
    token: dict[str, str]

    def ask(self, method: str, url: str, data: Any = None) -> Any:
        """Send one request; programs' addresses get the token and JSON."""
        requests[method] += 1
        if url.startswith("/api/"):
            given = {"content_type": "application/json"} if method == "POST" else {}
            return getattr(self.browser, method.lower())(
                url, data or {}, headers=self.token, **given
            )
        return getattr(self.browser, method.lower())(url, data or {})


@dataclass
class World:
    """The stage with one case of every kind, and everybody who may come."""

    stage: Stage
    cases: dict[str, Petition]
    photos: dict[str, Photo]
    messages: dict[str, InboxMessage]
    visitors: dict[str, Visitor]


def _cases(stage: Stage) -> dict[str, Petition]:
    """One case of every kind of place and relation."""
    town = stage.town
    handed = stage.at(Status.ACCEPTED)
    workflow.dispatch(
        petition=handed, by=stage.cast["secretary"], now=NOW, users=[stage.cast["member"]]
    )
    climbed = stage.at(Status.IN_PROGRESS)
    climbed = workflow.escalate(petition=climbed, by=stage.cast["secretary"], now=NOW, reason="难")
    ordered = workflow.answer(
        petition=climbed,
        by=stage.cast["community"],
        now=NOW,
        kind="department",  # type: ignore[arg-type]
        text="请办",
        department=town.orgs["water"],
    )
    return {
        "own": stage.file().petition,
        "next building": stage.file(place=town.areas["b47"]).petition,
        "foreign": stage.file(place=town.areas["b1"]).petition,
        "handed to a member": handed,
        "ordered to a department": ordered,
        "answer owed": workflow.escalate(
            petition=stage.at(Status.IN_PROGRESS), by=stage.cast["secretary"], now=NOW, reason="难"
        ),
        "about the branch": stage.file(about=town.orgs["branch"]).petition,
        "about the community": stage.file(about=town.orgs["yingbin"]).petition,
        "sealed": stage.file(category=Category.objects.get(code="GV04")).petition,
    }


def _photo(case: Petition) -> Photo:
    token = uuid.uuid4().hex
    stored = StoredPhoto(f"{token[:2]}/{token}.jpg", "0" * 64, 1, 1, 1)
    event = case.events.latest("version")
    return Photo.objects.create(
        petition=case,
        event=event,
        kind=PhotoKind.REPORT,
        name=stored.name,
        sha256=stored.sha256,
        size=1,
        width=1,
        height=1,
    )


def _messages(stage: Stage) -> dict[str, InboxMessage]:
    ids = {user.username: user.pk for user in stage.cast.values()}
    news = people.News(
        user_ids=tuple(ids.values()),
        kind=MessageKind.NOTE,
        key="event:0:note",
        title="示例",
        url="/home/",
        is_urgent=True,
        area_path="",
    )
    people.tell(news=[news], now=NOW - dt.timedelta(minutes=1))
    rows = InboxMessage.objects.filter(key__startswith="event:0:note")
    return {row.user.username: row for row in rows.select_related("user")}


def _visitor(name: str, user: User | None) -> Visitor:
    browser = Client(raise_request_exception=False)
    if user is None:
        return Visitor(name, None, browser, {})
    browser.force_login(user)
    session = browser.session
    session[PROVED] = True
    session.save()
    _row, token = AuthToken.objects.create(user=user)  # type: ignore[no-untyped-call]
    return Visitor(name, user, browser, {"Authorization": f"Bearer {token}"})


def build(stage: Stage) -> World:
    """Make the cases, photos, messages and visitors."""
    cases = _cases(stage)
    photos = {name: _photo(case) for name, case in cases.items() if name in {"own", "foreign"}}
    cast = stage.cast | {
        "newcomer": people.create_person(username="newcomer", name="示例", by=None)
    }
    visitors = {name: _visitor(name, user) for name, user in cast.items()}
    visitors["visitor"] = _visitor("visitor", None)
    return World(stage, cases, photos, _messages(stage), visitors)
