"""Access to the admin: role × page × row; each administrator role opens its own tables only."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.urls import reverse

from config.lib.admin import BaseAdmin
from petitions.models import Petition
from tests.support import access_matrix, oracle, route_list
from tests.support.access_fixtures import Visitor, log_in_visitors
from tests.support.cast import Stage
from tests.support.route_list import ADMIN_PERMISSIONS, ENDING, Access, comparable

ADMIN_NAMES = ("sysadmin", "secadmin", "auditor")
MISSING = "999999999"
NEEDS = {
    "changelist": ("view",),
    "history": ("view",),
    "change": ("view",),
    "add": ("add",),
    "delete": ("delete",),
    "end": ("change",),
}


@pytest.fixture
def visitors(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> dict[str, Visitor]:
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.ERROR)
    return log_in_visitors(stage)


def _addresses() -> Iterator[tuple[str, str, list[str]]]:
    """Yield table, page and URLs: with an existing row, and with an unknown id."""
    for name in ADMIN_PERMISSIONS:
        model = apps.get_model(*name.split("_", 1))
        row = model._default_manager.order_by("pk").first()
        keys = [str(row.pk) if row else MISSING, MISSING]
        for page in NEEDS:
            if page == "end" and name not in ENDING:
                continue
            if page in {"changelist", "add"}:
                yield name, page, [reverse(f"admin:{name}_{page}")]
            else:
                yield name, page, [reverse(f"admin:{name}_{page}", args=[key]) for key in keys]


def _may(who: str, name: str, page: str) -> bool:
    permissions = ADMIN_PERMISSIONS[name].get(who, "").split()
    return all(verb in permissions for verb in NEEDS[page])


def _problem(who: Visitor, name: str, page: str, method: str, urls: list[str]) -> str:
    """Request an existing and an unknown row; return what is wrong with the responses."""
    answers = [who.ask(method, url) for url in urls]
    statuses = [answer.status_code for answer in answers]
    if _may(who.name, name, page):
        return "" if statuses == [200, 302][: len(urls)] or statuses == [302, 302] else "not open"
    expected = 403 if who.name in ADMIN_NAMES else 302
    if set(statuses) != {expected}:
        return f"not {expected}"
    answers_seen = {comparable(answer)[:2] for answer in answers}
    return "" if len(answers_seen) == 1 else "tells which rows exist"


def _is_asked(who: str, table: str, page: str, number: int) -> bool:
    """Tell whether the short form includes a request: all allowed ones, and some of the others."""
    if access_matrix.IS_FULL or _may(who, table, page):
        return True
    return number % (3 if who in ADMIN_NAMES else len(oracle.POSTS)) == 0


def _is_posted(number: int) -> bool:
    return access_matrix.IS_FULL or number % 5 == 0


def test_administrators_open_their_own_tables_only(visitors: dict[str, Visitor]) -> None:
    wrong = []
    everybody = enumerate(oracle.POSTS)
    for turn, name in everybody:
        who = visitors[name]
        who.ask("GET", "/")
        for number, (table, page, urls) in enumerate(_addresses()):
            if not _is_asked(name, table, page, number - turn):
                continue
            for method in ("GET", "POST"):
                if method == "POST" and (_may(name, table, page) or not _is_posted(number)):
                    continue  # an allowed POST would change data
                problem = _problem(who, table, page, method, urls)
                if problem:
                    wrong.append(f"{name} {method} {table} {page}: {problem}")
    assert wrong == []


@pytest.mark.parametrize("name", ADMIN_NAMES)
def test_pages_around_the_tables(visitors: dict[str, Visitor], name: str) -> None:
    who = visitors[name]
    assert who.ask("GET", reverse("admin:index")).status_code == 200
    assert who.ask("GET", "/admin/nothing/here/").status_code == 404
    assert who.ask("GET", reverse("admin:autocomplete")).status_code == 403
    for app in ("grids", "branches", "members", "knox", "petitions"):
        is_theirs = any(
            name in permissions
            for table, permissions in ADMIN_PERMISSIONS.items()
            if table.startswith(app)
        )
        url = reverse("admin:app_list", args=[app])
        assert who.ask("GET", url).status_code == (200 if is_theirs else 404), app
    for table in ADMIN_PERMISSIONS:
        bare = f"/admin/{table.replace('_', '/')}/{MISSING}/"
        assert who.ask("GET", bare).status_code == 302  # to the change page, whatever the row


def test_people_are_suggested_to_the_security_administrator_only(
    visitors: dict[str, Visitor],
) -> None:
    query = "?app_label=members&model_name=post&field_name=user&term=clerk"
    for name in (*ADMIN_NAMES, "clerk", "city", "visitor"):
        answer = visitors[name].ask("GET", reverse("admin:autocomplete") + query)
        expected = 200 if name == "secadmin" else 403 if name in ADMIN_NAMES else 302
        assert answer.status_code == expected, name


def test_admin_does_not_reveal_which_cases_exist(
    stage: Stage, visitors: dict[str, Visitor]
) -> None:
    kind = ContentType.objects.get_for_model(Petition).pk
    for name in oracle.POSTS:
        answers = [
            visitors[name].ask("GET", reverse("admin:view_on_site", args=[kind, pk]))
            for pk in (stage.file().petition.pk, access_matrix.UNKNOWN_ID)
        ]
        assert [answer.status_code for answer in answers] == [404, 404], name


def test_no_table_has_a_page_without_an_entry() -> None:
    registered = {model._meta.label_lower.replace(".", "_") for model in admin.site._registry}
    assert registered == set(ADMIN_PERMISSIONS)
    for model, page in admin.site._registry.items():
        assert isinstance(page, BaseAdmin), model
        assert page.view_on_site is False, model


def _questions(name: str) -> Iterator[str]:
    """Yield lookups on own and related columns that a query string could contain."""
    for column in (
        *(
            "password",
            "digest",
            "name",
            "path",
            "petitions__text",
            "inbox__title",
            "user__password",
        ),
        *("petition__text", "organisation__petitions__text", "posts__user__password"),
    ):
        model = apps.get_model(*name.split("_", 1))
        try:
            model._meta.get_field(column.partition("__")[0])
        except FieldDoesNotExist:
            continue
        yield f"{column}__startswith"


@pytest.mark.parametrize("administrator", ADMIN_NAMES)
def test_query_string_cannot_filter_other_columns(
    visitors: dict[str, Visitor], administrator: str
) -> None:
    for name in (
        name for name, permissions in ADMIN_PERMISSIONS.items() if administrator in permissions
    ):
        url = reverse(f"admin:{name}_changelist")
        for question in _questions(name):
            answer: Any = visitors[administrator].ask("GET", f"{url}?{question}=a")
            assert answer.status_code == 400, (name, question)


def test_every_kind_of_admin_access_is_covered() -> None:
    admin_pages = {name for name, access in route_list.TABLE.items() if name.startswith("admin")}
    accesses = {route_list.TABLE[name] for name in admin_pages}
    assert accesses == {
        *(Access.ADMIN, Access.ADMIN_ROWS, Access.ADMIN_ROW, Access.ADMIN_ADD),
        *(Access.ADMIN_DELETE, Access.ADMIN_END, Access.LOG_IN, Access.NOBODY),
    }
