"""Production settings hold together, and the protections are on."""

import os
import subprocess
import sys

import pytest
from django.test import Client

from config.local import env, paths

PRODUCTION = {
    "PATH": os.defpath,
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "DATABASE_URL": "postgres://zhaozhibu:p%40ss@db:5432/zhaozhibu",
    "REDIS_URL": "redis://queue:6379",
    "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
    "CONTACT_KEYS": "1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "ALLOWED_HOSTS": "example.org",
}


def manage(*words: str, **changed: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=paths.ROOT,
        env=PRODUCTION | changed,
        capture_output=True,
        text=True,
        check=False,
    )


def test_deployment_check_has_no_warning() -> None:
    found = manage("check", "--deploy", "--fail-level", "WARNING")
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY"])
def test_production_refuses_to_start_without(name: str) -> None:
    found = manage("check", **{name: ""})
    assert found.returncode != 0
    assert name in found.stderr


@pytest.mark.urls("tests.platform.urls")
def test_policy_allows_nothing_unsafe() -> None:
    policy = Client().get("/livez")["Content-Security-Policy"]
    assert "unsafe-" not in policy
    assert "http" not in policy
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == ["'self'"]
    assert rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == ["'none'"]


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/%00", "0", 400),
        ("/report/tell/", "999999999999", 413),
        ("/nowhere/", "0", 404),
    ],
)
@pytest.mark.django_db
def test_what_is_refused_at_the_door_keeps_the_protections(
    path: str, length: str, status: int
) -> None:
    answer = Client().post(path, b"", content_type="text/plain", CONTENT_LENGTH=length)
    assert answer.status_code == status
    assert "'none'" in answer["Content-Security-Policy"]
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")


def test_database_address_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_URL", "postgres://u:p%40ss@db:6543/name")
    assert env.database("X_URL") == env.Database("name", "u", "p@ss", "db", "6543")
    monkeypatch.setenv("X_URL", "postgres://u@/name?host=/run/pg")
    assert env.database("X_URL").host == "/run/pg"
    monkeypatch.setenv("X_URL", "sqlite:///x")
    with pytest.raises(env.ImproperlyConfigured, match="postgres://"):
        env.database("X_URL")


def test_values_are_read_strictly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "perhaps")
    with pytest.raises(env.ImproperlyConfigured, match="yes or no"):
        env.flag("X", True)
    with pytest.raises(env.ImproperlyConfigured, match="whole number"):
        env.number("X", 1)
    with pytest.raises(env.ImproperlyConfigured, match="name:value"):
        env.pairs("X")
    assert not env.flag("X_UNSET", False)


def test_own_secrets_are_made_once_for_their_owner_only(tmp_path: object) -> None:
    folder = paths.Path(str(tmp_path)) / "var"
    made = paths.own_secrets(folder)
    assert paths.own_secrets(folder) == made
    assert (folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in folder.iterdir()] == ["secrets.json"]
