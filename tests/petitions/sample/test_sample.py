"""The sample: exact numbers, every building routed, a believable year that replays."""

from __future__ import annotations

import datetime as dt
import io
import re
import shutil
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TestCase, override_settings
from django.utils import timezone

from branches import responsibility_cache
from branches.enums import OrgLevel
from config.lib import register_cache
from grids.enums import AreaKind
from grids.models import Area
from members.accounts import recorded_rows
from members.models import User
from petitions.enums import STATUSES, VERBS, Status, TaskState, Verb
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
from petitions.ops import audit_trail, integrity
from petitions.rules import contacts, photos, routing
from petitions.sample import cases, catalogue, report_text
from petitions.sample.case_builder import CaseBuilder
from petitions.sample.outcome_profiles import OutcomeProfile
from petitions.sample.reference_data import ReferenceData
from petitions.sample.showcase import BUILDING, Showcase
from petitions.states import OPEN, RUNNING
from petitions.workflow import deadline_sweep, handling, resolution, transitions
from tests.support.database_roles import as_owner

TODAY = dt.date(2026, 6, 17)
NOW = at_end_of(TODAY)


def load(day: dt.date = TODAY) -> str:
    """Run the command as anybody would; return what it said."""
    out = io.StringIO()
    call_command("load_sample", f"--today={day}", stdout=out)
    return out.getvalue()


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
    found = [
        name for name in names if name.startswith(("grids_", "branches_", "members_", "petit"))
    ]
    return [name for name in found if name != "branches_edition"]  # counts changes, holds nothing


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


# Tables counted by raw SQL, as the sample promises them.
COUNTS: dict[str, int] = {
    "grids_area WHERE kind = 'community'": 19,
    "grids_area WHERE kind = 'grid'": 96,
    "branches_organisation WHERE level = 'branch'": 55,
    "branches_organisation WHERE kind IN ('building_group', 'lane_group')": 123,
    "branches_organisation WHERE kind = 'yurt_group'": 1,
    "members_nearbyenrolment WHERE ended_on IS NULL": 2275,
    "petitions_category WHERE parent_id IS NOT NULL": 122,
    "petitions_category WHERE parent_id IS NULL": 23,
    "petitions_petition WHERE NOT is_sample": 0,
    "petitions_petition WHERE is_sealed": 2,
    "petitions_photo": 20,
}

# What each demo log-in must find when it looks around.
DEMO: dict[str, list[str]] = {
    "secretary": ["to_accept", "due_soon", "overdue", "held", "resolved", "reopened"],
    "leader": ["held", "to_accept"],
    "member": ["held"],
    "staff": ["to_accept", "returned", "overdue", "resolved"],
    "community": ["answer", "returned", "overdue", "due_soon"],
    "official": ["answer", "overdue", "returned"],
    "city": ["answer", "sealed"],
    "department": ["ordered"],
    "outsider": ["to_accept", "held", "overdue"],
}


def cleared(*arguments: str) -> None:
    """Run `clear_sample` over a copy of the photos, the own rows of the transaction settled."""
    media = Path(settings.MEDIA_ROOT)
    with TemporaryDirectory() as folder:
        shutil.copytree(media, folder, dirs_exist_ok=True)
        with override_settings(MEDIA_ROOT=folder), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            call_command("clear_sample", *arguments, stdout=io.StringIO())
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            assert not list(Path(folder).rglob("*.jpg"))


def _missing(user: User) -> list[str]:
    """Return what a demo log-in should find and does not."""
    seen = Petition.objects.visible_to(user)
    found = {
        "to_accept": seen.to_accept(),
        "due_soon": seen.due_soon(NOW),
        "overdue": seen.overdue(NOW),
        "returned": seen.returned(),
        "held": seen.handled_by(user),
        "answer": seen.awaiting_answer_of(user),
        "resolved": seen.filter(status=Status.RESOLVED),
        "reopened": seen.filter(status=Status.REOPENED),
        "sealed": seen.filter(is_sealed=True),
        "ordered": seen.running().filter(department__isnull=False),
    }
    return [name for name in DEMO[user.username] if not found[name].exists()]


def _forget() -> None:
    """Drop what this process holds of the sample's calendar and standards."""
    register_cache.forget_version()


