"""Production settings hold together, and the protections are on."""

import os
import subprocess
import sys
import traceback

import pytest
from django.test import Client
from environs import EnvError

from config.local import paths
from config.local.env import env

PRODUCTION = {
    "PATH": os.defpath,
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "DATABASE_URL": "postgres://zhaozhibu:p%40ss@db:5432/zhaozhibu",
    "REDIS_URL": "redis://queue:6379",
    "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
    "CONTACT_KEYS": "1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "ALLOWED_HOSTS": "example.org",
    "EMAIL_HOST": "mail.example.org",
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


@pytest.mark.urls("tests.platform.urls")
def test_permissions_policy_disables_what_no_page_uses() -> None:
    policy = Client().get("/livez")["Permissions-Policy"]
    features = dict(part.split("=") for part in policy.split(", "))
    assert {"camera", "microphone", "geolocation", "usb", "payment"} <= features.keys()
    assert set(features.values()) == {"()"}
    assert "clipboard-write" not in features  # copying a tracking code


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
    assert "camera=()" in answer["Permissions-Policy"]


def test_database_url_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_URL", "postgres://u:p%40ss@db:6543/name")
    assert env.postgres_url("X_URL") == {
        "dbname": "name",
        "user": "u",
        "password": "p@ss",
        "host": "db",
        "port": "6543",
    }
    monkeypatch.setenv("X_URL", "postgres://u@/name?host=/run/pg")
    assert env.postgres_url("X_URL")["host"] == "/run/pg"
    monkeypatch.setenv("X_URL", "sqlite:///x")
    with pytest.raises(EnvError, match='"X_URL" invalid: must begin with postgres://'):
        env.postgres_url("X_URL")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:pa@ss@db:5432/z", ("u", "pa@ss", "db", "5432", "z")),
        ("postgres://u:pa%zz@db/z", ("u", "pa%zz", "db", "", "z")),
        ("postgres://u:pa:ss+w@db/z", ("u", "pa:ss+w", "db", "", "z")),
        ("postgresql:///z", ("", "", "localhost", "", "z")),
        ("postgres://u@/z?host=/run/p%20g&port=5433", ("u", "", "/run/p g", "5433", "z")),
    ],
)
def test_password_in_database_url_needs_little_encoding(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.setenv("X_URL", url)
    database = env.postgres_url("X_URL")
    names = ("user", "password", "host", "port", "dbname")
    assert tuple(database[name] for name in names) == expected


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:secret/pw@db/z",
        "postgres://u:secret[pw@db/z",
        "postgres://u:secret\u2100pw@db/z",
        "postgres://u:secret@db:secret/z",
        "mysql://u:secret@db/z",
    ],
)
def test_error_about_database_url_shows_no_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("X_URL", url)
    with pytest.raises(EnvError, match='"X_URL" invalid: must ') as caught:
        env.postgres_url("X_URL")
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_error_about_redis_url_shows_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_URL", "redis://:pa@ss%zz@queue:6379/")
    assert env.redis_url("X_URL") == "redis://:pa@ss%zz@queue:6379"
    monkeypatch.setenv("X_URL", "redis://:secret/pw@queue:6379")
    with pytest.raises(EnvError, match='"X_URL" invalid: must ') as caught:
        env.redis_url("X_URL")
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_wrong_values_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "perhaps")
    with pytest.raises(EnvError, match=r'"X" invalid: .*Not a valid boolean'):
        env.bool("X", True)
    with pytest.raises(EnvError, match=r'"X" invalid: .*Not a valid integer'):
        env.int("X", 1)
    with pytest.raises(EnvError, match='"X" invalid: must look like name:value'):
        env.pairs("X")
    with pytest.raises(EnvError, match='"X_UNSET" not set'):
        env.str("X_UNSET")


def test_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "")
    assert env.bool("X", True)
    assert env.int("X", 7) == 7
    assert env.items("X", "a") == ["a"]
    with pytest.raises(EnvError, match='"X" not set'):
        env.str("X")


def test_lists_are_read_without_blanks_and_empty_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "a, b,,")
    assert env.items("X", "") == ["a", "b"]
    monkeypatch.setenv("X", "1:x, 2:y=")
    assert env.pairs("X") == {"1": "x", "2": "y="}


def test_own_secrets_are_made_once_for_their_owner_only(tmp_path: object) -> None:
    folder = paths.Path(str(tmp_path)) / "var"
    made = paths.own_secrets(folder)
    assert paths.own_secrets(folder) == made
    assert (folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in folder.iterdir()] == ["secrets.json"]
