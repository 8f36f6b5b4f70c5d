"""Machines learn whether the process lives, works and keeps up."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from config.lib.web import health

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.platform.urls")]


@pytest.fixture
def owed() -> Iterator[list[float | None]]:
    """The age that a probe of the test reports."""
    ages: list[float | None] = [None]
    before = dict(health._probes)
    health.register(health.Probe("test_work", lambda: ages[0], limit=30))
    yield ages
    health._probes.clear()
    health._probes.update(before)


def test_livez_asks_nothing(client: Client, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert client.get("/livez").status_code == 200


def test_readyz_reports_database_disk_and_owed_work(
    client: Client, owed: list[float | None]
) -> None:
    body = client.get("/readyz").json()
    assert body["checks"]["database"] == {"ok": True}
    assert body["checks"]["disk"]["ok"]
    assert body["checks"]["test_work"] == {"ok": True, "seconds": 0.0, "limit": 30}


def test_work_that_is_behind_does_not_turn_visitors_away(
    client: Client, owed: list[float | None]
) -> None:
    owed[0] = 31.0
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "behind")
    assert (
        'pending_work_age_seconds{queue="test_work"} 31.0'
        in client.get("/metrics").content.decode()
    )


def test_full_disk_is_not_ready(client: Client, settings: Settings) -> None:
    settings.MIN_FREE_MB = 10**9
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "failed")


def test_lost_database_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OperationalError("away")

    monkeypatch.setattr(health.connection, "cursor", gone)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, {"ok": False})


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_outsiders_find_nothing(client: Client, settings: Settings, path: str) -> None:
    assert client.get(path, REMOTE_ADDR="8.8.8.8").status_code == 404
    forwarded = {"X-Forwarded-For": "8.8.8.8"}
    assert client.get(path, headers=forwarded).status_code == 404
    settings.METRICS_TOKEN = "a-token"
    asked = {**forwarded, "Authorization": "Bearer a-token"}
    assert client.get(path, headers=asked).status_code == 200
    asked["Authorization"] = "Bearer other"
    assert client.get(path, headers=asked).status_code == 404


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
@pytest.mark.parametrize("host", ["127.0.0.1:8000", "web:8000", "-", "evil.example"])
def test_health_pages_do_not_look_at_the_host(
    client: Client, settings: Settings, path: str, host: str
) -> None:
    settings.ALLOWED_HOSTS = ["example.org"]
    assert client.get(path, headers={"host": host}).status_code == 200
    assert client.get("/nowhere/", headers={"host": host}).status_code == 400
