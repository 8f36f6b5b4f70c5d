"""No form of the admin writes when nothing was typed, or overwrites what another user changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from branches.models import Organisation
from members.models import Post, User
from tests.support.admin_forms import form_values
from tests.support.admin_rows import add_rows
from tests.support.cast import Stage
from tests.support.clients import counted
from tests.support.route_list import ADMIN_PERMISSIONS

WRITES = ("INSERT", "UPDATE", "DELETE")
# Written with every request of a session or every log-in, whatever the page.
UNRELATED = ("django_session", "usersessions_usersession")


@pytest.fixture(autouse=True)
def _demo(settings: Settings) -> None:
    settings.DEMO = True  # without the second factor


def _as(client: Client, stage: Stage, name: str) -> Client:
    User.objects.filter(pk=stage.cast[name].pk).update(is_staff=True)
    client.force_login(User.objects.get(pk=stage.cast[name].pk))
    client.get("/admin/")
    return client


def _writes(client: Client, url: str, values: dict[str, str]) -> tuple[int, list[str]]:
    with counted() as statements:
        status = client.post(url, values).status_code
    return status, [
        sql
        for sql in statements
        if sql.startswith(WRITES) and not any(table in sql for table in UNRELATED)
    ]


TABLES = sorted(
    name
    for name, permissions in ADMIN_PERMISSIONS.items()
    if any("change" in granted for granted in permissions.values())
)


def test_tables_are_those_of_the_admin() -> None:
    registered = {model._meta.label_lower.replace(".", "_") for model in admin.site._registry}
    assert set(TABLES) <= registered
    assert len(TABLES) > 10


@pytest.mark.parametrize("table", TABLES)
def test_unchanged_form_writes_nothing(stage: Stage, client: Client, table: str) -> None:
    add_rows(stage)
    app, _, name_of_model = table.partition("_")
    model: type[Model] = apps.get_model(app, name_of_model)
    administrator = next(
        name for name, granted in ADMIN_PERMISSIONS[table].items() if "change" in granted
    )
    _as(client, stage, administrator)
    rows = model._default_manager.order_by("pk")
    assert rows.exists()
    for row in (rows.first(), rows.last()):
        assert row is not None
        url = reverse(f"admin:{table}_change", args=[row.pk])
        values = form_values(client, url, f"{model._meta.model_name}_form")
        before = list(model._default_manager.order_by("pk").values())
        assert _writes(client, url, values) == (302, [])
        # A script that sends the visible fields only.
        visible = {name: text for name, text in values.items() if not name.startswith("initial-")}
        assert _writes(client, url, visible) == (302, [])
        assert list(model._default_manager.order_by("pk").values()) == before
    assert not LogEntry.objects.exists()
    assert "没有改动" in client.get(reverse("admin:index"), follow=True).content.decode()


def _change(client: Client, organisation: Organisation, **typed: str) -> str:
    """Send the form of an organisation with typed values; return the page that follows."""
    url = reverse("admin:branches_organisation_change", args=[organisation.pk])
    values = form_values(client, url, "organisation_form")
    page: str = client.post(url, values | typed, follow=True).content.decode()
    return page


def test_typed_value_is_written_alone_and_logged(stage: Stage, client: Client) -> None:
    branch = stage.town.orgs["branch"]
    _as(client, stage, "sysadmin")
    _change(client, branch, duty_phone="0994-111-1111")
    assert Organisation.objects.get(pk=branch.pk).duty_phone == "09941111111"
    assert LogEntry.objects.get().object_id == str(branch.pk)


@pytest.fixture
def outdated(stage: Stage, client: Client) -> Callable[..., tuple[Organisation, str, str]]:
    """Send a form after somebody else changed the telephone since it was shown."""
    branch = stage.town.orgs["branch"]
    _as(client, stage, "sysadmin")
    url = reverse("admin:branches_organisation_change", args=[branch.pk])

    def send(**typed: str) -> tuple[Organisation, str, str]:
        values = form_values(client, url, "organisation_form")
        Organisation.objects.filter(pk=branch.pk).update(duty_phone="09942222222")
        page = client.post(url, values | typed, follow=True).content.decode()
        return Organisation.objects.get(pk=branch.pk), page, url

    return send


def test_outdated_form_without_changes_overwrites_nothing(
    outdated: Callable[..., tuple[Organisation, str, str]],
) -> None:
    stored, page, _url = outdated()
    assert stored.duty_phone == "09942222222"
    assert "没有改动" in page


def test_outdated_form_with_changes_is_refused_at_the_field(
    outdated: Callable[..., tuple[Organisation, str, str]],
) -> None:
    stored, page, _url = outdated(name="第三网格支部")
    assert (stored.name, stored.duty_phone) == ("第三网格党支部", "09942222222")
    assert "刚刚被别人改过" in page
    assert 'value="第三网格支部"' in page  # nothing typed is lost


def test_saving_a_post_ends_nothing(stage: Stage, client: Client) -> None:
    post = Post.objects.get(user=stage.cast["secretary"])
    _as(client, stage, "secadmin")
    url = reverse("admin:members_post_change", args=[post.pk])
    client.post(url, form_values(client, url, "post_form"))
    client.post(url, {"valid_to": "", "_save": "保存"})
    client.post(url, {"valid_to": "2020-01-01", "_save": "保存"})
    post.refresh_from_db()
    assert post.valid_to is None
