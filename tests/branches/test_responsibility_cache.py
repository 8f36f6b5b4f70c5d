"""The responsibility cache is never older than the registers and saves queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from branches import responsibility_cache
from branches.models import Organisation, Responsibility
from config.lib import register_cache
from grids.models import Area
from tests.support.cast import Town, build_town

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 20)


@pytest.fixture
def town(db: None) -> Town:
    return build_town()


def _names(place: Area, day: dt.date = DAY) -> set[str]:
    cached = responsibility_cache.responsible_for(place.pk, day)
    assert cached is not None
    return {row.organisation.name for row in cached[1]}


def test_a_place_comes_with_ancestors_and_responsibilities(town: Town) -> None:
    cached = responsibility_cache.responsible_for(town.building.pk, DAY)
    assert cached is not None
    chain, answering = cached
    assert [row.pk for row in chain] == town.building.ancestor_ids
    wanted = Responsibility.objects.responsible_for(town.building.ancestor_ids, DAY)
    assert {row.pk for row in answering} == {row.pk for row in wanted if row.is_in_season(DAY)}


def test_every_cached_place_equals_the_tables(town: Town) -> None:
    """Above a community, in it, and in another one; whichever was asked for first."""
    for place in (town.areas["city"], *town.areas.values()):
        cached = responsibility_cache.responsible_for(place.pk, DAY)
        assert cached is not None
        assert [row.pk for row in cached[0]] == place.ancestor_ids
        wanted = Responsibility.objects.responsible_for(place.ancestor_ids, DAY)
        assert {row.pk for row in cached[1]} == {row.pk for row in wanted}


def test_no_such_place(town: Town) -> None:
    assert responsibility_cache.responsible_for(town.building.pk + 10_000, DAY) is None


def test_an_unchanged_register_costs_one_query(town: Town) -> None:
    responsibility_cache.responsible_for(town.building.pk, DAY)
    for key in ("b46", "g8", "yingbin", "city"):
        with CaptureQueriesContext(connection) as asked:
            responsibility_cache.responsible_for(town.areas[key].pk, DAY)
        assert len(asked) == 1, key


def _end(town: Town) -> None:
    Responsibility.objects.filter(organisation=town.orgs["branch"]).update(valid_to=DAY)


def _delete(town: Town) -> None:
    Responsibility.objects.filter(organisation=town.orgs["branch"]).delete()


def _close(town: Town) -> None:
    Organisation.objects.filter(pk=town.orgs["branch"].pk).update(valid_to=DAY)


@pytest.mark.parametrize("change", [_end, _delete, _close])
def test_a_change_is_known_at_once(town: Town, change: Callable[[Town], None]) -> None:
    branch = town.orgs["branch"].name
    tomorrow = DAY + dt.timedelta(days=1)
    assert branch in _names(town.building, tomorrow)
    change(town)
    assert branch not in _names(town.building, tomorrow)


def test_another_name_is_known_at_once(town: Town) -> None:
    responsibility_cache.responsible_for(town.building.pk, DAY)
    Area.objects.filter(pk=town.building.pk).update(full_name="阜兴花苑四十六号楼")
    cached = responsibility_cache.responsible_for(town.building.pk, DAY)
    assert cached is not None
    assert cached[0][-1].full_name == "阜兴花苑四十六号楼"


def test_a_rolled_back_change_is_not_cached(town: Town) -> None:
    branch = town.orgs["branch"].name
    with transaction.atomic():
        _delete(town)
        assert branch not in _names(town.building)
        transaction.set_rollback(True)
    assert branch in _names(town.building)


def test_another_day_is_read_again(town: Town) -> None:
    branch = town.orgs["branch"].name
    _end(town)
    assert branch in _names(town.building, DAY)
    assert branch not in _names(town.building, DAY + dt.timedelta(days=1))
    assert branch in _names(town.building, DAY)


def test_the_cache_is_bounded(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responsibility_cache, "MAX_AREAS", 3)
    for place in (town.building, town.areas["d1"], town.building):
        responsibility_cache.responsible_for(place.pk, DAY)
    responsibility_cache.responsible_for(town.areas["city"].pk, DAY)
    cached = responsibility_cache._CACHE.get(register_cache.read_version(), DAY)
    assert set(cached.areas) == {town.areas["city"].pk}
