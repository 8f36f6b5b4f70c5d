"""Language, theme and text size lead back to a page that opens, also from a refused form."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from config.lib.web.page_address import FORM_PAGE
from petitions.enums import Status
from petitions.intake import urls as intake_urls
from petitions.tracking import urls as tracking_urls
from tests.support.cast import Stage
from tests.support.tracking_client import fresh, open_case, post_form

__all__ = ["fresh"]  # a fixture

NOW = timezone.now()
WITHOUT_PAGE = {"track_leave", "clear_device"}  # they always redirect
EXAMPLES: dict[str, Any] = {
    "pk": 1,
    "code": "qrcodeb46",
    "uuid": "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
}
SWITCHES = (
    ("/language/", {"language": "en"}),
    ("/preferences/", {"theme": "dark"}),
    ("/preferences/", {"text": "large"}),
)


def _check_switches(client: Client, answer: Any, address: str) -> None:
    found = re.findall(r'name="next" value="([^"]*)"', answer.content.decode())
    assert found == [address] * 3
    for path, chosen in SWITCHES:
        back: Any = client.post(path, chosen | {"next": address}, follow=True)
        assert back.status_code == 200, (path, back.redirect_chain)


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("dispute", {"reason": ""}, 400),
        ("dispute", {"reason": "还浑", "version": "1"}, 409),
        ("reopen", {"reopen_reason": ""}, 400),
        ("contact", {"phone": "12"}, 400),
        ("confirm", {"case": "x"}, 409),
    ],
)
def test_switches_on_a_refused_form_of_the_tracking_page(
    client: Client, stage: Stage, path: str, fields: dict[str, str], status: int
) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    open_case(client, petition)
    seen = {"version": str(petition.version)}
    answer = post_form(client, f"/track/{path}/", seen | fields)
    assert answer.status_code == status
    _check_switches(client, answer, "/track/case/")


def test_switches_on_a_refused_joining(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.CLOSED, now=NOW)
    answer = client.post(f"/q/qrcodeb46/me-too/{petition.pk}/")
    assert answer.status_code == 409
    _check_switches(client, answer, "/q/qrcodeb46/")


def test_switches_on_a_form_whose_page_has_the_same_address(client: Client, stage: Stage) -> None:
    answer = client.post("/track/?x=1", {"code": "12"})
    _check_switches(client, answer, "/track/?x=1")


def test_every_resident_view_of_post_only_names_its_page(client: Client, stage: Stage) -> None:
    names = set()
    for pattern in (*intake_urls.urlpatterns, *tracking_urls.urlpatterns):
        assert isinstance(pattern, URLPattern)
        arguments = {name: EXAMPLES.get(name, "x") for name in pattern.pattern.converters}
        address = reverse(f"petitions:{pattern.name}", kwargs=arguments)
        if client.get(address).status_code == 405 and pattern.name not in WITHOUT_PAGE:
            names.add(pattern.name)
            assert hasattr(pattern.callback, FORM_PAGE), pattern.name
    assert {"track_confirm", "track_contact", "track_withdraw", "me_too", "report_me_too"} <= names
