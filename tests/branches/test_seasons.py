"""Two organisations of a level never share a day of the year at one place."""

from __future__ import annotations

import datetime as dt
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from branches.models import Organisation, Responsibility
from branches.workflow import NewResponsibility, assign, assign_all, end_responsibility
from config.lib.db.safe_migrate import refuse_rows
from config.lib.db.validity import in_season, seasons_overlap
from tests.support.cast import SINCE, Town, build_cast, build_town
from tests.support.database_roles import as_owner

pytestmark = pytest.mark.django_db
CONSTRAINT = "responsibility_seasons_apart"
YEAR = [dt.date(2024, 1, 1) + dt.timedelta(days=day) for day in range(366)]  # a leap year

# Season of the one, of the other, and whether they share a day.
SEASONS = [
    ("05-01", "09-30", "05-15", "10-31", True),
    ("05-15", "10-31", "05-01", "09-30", True),
    ("05-01", "09-30", "06-01", "06-30", True),
    ("05-01", "09-30", "05-01", "09-30", True),
    ("05-01", "09-30", "09-30", "12-31", True),
    ("05-01", "09-30", "10-01", "04-30", False),
    ("10-01", "04-30", "05-01", "09-30", False),
    ("10-01", "04-30", "04-30", "05-31", True),
    ("10-01", "04-30", "12-31", "12-31", True),
    ("10-01", "04-30", "01-01", "01-01", True),
    ("10-01", "04-30", "11-01", "03-31", True),
    ("11-01", "01-31", "02-01", "02-28", False),
    ("02-29", "02-29", "02-01", "02-28", False),
    ("02-29", "02-29", "02-28", "03-01", True),
    ("12-31", "01-01", "01-02", "12-30", False),
]


@pytest.fixture
def town() -> Town:
    return build_town()


@pytest.fixture
def groups(town: Town) -> tuple[Organisation, Organisation]:
    """Two groups; neither is responsible for the estate yet."""
    return town.orgs["group"], town.orgs["group2"]


def _insert(town: Town, organisation: Organisation, first: str, last: str, **dates: dt.date) -> int:
    """Insert a responsibility for the estate by SQL, without the checks of the product."""
    columns = {"valid_from": SINCE, "valid_to": None} | dates
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO branches_responsibility (organisation_id, level, area_id, season_from,"
            " season_to, valid_from, valid_to) VALUES (%s, 'group', %s, %s, %s, %s, %s)"
            " RETURNING id",
            [organisation.pk, town.areas["fxhy"].pk, first, last, *columns.values()],
        )
        pk: int = cursor.fetchone()[0]
    return pk


@pytest.mark.parametrize(("one_from", "one_to", "from_", "to", "overlap"), SEASONS)
def test_overlap_is_a_shared_day(
    one_from: str, one_to: str, from_: str, to: str, overlap: bool
) -> None:
    """The table above agrees with counting days, and the function with the table."""
    shared = [day for day in YEAR if in_season(day, one_from, one_to) and in_season(day, from_, to)]
    one = Responsibility(season_from=one_from, season_to=one_to)
    other = Responsibility(season_from=from_, season_to=to)
    assert bool(shared) == seasons_overlap(one, other) == overlap


@pytest.mark.parametrize(("one_from", "one_to", "from_", "to", "overlap"), SEASONS)
def test_database_refuses_overlapping_seasons(
    town: Town,
    groups: tuple[Organisation, Organisation],
    one_from: str,
    one_to: str,
    from_: str,
    to: str,
    overlap: bool,
) -> None:
    _insert(town, groups[0], one_from, one_to)
    if overlap:
        refusal = pytest.raises(IntegrityError, match=f"{CONSTRAINT}|responsibility_one_owner")
        with refusal, transaction.atomic():
            _insert(town, groups[1], from_, to)
    else:
        _insert(town, groups[1], from_, to)


@pytest.mark.parametrize(("one_from", "one_to", "from_", "to", "overlap"), SEASONS)
def test_workflow_refuses_overlapping_seasons_at_the_field(
    town: Town,
    groups: tuple[Organisation, Organisation],
    one_from: str,
    one_to: str,
    from_: str,
    to: str,
    overlap: bool,
) -> None:
    estate = town.areas["fxhy"]
    assign(organisation=groups[0], area=estate, on=SINCE, season_from=one_from, season_to=one_to)
    second = {"organisation": groups[1], "area": estate, "season_from": from_, "season_to": to}
    if overlap:
        with pytest.raises(ValidationError) as refused:
            assign(on=SINCE, **second)  # type: ignore[arg-type]
        assert set(refused.value.error_dict) == {"season_from"}
        assert "季节不能重叠" in refused.value.messages[0]
    else:
        assign(on=SINCE, **second)  # type: ignore[arg-type]


