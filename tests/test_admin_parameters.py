"""No parameter of an admin page makes the server fail, whatever is typed into the address.

`make matrix` tries every value with every lookup; `make test` those that are most often wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.views import main
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.support.access_matrix import IS_FULL
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.route_list import ADMIN_PERMISSIONS, ENDING

VALUES = ("a\0", "abc", "9" * 400)
LOOKUPS = ("exact", "year", "id__exact")
if IS_FULL:
    VALUES += ("", "-1", "9" * 20, "nan", "2026-13-45", "10000-01-01", "0,1")
    LOOKUPS += ("", "in", "isnull", "gte", "isempty", "nothing")
OF_LISTS = (
    *(main.SEARCH_VAR, main.ORDER_VAR, main.PAGE_VAR, main.ERROR_FLAG, main.ALL_VAR),
    *(main.IS_FACETS_VAR, main.IS_POPUP_VAR, main.TO_FIELD_VAR, "_source_model"),
    *("_changelist_filters", "_popup", "_to_field", "pk", "id", "nothing", "\0"),
)
PAGES = ("changelist", "add", "change", "delete", "history", "end")
BELOW_500 = {200, 302, 400, 403, 404}


@pytest.fixture(autouse=True)
def _quiet(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO = True  # without the second factor
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.CRITICAL)
    monkeypatch.setattr(logging.getLogger("django.request"), "level", logging.CRITICAL)


@pytest.fixture
def clients(stage: Stage) -> dict[str, Client]:
    """Browsers of the administrators; an error is answered, not raised."""
    made = {name: login(stage, name) for name in ("sysadmin", "secadmin")}
    for client in made.values():
        client.raise_request_exception = False
        client.get("/admin/")
    return made


def _filters(model_admin: admin.ModelAdmin[Model]) -> Iterator[str]:
    """Yield the parameters that filter a list, by every lookup."""
    names = {"password"}
    for item in model_admin.list_filter:
        if isinstance(item, type) and issubclass(item, admin.SimpleListFilter):
            names.add(str(item.parameter_name))
        else:
            names.add(str(item[0] if isinstance(item, tuple) else item))
    for name in sorted(names | {str(model_admin.date_hierarchy or "id")}):
        for lookup in LOOKUPS:
            yield f"{name}__{lookup}" if lookup else name


def _is_offered(model_admin: admin.ModelAdmin[Model], name: str) -> bool:
    """Tell whether a value is looked at: the others are refused by their names alone."""
    offered = {str(item) for item in model_admin._offered()}
    return name.partition("__")[0] in offered


def _queries(model_admin: admin.ModelAdmin[Model]) -> Iterator[dict[str, str]]:
    for name in (*OF_LISTS, *_filters(model_admin)):
        is_read = name in OF_LISTS or _is_offered(model_admin, name)
        for value in VALUES if is_read else VALUES[:1]:
            yield {name: value}
    if hierarchy := model_admin.date_hierarchy:
        for value in VALUES:
            yield {f"{hierarchy}__year": value}
            yield {f"{hierarchy}__year": "2026", f"{hierarchy}__month": value}
            yield {
                f"{hierarchy}__year": "2026",
                f"{hierarchy}__month": "2",
                f"{hierarchy}__day": value,
            }


def _fails(client: Client, url: str, query: dict[str, str]) -> str:
    address = f"{url}?{urlencode(query, errors='surrogatepass')}"
    status = client.get(address).status_code
    return "" if status in BELOW_500 else f"{status} {address[:200]}"


@pytest.mark.parametrize("table", sorted(ADMIN_PERMISSIONS))
def test_no_parameter_of_a_list_fails(clients: dict[str, Client], table: str) -> None:
    model = apps.get_model(*table.split("_", 1))
    url = reverse(f"admin:{table}_changelist")
    client = clients[next(iter(ADMIN_PERMISSIONS[table]))]
    model_admin = admin.site.get_model_admin(model)
    failures = [_fails(client, url, query) for query in _queries(model_admin)]
    assert [failure for failure in failures if failure] == []


@pytest.mark.parametrize("table", sorted(ADMIN_PERMISSIONS))
def test_no_parameter_of_a_row_fails(clients: dict[str, Client], table: str) -> None:
    model = apps.get_model(*table.split("_", 1))
    client = clients[next(iter(ADMIN_PERMISSIONS[table]))]
    row = model._default_manager.order_by("pk").first()
    key = str(row.pk) if row else "1"
    names = (*OF_LISTS, *(field.name for field in model._meta.get_fields()))
    failures = []
    for page in PAGES[1:]:
        if page == "end" and table not in ENDING:
            continue
        url = reverse(f"admin:{table}_{page}", args=[] if page == "add" else [key])
        values = VALUES if page == "add" else VALUES[:1]
        failures += [_fails(client, url, {name: value}) for name in names for value in values]
    for value in VALUES:
        if value and "\0" not in value:
            failures.append(_fails(client, reverse(f"admin:{table}_change", args=[value]), {}))
    assert [failure for failure in failures if failure] == []


def _sources() -> Iterator[dict[str, str]]:
    """Yield what an autocomplete field may be asked for: every field of every table, and others."""
    for model in apps.get_models():
        source = {"app_label": model._meta.app_label, "model_name": model._meta.model_name or ""}
        for field in model._meta.get_fields():
            yield source | {"field_name": field.name}
    known = {"app_label": "members", "model_name": "post", "field_name": "user"}
    for name in known:
        for value in VALUES:
            yield known | {name: value}


@pytest.mark.parametrize("who", ["sysadmin", "secadmin"])
def test_no_parameter_of_an_autocomplete_field_fails(clients: dict[str, Client], who: str) -> None:
    url = reverse("admin:autocomplete")
    failures = [_fails(clients[who], url, source) for source in _sources()]
    for model, model_admin in admin.site._registry.items():
        for name in model_admin.autocomplete_fields:
            source = {
                "app_label": model._meta.app_label,
                "model_name": model._meta.model_name or "",
                "field_name": name,
            }
            for value in VALUES:
                failures.append(_fails(clients[who], url, source | {"term": value}))
                failures.append(_fails(clients[who], url, source | {"page": value}))
    assert [failure for failure in failures if failure] == []
