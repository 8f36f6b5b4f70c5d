"""Without a mail server no mail leaves, nothing is printed, and the deployment check says so."""

from __future__ import annotations

import json

import pytest

from tests.platform.test_settings import manage

SHOW = (
    "import json; from django.conf import settings; print(json.dumps("
    "[settings.EMAIL_BACKEND, settings.CHANNELS['email'], settings.SITE_URL]))"
)
BACKENDS = "django.core.mail.backends"
CHANNEL = "members.inbox.channels.EmailChannel"


def _settings(**changed: str) -> list[str]:
    shown = manage("shell", "--no-imports", "-c", SHOW, **changed)
    assert shown.returncode == 0, shown.stderr
    values: list[str] = json.loads(shown.stdout)
    return values


@pytest.mark.parametrize(
    ("changed", "backend", "channel"),
    [
        ({"EMAIL_HOST": ""}, f"{BACKENDS}.dummy.EmailBackend", ""),
        ({"EMAIL_HOST": "mail.example.org"}, f"{BACKENDS}.smtp.EmailBackend", CHANNEL),
        ({"EMAIL_BACKEND": "some.Backend", "EMAIL_HOST": ""}, "some.Backend", CHANNEL),
        (
            {"DATABASE_URL": "", "PRODUCTION": "no", "EMAIL_HOST": ""},
            f"{BACKENDS}.filebased.EmailBackend",
            CHANNEL,
        ),
    ],
)
def test_backend_follows_from_the_mail_server(
    changed: dict[str, str], backend: str, channel: str
) -> None:
    assert _settings(**changed)[:2] == [backend, channel]


def test_deployment_check_warns_without_a_mail_server() -> None:
    found = manage("check", "--deploy", "--fail-level", "WARNING", EMAIL_HOST="")
    assert found.returncode != 0
    assert "members.W001" in found.stderr
    assert "No mail server is configured" in found.stderr


@pytest.mark.parametrize("database", ["postgres://zhaozhibu@db/zhaozhibu", ""])
def test_backend_that_prints_mails_is_refused(database: str) -> None:
    found = manage("check", EMAIL_BACKEND=f"{BACKENDS}.console.EmailBackend", DATABASE_URL=database)
    assert found.returncode != 0
    assert "members.E002" in found.stderr


@pytest.mark.parametrize(
    ("changed", "address"),
    [
        ({}, "https://example.org"),
        ({"ALLOWED_HOSTS": ".example.org,other.example"}, "https://example.org"),
        ({"SITE_URL": "https://zhibu.example.org:8443"}, "https://zhibu.example.org:8443"),
    ],
)
def test_links_begin_with_the_first_host_unless_configured(
    changed: dict[str, str], address: str
) -> None:
    assert _settings(**changed)[2] == address


@pytest.mark.parametrize("address", ["http://example.org", "https://elsewhere.example"])
def test_deployment_check_warns_of_links_that_lead_nowhere(address: str) -> None:
    found = manage("check", "--deploy", "--fail-level", "WARNING", SITE_URL=address)
    assert found.returncode != 0
    assert "config.W001" in found.stderr
