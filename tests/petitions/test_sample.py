"""The sample: exact numbers, every building routed, a believable year that replays."""

from __future__ import annotations

import datetime as dt
import io
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from branches.enums import OrgLevel
from grids import calendars
from grids.enums import AreaKind
from members.models import User
from petitions import contacts, integrity, photos, routing, standards, workflow
from petitions.enums import Status, Verb
from petitions.management.commands.load_sample import at_end_of
from petitions.models import (
    Category,
    Contact,
    Deadline,
    Event,
    Feedback,
    Petition,
    Photo,
    PrivacyNotice,
    Standard,
)
from petitions.sample import acts, cases, catalogue, texts
from petitions.sample.drafts import Maker
from petitions.sample.ground import Ground
from petitions.sample.tempers import Temper
from petitions.sample.walk import PETITIONER, Illegal
from petitions.states import OPEN, RUNNING

TODAY = dt.date(2026, 6, 17)
NOW = at_end_of(TODAY)


def load(day: dt.date = TODAY) -> str:
    """Run the command as anybody would; return what it said."""
    out = io.StringIO()
    call_command("load_sample", f"--today={day}", stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module", autouse=True)
def _sample(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Load the sample once for this file, in a transaction that is rolled back at the end."""
    media = tmp_path_factory.mktemp("media")
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=media),
        transaction.atomic(),
    ):
        load()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            cursor.execute("ANALYZE")
        yield
        transaction.set_rollback(True)
    calendars.forget()
    standards.forget()


@pytest.fixture(autouse=True)
def _apart(_sample: None) -> Iterator[None]:
    """Undo what one test does to the sample."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    calendars.forget()
    standards.forget()


def count(sql: str) -> int:
    """Return one number from raw SQL."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found: int = cursor.fetchone()[0]
    return found


def tables() -> list[str]:
    """Return the tables of the four apps."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
    return [name for name in names if name.startswith(("grids_", "branches_", "members_", "petit"))]


def fingerprint() -> dict[str, tuple[int, str]]:
    """Return the number of rows of every table and a checksum over all their columns."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(
                "SELECT count(*), coalesce(md5(string_agg(md5(t::text), '' ORDER BY id)), '')"
                f' FROM "{table}" t'
            )
            found[table] = cursor.fetchone()
    return found


@pytest.mark.parametrize(
    ("expected", "sql"),
    [
        (19, "SELECT count(*) FROM grids_area WHERE kind = 'community'"),
        (96, "SELECT count(*) FROM grids_area WHERE kind = 'grid'"),
        (55, "SELECT count(*) FROM branches_organisation WHERE level = 'branch'"),
        (
            123,
            """SELECT count(*) FROM branches_organisation
            WHERE kind IN ('building_group', 'lane_group')""",
        ),
        (1, "SELECT count(*) FROM branches_organisation WHERE kind = 'yurt_group'"),
        (2275, "SELECT count(*) FROM members_nearbyenrolment WHERE ended_on IS NULL"),
        (122, "SELECT count(*) FROM petitions_category WHERE parent_id IS NOT NULL"),
        (23, "SELECT count(*) FROM petitions_category WHERE parent_id IS NULL"),
        (0, "SELECT count(*) FROM petitions_petition WHERE NOT is_sample"),
        (2, "SELECT count(*) FROM petitions_petition WHERE is_sealed"),
        (20, "SELECT count(*) FROM petitions_photo"),
    ],
)
def test_counts(expected: int, sql: str) -> None:
    assert count(sql) == expected


def test_every_building_is_routed_to_its_branch() -> None:
    ground = Ground(TODAY)
    buildings = [area for area in ground.areas.values() if area.kind == AreaKind.BUILDING]
    routes = {area: ground.route(area, TODAY) for area in buildings}
    assert len(routes) > 1_000
    assert {route.organisation.level for route in routes.values()} == {OrgLevel.BRANCH}
    assert all(ground.head(route.organisation.pk) for route in routes.values())
    for area in buildings[::97]:
        asked = routing.route(routing.load_place(area, TODAY))
        assert asked == routes[area]


def test_other_places_are_routed_too() -> None:
    ground = Ground(TODAY)
    places = [area for area in ground.areas.values() if area.is_in_season(TODAY)]
    assert all(ground.route(area, TODAY).organisation for area in places)


def test_a_year_of_cases_in_every_state() -> None:
    states = Counter(Petition.objects.values_list("status", flat=True))
    assert set(states) == set(Status)
    assert 1_400 <= sum(states.values()) <= 1_600
    assert 60 <= sum(states[status] for status in OPEN) <= 130
    first = Petition.objects.earliest("created_at").created_at
    assert dt.timedelta(days=350) < NOW - first < dt.timedelta(days=370)
    assert Petition.objects.values("community").distinct().count() == 20


def test_every_verb_happened() -> None:
    verbs = set(Event.objects.values_list("verb", flat=True).distinct())
    assert set(Verb) - verbs <= {Verb.PHOTO}


def test_every_case_replays_to_its_state() -> None:
    assert integrity.replay_all() == []


def test_every_promise_holds() -> None:
    assert {name: n for name, n in integrity.verdict(NOW).items() if n} == {}


def test_a_second_load_changes_nothing() -> None:
    before = fingerprint()
    load()
    load(TODAY + dt.timedelta(days=30))
    assert fingerprint() == before


def test_the_same_day_gives_the_same_cases() -> None:
    stored = Petition.objects.order_by("id").values_list("uuid", "text", "status", "version")
    again = [
        (case.uuid, case.text, case.status, case.version)
        for case in (walk.petition for walk in cases.walked(NOW))
    ]
    assert again == list(stored)


def test_it_follows_the_seasons_and_the_hours() -> None:
    months = Counter(
        timezone.localtime(at).month
        for at in Petition.objects.filter(category__code__startswith="HT").values_list(
            "created_at", flat=True
        )
    )
    assert sum(months[month] for month in (11, 12, 1, 2)) > 60
    assert not any(months[month] for month in range(5, 10))
    hours = Counter(
        timezone.localtime(at).hour for at in Petition.objects.values_list("created_at", flat=True)
    )
    assert sum(hours[hour] for hour in range(6)) < 40


def test_words_hold_no_numbers_that_reach_anybody() -> None:
    written = "\n".join(
        [
            *Petition.objects.values_list("text", flat=True),
            *Petition.objects.values_list("public_answer", flat=True),
        ]
    )
    assert not re.search(r"\d{5}", written)
    assert Petition.objects.values("text").distinct().count() > 900
    assert len({row.text for row in texts.templates()}) >= 60


def test_contacts_are_sealed_and_invented() -> None:
    rows = list(Contact.objects.select_related("petition"))
    assert 0.25 < len(rows) / Petition.objects.count() < 0.5
    assert any(row.is_confidential for row in rows)
    for row in rows[::40]:
        found = contacts.unseal(row.petition.uuid, bytes(row.cipher), row.key_id)
        assert re.fullmatch(r"1900000\d{4}", found.phone)


def test_feedback_and_escalations_are_mixed() -> None:
    solved = Counter(Feedback.objects.values_list("solved", flat=True))
    assert min(solved[word] for word in ("yes", "no", "partly", "silence")) > 10
    assert set(Feedback.objects.exclude(rating=None).values_list("rating", flat=True)) == set(
        range(1, 6)
    )
    levels = Counter(Petition.objects.filter(is_answer_owed=True).values_list("level", flat=True))
    assert {"community", "subdistrict", "city"} <= set(levels)


@pytest.mark.parametrize(
    ("username", "conditions"),
    [
        ("secretary", ["to_accept", "due_soon", "overdue", "in_hands", "resolved", "reopened"]),
        ("leader", ["in_hands", "to_accept"]),
        ("member", ["in_hands"]),
        ("staff", ["to_accept", "returned", "overdue", "resolved"]),
        ("community", ["answer", "returned", "overdue", "due_soon"]),
        ("official", ["answer", "overdue", "suspended", "returned"]),
        ("city", ["answer", "sealed"]),
        ("department", ["ordered"]),
        ("outsider", ["to_accept", "in_hands", "overdue"]),
    ],
)
def test_demo_logins_find_something(username: str, conditions: list[str]) -> None:
    user = User.objects.get(username=username)
    seen = Petition.objects.visible_to(user)
    found = {
        "to_accept": seen.to_accept(),
        "due_soon": seen.due_soon(NOW),
        "overdue": seen.overdue(NOW),
        "returned": seen.returned(),
        "in_hands": seen.in_hands_of(user),
        "answer": seen.awaiting_answer_of(user),
        "resolved": seen.filter(status=Status.RESOLVED),
        "reopened": seen.filter(status=Status.REOPENED),
        "suspended": seen.filter(status=Status.SUSPENDED),
        "sealed": seen.filter(is_sealed=True),
        "ordered": seen.running().filter(department__isnull=False),
    }
    assert [name for name in conditions if not found[name].exists()] == []
    assert user.inbox.filter(read_at=None).exists() or username == "staff"


def test_the_hats_see_no_case() -> None:
    for username in ("auditor", "sysadmin", "secadmin"):
        assert not Petition.objects.visible_to(User.objects.get(username=username)).exists()


def test_life_goes_on_by_the_real_workflow() -> None:
    case = Petition.objects.to_accept().filter(organisation__level=OrgLevel.BRANCH).first()
    assert case is not None
    head = Ground(TODAY).head(case.organisation_id)
    assert head is not None
    at = NOW + dt.timedelta(minutes=5)
    case = workflow.accept(petition=case, by=head, now=at)
    case = workflow.start(petition=case, by=head, now=at)
    assert integrity.replay(case) == integrity.State.of(case)


def test_the_clock_goes_on_where_the_sample_stopped() -> None:
    later = NOW + dt.timedelta(days=2)
    for _round in range(4):
        for pk, case in list(Deadline.objects.due(later).values_list("pk", "petition_id")):
            workflow.fire(deadline_id=pk, petition_id=case, now=later)
    found = integrity.verdict(later, with_photos=False)
    found.pop("outbox_waiting")
    assert {name: n for name, n in found.items() if n} == {}
    assert integrity.replay_all() == []


def test_photos_lie_on_disk_with_thumbnails() -> None:
    for row in Photo.objects.all():
        assert photos.path_of(row.name).stat().st_size == row.size
        assert photos.thumb_of(row.name).is_file()


def test_catalogue() -> None:
    before = fingerprint()
    catalogue.load()
    assert fingerprint() == before
    murky = Category.objects.get(code="WS01")
    assert murky.parent is not None
    assert (murky.parent.name, murky.urgency) == ("供水", "urgent")
    assert {"黄水", "hs", "浑", "gongshui"} <= set(murky.search_text.split())
    assert not Category.objects.filter(name_en="").exists()
    assert not Category.objects.filter(keywords="").exists()
    assert "119" in Category.objects.get(code="GS01").emergency_phone
    assert Standard.objects.count() == 6
    notice = PrivacyNotice.objects.get(version=catalogue.NOTICE_VERSION)
    assert "180天" in notice.text
    assert "180 days" in notice.text_en


def test_a_step_that_the_table_forbids_is_refused() -> None:
    ground = Ground(TODAY)
    maker = Maker(ground, NOW)
    walk = maker.make(
        ground.homes()[0],
        NOW - dt.timedelta(minutes=5),
        texts.of("PM03")[0],
        Temper(hold=Verb.FILE),
    )
    assert walk.petition.status in RUNNING
    with pytest.raises(Illegal):
        acts.confirm(walk, NOW, 5, by_phone=False)
    with pytest.raises(Illegal):
        walk.step(Verb.ACCEPT, PETITIONER, NOW)


class TestClearing:
    """`clear_sample` empties everything but operators, the log, and the legal steps."""

    @pytest.fixture(autouse=True)
    def _own_photos(self, tmp_path: Path) -> Iterator[None]:
        folder = tmp_path / "media"
        shutil.copytree(photos.path_of("x").parent.parent, folder)
        with override_settings(MEDIA_ROOT=folder):
            yield

    def test_it_refuses_while_real_cases_are_there(self) -> None:
        case = Petition.objects.latest("id")
        Petition.objects.filter(pk=case.pk).update(is_sample=False)
        before = fingerprint()
        with pytest.raises(CommandError, match="1 real"):
            call_command("clear_sample", stdout=io.StringIO())
        assert fingerprint() == before

    def test_also_real(self) -> None:
        Petition.objects.update(is_sample=False)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        call_command("clear_sample", "--also-real", stdout=io.StringIO())
        assert not Petition.objects.exists()

    def test_everything_goes_but_operators_and_steps(self) -> None:
        User.objects.create_superuser("operator", "a long enough passphrase")
        steps = count("SELECT count(*) FROM petitions_step")
        names = list(Photo.objects.values_list("name", flat=True))
        call_command("clear_sample", stdout=io.StringIO())
        left = {name: rows for name, (rows, _sum) in fingerprint().items() if rows}
        assert left.pop("petitions_step") == steps
        left.pop("members_securityevent", None)
        assert left == {"members_user": 1}
        assert not any(photos.path_of(name).exists() for name in names)
        assert not any(photos.thumb_of(name).exists() for name in names)

    def test_it_can_be_loaded_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cases, "load", lambda now: None)
        call_command("clear_sample", stdout=io.StringIO())
        load()
        assert count("SELECT count(*) FROM grids_area WHERE kind = 'community'") == 19
        assert count("SELECT count(*) FROM members_nearbyenrolment") == 2275
        assert Category.objects.earliest("id").pk == 1