@pytest.mark.slow
class TestSample(TestCase):
    """The sample is loaded once for all these tests; each undoes what it does to it."""

    @classmethod
    def setUpClass(cls) -> None:
        media = cls.enterClassContext(TemporaryDirectory())
        cls.enterClassContext(override_settings(MEDIA_ROOT=media))
        cls.addClassCleanup(_forget)
        super().setUpClass()

    @classmethod
    def setUpTestData(cls) -> None:
        load()
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            cursor.execute("ANALYZE")

    def setUp(self) -> None:
        self.addCleanup(_forget)

    def test_counts(self) -> None:
        found = {what: count(f"SELECT count(*) FROM {what}") for what in COUNTS}
        assert found == COUNTS

    def test_every_building_is_routed_to_its_branch(self) -> None:
        ground = ReferenceData(TODAY)
        buildings = [area for area in ground.areas.values() if area.kind == AreaKind.BUILDING]
        routes = {area: ground.route(area, TODAY) for area in buildings}
        assert len(routes) > 1_000
        assert {route.organisation.level for route in routes.values()} == {OrgLevel.BRANCH}
        assert all(ground.head(route.organisation.pk) for route in routes.values())
        for area in buildings[::97]:
            asked = routing.route(routing.load_place(area, TODAY))
            assert asked == routes[area]

    def test_other_places_are_routed_too(self) -> None:
        ground = ReferenceData(TODAY)
        places = [area for area in ground.areas.values() if area.is_in_season(TODAY)]
        assert all(ground.route(area, TODAY).organisation for area in places)

    def test_a_year_of_cases_in_every_state(self) -> None:
        states = Counter(Petition.objects.values_list("status", flat=True))
        assert set(states) == set(STATUSES)
        assert 1_400 <= sum(states.values()) <= 1_600
        assert 60 <= sum(states[status] for status in OPEN) <= 130
        first = Petition.objects.earliest("created_at").created_at
        assert dt.timedelta(days=350) < NOW - first < dt.timedelta(days=370)
        assert Petition.objects.values("community").distinct().count() == 20

    def test_every_verb_happened(self) -> None:
        verbs = set(Event.objects.values_list("verb", flat=True).distinct())
        assert set(VERBS) - verbs <= {Verb.PHOTO, Verb.RESCHEDULE}

    def test_every_case_replays_to_its_state(self) -> None:
        assert integrity.replay_all() == []

    def test_every_promise_holds(self) -> None:
        assert {name: n for name, n in integrity.check(NOW).items() if n} == {}
        assert list(recorded_rows.differences()) == []

    def test_a_second_load_changes_nothing(self) -> None:
        before = fingerprint()
        load()
        load(TODAY + dt.timedelta(days=30))
        assert fingerprint() == before

    def test_the_same_day_gives_the_same_cases(self) -> None:
        stored = Petition.objects.order_by("id").values_list("uuid", "text", "status", "version")
        again = [
            (case.uuid, case.text, case.status, case.version)
            for case in (sample_case.petition for sample_case in cases.played(NOW))
        ]
        assert again == list(stored)

    def test_it_follows_the_seasons_and_the_hours(self) -> None:
        months = Counter(
            timezone.localtime(at).month
            for at in Petition.objects.filter(category__code__startswith="HT").values_list(
                "created_at", flat=True
            )
        )
        assert sum(months[month] for month in (11, 12, 1, 2)) > 60
        assert not any(months[month] for month in range(5, 10))
        hours = Counter(
            timezone.localtime(at).hour
            for at in Petition.objects.values_list("created_at", flat=True)
        )
        assert sum(hours[hour] for hour in range(6)) < 40

    def test_words_hold_no_numbers_that_reach_anybody(self) -> None:
        written = "\n".join(
            [
                *Petition.objects.values_list("text", flat=True),
                *Petition.objects.values_list("public_answer", flat=True),
            ]
        )
        assert not re.search(r"\d{5}", written)
        assert Petition.objects.values("text").distinct().count() > 900
        assert len({row.text for row in report_text.templates()}) >= 60

    def test_contacts_are_sealed_and_invented(self) -> None:
        rows = list(Contact.objects.select_related("petition"))
        assert 0.25 < len(rows) / Petition.objects.count() < 0.5
        assert any(row.is_confidential for row in rows)
        for row in rows[::40]:
            found = contacts.decrypt(row.petition.uuid, bytes(row.cipher), row.key_id)
            assert re.fullmatch(r"1900000\d{4}", found.phone)

    def test_feedback_and_escalations_are_mixed(self) -> None:
        solved = Counter(Feedback.objects.values_list("solved", flat=True))
        assert min(solved[word] for word in ("yes", "no", "partly", "silence")) > 10
        assert set(Feedback.objects.exclude(rating=None).values_list("rating", flat=True)) == set(
            range(1, 6)
        )
        levels = Counter(
            Petition.objects.filter(is_answer_owed=True).values_list("level", flat=True)
        )
        assert {"community", "subdistrict", "city"} <= set(levels)

    def test_demo_logins_find_something(self) -> None:
        missing = {name: _missing(User.objects.get(username=name)) for name in DEMO}
        assert {name: words for name, words in missing.items() if words} == {}

    def test_at_any_hour_the_demo_branch_can_try_every_verb(self) -> None:
        branch = ReferenceData(TODAY).route(Area.objects.get(full_name=BUILDING), TODAY)
        for hours in range(0, 24, 6):
            now = NOW - dt.timedelta(hours=hours)
            own = [
                case
                for case in Showcase(CaseBuilder(ReferenceData(TODAY), now)).all()
                if case.petition.organisation_id == branch.organisation.pk
            ]
            asked = [case for case in own if case.petition.status == Status.RESOLVED]
            assert len([case for case in asked if case.follow_up_caller(Verb.CONFIRM)]) >= 2
            tasks = {task.state for case in own for task in case.petition.case_tasks}
            assert {TaskState.ACKNOWLEDGED, TaskState.DONE} <= tasks

    def test_every_verb_of_other_days_is_allowed(self) -> None:
        with TemporaryDirectory() as folder, override_settings(MEDIA_ROOT=folder):
            for days in (0.4, 5.6, 40.7):
                assert cases.played(NOW - dt.timedelta(days=days))

    def test_the_hats_see_no_case(self) -> None:
        for username in ("auditor", "sysadmin", "secadmin"):
            assert not Petition.objects.visible_to(User.objects.get(username=username)).exists()

    def test_life_goes_on_by_the_real_workflow(self) -> None:
        case = Petition.objects.to_accept().filter(organisation__level=OrgLevel.BRANCH).first()
        assert case is not None
        head = ReferenceData(TODAY).head(case.organisation_id)
        assert head is not None
        at = NOW + dt.timedelta(minutes=5)
        case = handling.accept(petition=case, by=head, now=at)
        case = handling.start(petition=case, by=head, now=at)
        assert integrity.replay(case) == integrity.ReplayedState.from_row(case)

    def test_the_clock_goes_on_where_the_sample_stopped(self) -> None:
        later = NOW + dt.timedelta(days=2)
        for _round in range(4):
            for pk in list(Deadline.objects.due(later).values_list("pk", flat=True)):
                deadline_sweep.expire(deadline_id=pk, now=later)
        audit_trail.extend()
        found = integrity.check(later, with_photos=False)
        found.pop("outbox_waiting")
        assert {name: n for name, n in found.items() if n} == {}
        assert integrity.replay_all() == []

    def test_photos_lie_on_disk_with_thumbnails(self) -> None:
        for row in Photo.objects.all():
            assert photos.path_of(row.name).stat().st_size == row.size
            assert photos.thumb_of(row.name).is_file()

    def test_catalogue(self) -> None:
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

    def test_verbs_that_the_state_table_forbids_are_refused(self) -> None:
        reference = ReferenceData(TODAY)
        case = CaseBuilder(reference, NOW).make(
            reference.homes()[0],
            NOW - dt.timedelta(minutes=5),
            report_text.of("PM03")[0],
            OutcomeProfile(hold=Verb.FILE),
        )
        assert case.petition.status in RUNNING
        with pytest.raises(transitions.WrongState):
            case.play(resolution.confirm, NOW, case.petitioner(), rating=5)
        with pytest.raises(transitions.NotPermitted):
            case.play(handling.accept, NOW, case.petitioner())
        assert [change.verb for change in case.transitions] == [Verb.FILE]

    # --- clear_sample ---------------------------------------------------------------------------

    def test_clearing_refuses_while_real_cases_are_there(self) -> None:
        case = Petition.objects.latest("id")
        Petition.objects.filter(pk=case.pk).update(is_sample=False)
        before = fingerprint()
        with pytest.raises(CommandError, match="1 real"):
            call_command("clear_sample", stdout=io.StringIO())
        assert fingerprint() == before

    def test_clearing_with_real_cases_needs_the_option(self) -> None:
        Petition.objects.update(is_sample=False)
        cleared("--also-real")
        assert not Petition.objects.exists()

    def test_clearing_leaves_superusers_and_legal_transitions(self) -> None:
        User.objects.create_superuser("superuser", "a long enough passphrase")
        steps = count("SELECT count(*) FROM petitions_step")
        cleared()
        left = {name: rows for name, (rows, _sum) in fingerprint().items() if rows}
        assert left.pop("petitions_step") == steps
        for table in ("members_securityevent", "members_chainblock"):
            left.pop(table, None)
        assert left == {"members_user": 1, "members_rightsrecord": 2}
        assert recorded_rows.is_compared()
        assert list(recorded_rows.differences()) == []
        assert count("SELECT count(*) FROM branches_edition") == 1

    def test_after_clearing_it_can_be_loaded_again(self) -> None:
        cleared()
        with patch.object(cases, "load"):
            load()
        assert count("SELECT count(*) FROM grids_area WHERE kind = 'community'") == 19
        assert count("SELECT count(*) FROM members_nearbyenrolment") == 2275
        assert Category.objects.earliest("id").pk == 1
        assert responsibility_cache.responsible_for(
            Area.objects.earliest("id").pk, TODAY
        )  # where reports can be filed again
