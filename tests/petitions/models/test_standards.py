"""Service standards: what a duration typed in the administration may be."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from config.lib import register_cache
from petitions.admin import DURATIONS
from petitions.models import Standard
from tests.support.admin_forms import form_values
from tests.support.cast import Stage
from tests.support.clients import login

TOO_SHORT, TOO_LONG = "时限不能短于15分钟。", "时限不能长于366天。"


def _change(stage: Stage, name: str, typed: str) -> tuple[Standard, str]:
    """Send the form of a standard with one duration changed; return it and the page."""
    standard = Standard.objects.get(urgency="urgent")
    client: Client = login(stage, "sysadmin")
    url = reverse("admin:petitions_standard_change", args=[standard.pk])
    values = form_values(client, url, "standard_form")
    page = client.post(url, values | {name: typed}, follow=True)
    assert page.status_code == 200
    standard.refresh_from_db()
    return standard, page.content.decode()


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("0", TOO_SHORT),
        ("00:14:59", TOO_SHORT),
        ("-1 00:00:00", TOO_SHORT),
        ("366 00:00:01", TOO_LONG),
        ("3000000 00:00:00", TOO_LONG),
    ],
)
def test_a_duration_out_of_bounds_is_refused(
    stage: Stage, name: str, typed: str, words: str
) -> None:
    before = getattr(Standard.objects.get(urgency="urgent"), name)
    standard, page = _change(stage, name, typed)
    assert words in page
    assert getattr(standard, name) == before


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize(
    ("typed", "stored"),
    [("00:15:00", dt.timedelta(minutes=15)), ("366 00:00:00", dt.timedelta(days=366))],
)
def test_a_duration_at_the_bound_is_stored_and_a_report_filed_by_it(
    stage: Stage, name: str, typed: str, stored: dt.timedelta
) -> None:
    standard, _page = _change(stage, name, typed)
    assert getattr(standard, name) == stored
    register_cache.forget_version()
    assert stage.file().petition.due_at
