"""Production settings hold together, and the protections are on."""

import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from django.test import Client
from environs import EnvError

from config.local import paths
from config.local.env import env

PRODUCTION = {
    "PATH": os.defpath,
    "ENV_FILE": "",
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "DATABASE_URL": "postgres://zhaozhibu:p%40ss@db:5432/zhaozhibu",
    "REDIS_URL": "redis://queue:6379",
    "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
    "TRACKING_SECRET": "only-for-this-test-too-0123456789-abcdefghijklmnopqrstuvw",
    "CONTACT_KEYS": "1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "ALLOWED_HOSTS": "example.org",
    "EMAIL_HOST": "mail.example.org",
}


def manage(
    *words: str, environment: dict[str, str] = PRODUCTION, **changed: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=paths.ROOT,
        env=environment | changed,
        capture_output=True,
        text=True,
        check=False,
    )


def test_deployment_check_has_no_warning() -> None:
    found = manage("check", "--deploy", "--fail-level", "WARNING")
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "", "SECRET_KEY is not set."),
        ("SECRET_KEY", "short", "SECRET_KEY is shorter than 50 characters."),
        ("TRACKING_SECRET", "", "TRACKING_SECRET is not set."),
        ("CONTACT_KEYS", "", "CONTACT_KEYS is not set"),
        ("CONTACT_KEYS", "1:abc", "The key 1 of CONTACT_KEYS is not 32 bytes in Base64."),
        ("ALLOWED_HOSTS", "", "ALLOWED_HOSTS is not set"),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS must name the hosts"),
        ("DEBUG", "yes", "DEBUG must be off."),
        ("DEMO", "yes", "DEMO must be off."),
        ("DATABASE_URL", "", "DATABASE_URL is not set"),
    ],
)
def test_production_refuses_to_start(name: str, value: str, sentence: str) -> None:
    found = manage("check", PRODUCTION="yes", **{name: value})
    assert found.returncode == 1
    assert sentence in found.stderr
    assert "Traceback" not in found.stderr


def test_other_settings_are_not_asked_for_in_development() -> None:
    development = {"PATH": os.defpath, "ENV_FILE": "", "VAR_DIR": os.environ["VAR_DIR"]}
    assert manage("check", environment=development).returncode == 0


def test_the_image_collects_its_files_with_settings_that_load() -> None:
    dockerfile = (paths.ROOT / "Dockerfile").read_text()
    line = re.search(
        r"^RUN (PRODUCTION=.*?)python manage.py collectstatic", dockerfile, re.M | re.S
    )
    assert line
    given = dict(word.split("=", 1) for word in line[1].replace("\\\n", " ").split())
    bare = {"PATH": os.defpath, "ENV_FILE": ""}
    found = manage("collectstatic", "--dry-run", "--noinput", environment=bare | given)
    assert found.returncode == 0, found.stderr


def test_the_file_configures_every_command(tmp_path: Path) -> None:
    file = tmp_path / "configuration"
    lines = [f"{name}={value}" for name, value in PRODUCTION.items() if name.isupper()]
    file.write_text("\n".join([*lines, "DEMO_PASSWORD=from-the-file", "EMAIL_PORT=2525"]))
    bare = {"PATH": os.defpath, "ENV_FILE": str(file), "EMAIL_PORT": "2626"}
    show = "from django.conf import settings as s; print(s.PRODUCTION, s.EMAIL_HOST, s.EMAIL_PORT)"
    found = manage("shell", "--no-imports", "-c", show, environment=bare)
    assert found.stdout.split() == ["True", "mail.example.org", "2626"], found.stderr


def test_production_does_not_load_the_sample() -> None:
    found = manage("load_sample")
    assert found.returncode == 1
    assert "not loaded in production" in found.stderr


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
