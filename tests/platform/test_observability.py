"""Logs and figures name routes and numbers, never what people typed."""

import json
import logging
import subprocess
import sys

import pytest
from django.test import Client
from pytest_django import Settings

from config.lib.web import request_log
from config.local import paths

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.platform.urls")]
_SECRET = "13800138000"


def test_request_is_logged_by_route_without_path_and_query(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        Client().get(f"/t/track/{_SECRET}?phone={_SECRET}")
        Client(raise_request_exception=False).get(f"/t/mistake?phone={_SECRET}")
        Client().get(f"/t/nowhere/{_SECRET}")
    said = [observability_line(record) for record in caplog.records]
    assert any("t_track" in line for line in said)
    assert not [line for line in said if _SECRET in line]


def observability_line(record: logging.LogRecord) -> str:
    """What the handler would write."""
    handler = logging.getLogger().handlers
    ours = next(each for each in handler if each.formatter and "Processor" in str(each.formatter))
    ours.filter(record)
    return ours.format(record)


def test_exception_is_described_without_its_message() -> None:
    try:
        raise ValueError(_SECRET)
    except ValueError as error:
        lines = request_log.describe(error)
    assert lines[0] == "builtins.ValueError"
    assert _SECRET not in "".join(lines)


def test_number_from_outside_is_kept_only_behind_our_proxy(settings: Settings) -> None:
    given = "0123456789abcdef0123456789abcdef"
    settings.TRUSTED_PROXIES = 0
    assert Client().get("/livez", headers={"X-Request-ID": given})["X-Request-ID"] != given
    settings.TRUSTED_PROXIES = 1
    assert Client().get("/livez", headers={"X-Request-ID": given})["X-Request-ID"] == given
    forged = Client().get("/livez", headers={"X-Request-ID": "<b>"})["X-Request-ID"]
    assert "<" not in forged


def test_lines_are_json() -> None:
    code = (
        "import django, logging; django.setup();"
        "logging.getLogger('petitions').warning('街道 %s', 7);"
        "import structlog; structlog.get_logger('x').info('hello', n=1)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_FORMAT": "json", "PATH": ""},
    )
    first, second = (json.loads(line) for line in found.stderr.splitlines())
    assert (first["event"], first["logger"], first["level"]) == ("街道 7", "petitions", "warning")
    assert (second["event"], second["n"]) == ("hello", 1)


def test_figures_name_the_route() -> None:
    Client().get(f"/t/track/{_SECRET}")
    page = Client().get("/metrics").content.decode()
    assert 'route="t_track"' in page
    assert _SECRET not in page
