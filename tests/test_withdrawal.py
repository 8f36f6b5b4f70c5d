"""Rights are withdrawn while twenty sessions poll: polls a second later must be refused."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from branches.workflow import end_responsibility
from members.accounts.middleware import MFA_VERIFIED_KEY
from members.models import Post, User
from members.rights import scopes
from members.workflow import end_post, lock
from petitions.models import Petition
from tests.support import access_matrix
from tests.support.access_fixtures import DAY, photo_of
from tests.support.cast import Stage, build_cast, build_town
from tests.support.polling_clients import Poller, Server, gunicorn, polling
from tests.support.run_report import ReportFigure

pytestmark = pytest.mark.django_db(transaction=True)
MARK = "暗号QZX"
AT_LATEST = 1.0  # second after the commit
WAYS = ("post ended", "account closed", "token revoked", "session ended", "place given away")


@pytest.fixture
def stage() -> Stage:
    town = build_town()
    return Stage(town, build_cast(town))


@pytest.fixture
def server(
    request: pytest.FixtureRequest, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """The live server; in the full form gunicorn with two processes."""
    settings.PHOTOS_BY_ACCEL = True
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.ERROR)
    if access_matrix.IS_FULL and "cache" not in request.node.name:
        with gunicorn(tmp_path) as running:
            yield running
        return
    live = request.getfixturevalue("live_server")
    yield Server(live.url.removeprefix("http://"))


def _browser(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    session = client.session
    session[MFA_VERIFIED_KEY] = True
    session.save()
    name = django_settings.SESSION_COOKIE_NAME
    return {"Cookie": f"{name}={session.session_key}", "X-Poll": "1"}


def _program(user: User) -> dict[str, str]:
    _row, token = AuthToken.objects.create(user=user)
    return {"Authorization": f"Bearer {token}"}


def _sessions(stage: Stage, case: Petition) -> list[Poller]:
    """Return four pollers for each way to lose rights: pages, fragments, photos and API."""
    photo, mark = photo_of(case), MARK.encode()
    pages = {
        "case": (f"/petitions/{case.pk}/", mark),
        "list": ("/petitions/?state=all", mark),
        "queue": ("/home/", str(case.number).encode()),
        "photo": (f"/photos/{photo.uuid}/thumb/", b""),
    }
    programs = {
        "case": (f"/api/v1/petitions/{case.pk}/", mark),
        "list": ("/api/v1/petitions/", mark),
        "events": ("/api/v1/events/", f'"petition":{case.pk},'.encode()),
        "search": ("/api/v1/petitions/?q=QZX", mark),
    }
    who = dict(zip(WAYS, ("clerk", "secretary", "partner", "community", "leader"), strict=True))
    pollers = []
    for way, name in who.items():
        user = stage.cast[name]
        is_mixed = way in {"post ended", "account closed"}
        for number, (page, program) in enumerate(zip(pages.items(), programs.items(), strict=True)):
            is_program = way == "token revoked" or (is_mixed and number % 2)
            what, (path, sign) = program if is_program else page
            headers = _program(user) if is_program else _browser(user)
            pollers.append(Poller(f"{way}: {what}", path, headers, sign))
    return pollers


def _withdraw(stage: Stage) -> None:
    """Withdraw all rights in one commit, in five ways."""
    cast, yesterday = stage.cast, timezone.localdate() - DAY
    with transaction.atomic():
        end_post(post=Post.objects.get(user=cast["clerk"]), on=yesterday, by=None)
        lock(user=cast["secretary"], by=cast["secadmin"])
        AuthToken.objects.filter(user=cast["partner"]).delete()
        for row in Session.objects.all():
            if row.get_decoded().get("_auth_user_id") == str(cast["community"].pk):
                row.delete()
        duty = stage.town.orgs["group"].responsibilities.get()
        end_responsibility(responsibility=duty, on=yesterday)


def _measured(stage: Stage, server: Server, *, seconds: float) -> tuple[list[Poller], float]:
    """Poll before and after the withdrawal; return the pollers and the time of the commit."""
    case = stage.file(text=f"水箱渗漏 {MARK}").petition
    sessions = _sessions(stage, case)
    with polling(server, sessions):
        until = time.monotonic() + 30
        while not all(any(let_in for _b, let_in, _s in session.answers) for session in sessions):
            quiet = [
                session.name for session in sessions if not any(row[1] for row in session.answers)
            ]
            assert time.monotonic() < until, f"never let in: {quiet}"
            time.sleep(0.05)
        _withdraw(stage)
        committed = time.monotonic()
        time.sleep(AT_LATEST + seconds)
        while any(session.polls_after(committed + AT_LATEST) == 0 for session in sessions):
            time.sleep(0.05)
    return sessions, committed


@pytest.mark.slow
def test_rights_are_gone_within_a_second(
    stage: Stage, server: Server, report_figure: ReportFigure
) -> None:
    sessions, committed = _measured(stage, server, seconds=3.0 if access_matrix.IS_FULL else 0.5)
    late = {session.name: session.last_allowed(committed) for session in sessions}
    polls = sum(session.polls_after(committed) for session in sessions)
    longest = max(0.0, *late.values()) * 1000
    report_figure(
        f"{len(sessions)} sessions, {polls} polls after the commit; the last poll let in"
        f" began {longest:.0f} ms after it"
    )
    assert len(sessions) == 20
    assert {name: seconds for name, seconds in late.items() if seconds >= AT_LATEST} == {}
    answers = {session.answers[-1][2] for session in sessions}
    assert answers <= {200, 302, 401, 403, 404}


def test_cached_rights_are_detected(
    stage: Stage, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache: dict[int, Any] = {}

    def cached_scope(user: User) -> Any:
        if user.pk not in cache:
            cache[user.pk] = scopes.load(user, timezone.localdate())
        return cache[user.pk]

    monkeypatch.setattr(User, "scope", property(cached_scope))
    sessions, committed = _measured(stage, server, seconds=0.2)
    late = {session.name for session in sessions if session.last_allowed(committed) >= AT_LATEST}
    assert {name.partition(":")[0] for name in late} == {"post ended", "place given away"}
