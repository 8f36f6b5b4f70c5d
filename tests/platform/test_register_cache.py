"""The register cache: read once for each version, and every register table counts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from config.lib import register_cache
from config.lib.register_cache import RegisterCache
from petitions.models import Category
from petitions.rules import catalogue
from tests.support.api_client import statements, watching

TABLES = (
    *("grids_area", "branches_organisation", "branches_responsibility"),
    *("grids_calendarday", "grids_officehours"),
    *("petitions_category", "petitions_standard", "petitions_privacynotice"),
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_version() -> Iterator[None]:
    register_cache.forget_version()
    yield
    register_cache.forget_version()


def _touch(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE false")


def _counting() -> tuple[RegisterCache[int], list[int]]:
    reads: list[int] = []

    def read() -> int:
        reads.append(len(reads) + 1)
        return len(reads)

    return RegisterCache(read), reads


@pytest.mark.parametrize("table", TABLES)
def test_a_change_of_any_register_is_seen(table: str) -> None:
    cache, reads = _counting()
    cache.get()
    _touch(table)
    register_cache.forget_version()
    assert cache.get() == 2
    assert reads == [1, 2]


def test_nothing_is_asked_while_the_version_is_known() -> None:
    cache, reads = _counting()
    cache.get()
    with watching() as caught:
        for _again in range(3):
            cache.get()
    assert statements(caught) == []
    assert reads == [1]


def test_a_version_read_by_another_query_counts() -> None:
    cache, reads = _counting()
    version = register_cache.current_version()
    cache.get()
    register_cache.note_version(version + 1)
    cache.get()
    assert reads == [1, 2]


def test_an_old_version_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, reads = _counting()
    cache.get()
    _touch("petitions_standard")
    monkeypatch.setattr(register_cache, "MAX_AGE", -1.0)
    cache.get()
    assert reads == [1, 2]


def test_a_version_rolled_back_is_never_used_again() -> None:
    with transaction.atomic():
        _touch("petitions_category")
        lost = register_cache.read_version()
        transaction.set_rollback(True)
    _touch("petitions_category")
    assert register_cache.read_version() > lost


def test_each_further_key_has_its_own_content() -> None:
    cache, reads = _counting()
    assert [cache.get(7, "a"), cache.get(7, "a"), cache.get(7, "b")] == [1, 1, 2]
    cache.clear()
    assert cache.get(7, "b") == 3
    assert reads == [1, 2, 3]


@pytest.fixture
def category() -> Iterator[Category]:
    category = Category.objects.create(code="ZZ99", name="old", rank=1)
    yield category
    category.delete()


def _name() -> str:
    return catalogue.read().by_code["ZZ99"].name


def _name_in_other_thread() -> str:
    def read() -> str:
        try:
            return _name()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(read).result()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_forgotten", [True, False])
def test_other_threads_see_a_change_after_its_commit_only(
    category: Category, is_forgotten: bool
) -> None:
    assert _name() == "old"
    with transaction.atomic():
        Category.objects.filter(pk=category.pk).update(name="new")
        if is_forgotten:
            register_cache.forget_version()
        register_cache.read_version()
        assert _name_in_other_thread() == "old"
    assert (_name(), _name_in_other_thread()) == ("new", "new")


@pytest.mark.django_db(transaction=True)
def test_a_transaction_reads_its_own_change_and_a_rollback_takes_it_back(
    category: Category,
) -> None:
    assert _name() == "old"
    with transaction.atomic():
        Category.objects.filter(pk=category.pk).update(name="rolled back")
        register_cache.forget_version()
        assert _name() == "rolled back"
        transaction.set_rollback(True)
    assert (_name(), _name_in_other_thread()) == ("old", "old")


@pytest.mark.django_db(transaction=True)
def test_a_version_read_before_it_was_forgotten_is_not_taken_over() -> None:
    with transaction.atomic():
        register_cache.read_version()
        _touch("petitions_category")
        register_cache.forget_version()
    with watching() as caught:
        register_cache.current_version()
        register_cache.current_version()
    assert len(statements(caught)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_known_version_costs_no_query_in_a_transaction() -> None:
    register_cache.read_version()
    with transaction.atomic():
        register_cache.read_version()
        with watching() as caught:
            register_cache.current_version()
        assert statements(caught) == []
