"""What a resident typed is still there if the tracking ended before it was sent."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from petitions.enums import Status
from petitions.models import Petition
from petitions.workflow import resolution, submission
from tests.support.cast import Stage
from tests.support.tracking_client import (
    code_of,
    enter_code,
    fresh,
    open_case,
    post_form,
    send_feedback,
)

__all__ = ["fresh"]  # a fixture

NOW = timezone.now()
WORDS = "三楼还是浑，像煤气味"
LATER = dt.timedelta(minutes=31)


def _send_late(client: Client, petition: Petition, verb: str, **fields: str) -> None:
    """Send a form half an hour after the code was entered; the page asks for the code again."""
    open_case(client, petition)
    with time_machine.travel(timezone.now() + LATER):
        answer = send_feedback(client, verb, petition, **fields)
        assert answer["Location"] == "/track/"
        assert "您写的还留着" in client.get("/track/").content.decode()


@pytest.mark.parametrize(
    ("status", "verb", "name"),
    [
        (Status.RESOLVED, "dispute", "reason"),
        (Status.RESOLVED, "confirm", "reason"),
        (Status.CLOSED, "reopen", "reopen_reason"),
    ],
)
def test_words_come_back_after_the_code_is_entered_again(
    client: Client, stage: Stage, status: Status, verb: str, name: str
) -> None:
    petition = stage.at(status, now=NOW)
    _send_late(client, petition, verb, **{name: WORDS})
    for _reload in range(2):
        page = open_case(client, petition)
        assert re.search(rf'name="{name}"[^>]*>\s*{WORDS}</textarea>', page)
        assert "您刚才写的还没有发出去" in page
        assert 'href="tel:119"' in page  # words of danger count at once
    answer = send_feedback(client, verb, petition, **{name: WORDS})
    assert answer.status_code == 302
    assert "您刚才写的" not in client.get("/track/case/").content.decode()


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_the_chosen_face_comes_back(client: Client, stage: Stage, status: Status) -> None:
    petition = stage.at(status, now=NOW)
    _send_late(client, petition, "rate", rating="4")
    assert re.search(r'value="4"[^>]*checked', open_case(client, petition))


def test_words_stand_in_the_box_that_the_page_has_now(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    _send_late(client, petition, "dispute", reason=WORDS)
    resolution.close(petition=petition, by=stage.cast["clerk"], now=NOW, reason="没人接")
    page = open_case(client, petition)
    assert re.search(
        rf'<details class="drawer" open>.*name="reopen_reason"[^>]*>\s*{WORDS}', page, re.S
    )


def test_words_that_no_form_takes_any_more_are_shown(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    _send_late(client, petition, "dispute", reason=WORDS)
    resolution.reopen(petition=petition, by=stage.cast["clerk"], now=NOW, reason="又坏")
    page = open_case(client, petition)
    assert "您刚才写的没有发出去" in page
    assert WORDS in page


def test_words_are_shown_for_no_other_case_and_to_nobody_who_joined(
    client: Client, stage: Stage
) -> None:
    petition, other = stage.file(now=NOW).petition, stage.at(Status.RESOLVED, now=NOW)
    joined = submission.me_too(petition=petition, key=uuid.uuid4(), now=NOW)
    _send_late(client, petition, "dispute", reason=WORDS)
    assert WORDS not in open_case(client, other)
    _send_late(client, petition, "dispute", reason=WORDS)
    enter_code(client, joined, "")
    assert WORDS not in client.get("/track/case/").content.decode()
    assert WORDS not in open_case(client, petition)  # deleted when another code was entered


def test_words_are_deleted_when_the_resident_leaves(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    _send_late(client, petition, "dispute", reason=WORDS)
    client.post("/track/leave/")
    assert WORDS not in open_case(client, petition)


def test_a_contact_is_not_stored(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    open_case(client, petition)
    with time_machine.travel(timezone.now() + LATER):
        post_form(client, "/track/contact/", {"phone": "19000009999", "name": "张三"})
    assert "9999" not in str(dict(client.session))
    assert code_of(petition) not in str(dict(client.session))