def test_overlap_within_one_call_is_refused(
    town: Town, groups: tuple[Organisation, Organisation]
) -> None:
    drafts = [
        NewResponsibility(
            organisation=groups[0],
            area=town.areas["fxhy"],
            season_from="05-01",
            season_to="09-30",
        ),
        NewResponsibility(
            organisation=groups[1],
            area=town.areas["fxhy"],
            season_from="05-15",
            season_to="10-31",
        ),
    ]
    with pytest.raises(ValidationError):
        assign_all(responsibilities=drafts, on=SINCE)


def test_season_and_whole_year_may_stand_side_by_side(
    town: Town, groups: tuple[Organisation, Organisation]
) -> None:
    assign(organisation=groups[0], area=town.areas["fxhy"], on=SINCE)
    assign(
        organisation=groups[1],
        area=town.areas["fxhy"],
        on=SINCE,
        season_from="05-01",
        season_to="09-30",
    )


def test_same_season_in_another_time_or_place_is_no_overlap(
    town: Town, groups: tuple[Organisation, Organisation]
) -> None:
    first = _insert(town, groups[0], "05-01", "09-30", valid_to=dt.date(2025, 12, 31))
    _insert(town, groups[1], "05-15", "10-31", valid_from=dt.date(2026, 1, 1))
    Responsibility.objects.filter(area=town.areas["b46"]).update(
        season_from="05-01", season_to="09-30"
    )
    assert Responsibility.objects.filter(pk=first).exists()


def test_form_refuses_an_overlap_at_the_field(
    town: Town, groups: tuple[Organisation, Organisation], client: Client, settings: Settings
) -> None:
    settings.DEMO = True  # without the second factor
    user = build_cast(town)["sysadmin"]
    client.force_login(user)
    _insert(town, groups[0], "05-01", "09-30")
    fields = {
        "organisation": groups[1].pk,
        "area": town.areas["fxhy"].pk,
        "season_from": "05-15",
        "season_to": "10-31",
        "valid_from": timezone.localdate().isoformat(),
    }
    url = reverse("admin:branches_responsibility_add")
    form = client.post(url, fields).context["adminform"].form
    assert list(form.errors) == ["season_from"]
    assert "46号楼党小组" in form.errors["season_from"][0]
    answer = client.post(url, fields | {"season_from": "10-01", "season_to": "04-30"})
    assert answer.status_code == 302


# --- Rows from before the constraint ----------------------------------------------------------


@pytest.fixture
def overlapping(town: Town, groups: tuple[Organisation, Organisation]) -> tuple[int, int]:
    """Two rows that overlap, as the release before accepted them."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no trigger may be pending
        cursor.execute(f"ALTER TABLE branches_responsibility DROP CONSTRAINT {CONSTRAINT}")
    return (
        _insert(town, groups[0], "05-01", "09-30"),
        _insert(town, groups[1], "05-15", "10-31"),
    )


def _check() -> None:
    """Run the check of the migration that adds the constraint."""
    query = import_module("branches.migrations.0005_seasons_apart").OVERLAPS
    with connection.schema_editor() as editor:
        refuse_rows(query, "overlap").code(apps, editor)  # type: ignore[arg-type]  # reads no state


def test_migration_lists_overlapping_rows(overlapping: tuple[int, int]) -> None:
    with pytest.raises(CommandError) as refused:
        _check()
    (line,) = str(refused.value).splitlines()[1:]
    assert line.split() == [
        *("阜兴花苑", str(overlapping[0]), "46号楼党小组", "05-01", "09-30"),
        *(str(overlapping[1]), "47号楼党小组", "05-15", "10-31"),
    ]


def test_command_corrects_a_season(overlapping: tuple[int, int]) -> None:
    with pytest.raises(CommandError, match="季节不能重叠"):
        call_command("correct_season", overlapping[1], "09-30", "10-31")
    with pytest.raises(CommandError, match="月-日"):
        call_command("correct_season", overlapping[1], "10-01", "31-10")
    call_command("correct_season", overlapping[1], "10-01", "10-31")
    _check()
    row = Responsibility.objects.get(pk=overlapping[1])
    assert (row.season_from, row.season_to) == ("10-01", "10-31")
    with pytest.raises(CommandError, match="no responsibility 0"):
        call_command("correct_season", 0, "10-01", "10-31")


def test_ended_responsibility_does_not_conflict_later(
    town: Town, groups: tuple[Organisation, Organisation]
) -> None:
    estate, today = town.areas["fxhy"], timezone.localdate()
    first = assign(
        organisation=groups[0], area=estate, on=SINCE, season_from="05-01", season_to="09-30"
    )
    end_responsibility(responsibility=first, on=today)
    assign(
        organisation=groups[1],
        area=estate,
        on=today + dt.timedelta(days=1),
        season_from="05-15",
        season_to="10-31",
    )
