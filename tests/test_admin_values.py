"""No value in a form of the admin makes the server fail; the page comes back with what was typed.

`make test` sends every value for all fields at once and two for each field alone; `make matrix`
sends every value for each field alone.
"""

from __future__ import annotations

import logging
import re

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.support.access_matrix import IS_FULL
from tests.support.admin_forms import form_values
from tests.support.admin_rows import add_rows
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.route_list import ADMIN_PERMISSIONS

VALUES = (
    *("[]", "\0", "a\0", "24:00", "NaN", "-1", "1.5", "9" * 20, "9" * 400, "9" * 5000),
    *("0001-01-01", "9999-12-31", "10000-01-01", "\u202e", "\ud7ff\U0010ffff", "'\"<b>", "None"),
)
ALONE = VALUES if IS_FULL else ("\0", "9" * 400)
UNTRIED = re.compile("csrfmiddlewaretoken|__prefix__|-[1-9]-")
"""The token, the template of a row, and the rows after the first."""
BELOW_500 = {200, 302, 400, 403}
PAGES = [
    (table, page)
    for table, permissions in sorted(ADMIN_PERMISSIONS.items())
    for page in ("add", "change")
    if any(page in granted for granted in permissions.values())
]


@pytest.fixture(autouse=True)
def _quiet(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEMO = True  # without the second factor
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.CRITICAL)
    monkeypatch.setattr(logging.getLogger("django.request"), "level", logging.CRITICAL)


def _open(stage: Stage, table: str, page: str) -> tuple[Client, str, str]:
    """Return a browser of the administrator, the URL of a form and its id."""
    add_rows(stage)
    granted = ADMIN_PERMISSIONS[table]
    client = login(stage, next(name for name in granted if page in granted[name]))
    client.raise_request_exception = False
    client.get("/admin/")
    model = apps.get_model(*table.split("_", 1))
    last = model._default_manager.order_by("pk").last()
    assert last is not None
    url = reverse(f"admin:{table}_{page}", args=[last.pk] if page == "change" else [])
    return client, url, f"{model._meta.model_name}_form"


@pytest.mark.parametrize(("table", "page"), PAGES)
def test_no_value_of_a_form_fails(stage: Stage, table: str, page: str) -> None:
    client, url, form_id = _open(stage, table, page)
    values = form_values(client, url, form_id)
    typed = [name for name in values if not UNTRIED.search(name)]
    visible = [name for name in typed if not name.endswith("_FORMS")]
    tries = [dict.fromkeys(visible, value) for value in VALUES]
    tries += [{name: value} for name in typed for value in ALONE]
    statuses = [(client.post(url, values | sent).status_code, sent) for sent in tries]
    assert [(status, sent) for status, sent in statuses if status not in BELOW_500] == []


@pytest.mark.parametrize(
    ("table", "field"),
    [("petitions_category", "parent"), ("petitions_standard", "region"), ("members_post", "user")],
)
@pytest.mark.parametrize("value", ["[]", "\0", "24:00", "NaN", "9" * 400])
def test_a_wrong_choice_is_an_error_at_its_field(
    stage: Stage, table: str, field: str, value: str
) -> None:
    client, url, form_id = _open(stage, table, "add")
    values = form_values(client, url, form_id)
    kept = dict.fromkeys(("name", "contact_within", "valid_from"), "2026-11-02")
    page = client.post(url, values | kept | {field: value})
    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors
    assert 'value="2026-11-02"' in page.content.decode()  # nothing typed is lost
