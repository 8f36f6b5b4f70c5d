"""A form of the tracking page acts on the case that it was shown with, and on no other."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import Status
from petitions.models import Contact, Feedback, Petition
from petitions.rules import tracking_codes
from petitions.tracking import case_reference
from petitions.workflow import submission
from tests.support.cast import Stage
from tests.support.tracking_client import (
    code_of,
    enter_code,
    fresh,
    open_case,
    post_form,
    send_feedback,
    shown_case,
)

__all__ = ["fresh"]  # a fixture

NOW = timezone.now()
WORDS = "三楼还是浑"
FORMS = {
    "confirm": (Status.RESOLVED, {"rating": "5", "reason": WORDS}),
    "dispute": (Status.RESOLVED, {"reason": WORDS}),
    "rate": (Status.CLOSED, {"rating": "1"}),
    "reopen": (Status.CLOSED, {"reopen_reason": WORDS}),
    "withdraw": (Status.ACCEPTED, {}),
    "contact": (Status.ACCEPTED, {"delete": "1"}),
}


def _is_other_case(answer: Any) -> bool:
    return answer.status_code == 409 and "没有办，那是另一件事" in answer.content.decode()


@pytest.mark.parametrize("verb", FORMS)
def test_a_form_of_an_earlier_tab_does_nothing_to_the_case_opened_later(
    client: Client, stage: Stage, verb: str
) -> None:
    status, fields = FORMS[verb]
    first, second = stage.at(status, now=NOW), stage.at(status, now=NOW)
    assert first.version == second.version
    versions = {"version": str(first.version), "round": str(first.round)}
    open_case(client, first)
    fields = shown_case(client) | versions | fields
    open_case(client, second)
    answer = client.post(f"/track/{verb}/", fields)
    assert _is_other_case(answer)
    for petition in (first, second):
        assert petition.version == Petition.objects.get(pk=petition.pk).version
        assert Contact.objects.filter(petition=petition).exists()
        assert not Feedback.objects.filter(petition=petition, rating__isnull=False).exists()
    assert WORDS not in client.get("/track/case/").content.decode()
    has_words = WORDS in fields.values()
    assert ("您写的还留着" in answer.content.decode()) is (has_words or verb == "rate")
    assert (WORDS in open_case(client, first)) is has_words
    assert client.post(f"/track/{verb}/", fields).status_code == 302


@pytest.mark.parametrize("reference", ["", "1", "x:y", "MQ:AAAA"])
def test_a_form_without_a_valid_reference_does_nothing(
    client: Client, stage: Stage, reference: str
) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    open_case(client, petition)
    answer = send_feedback(client, "dispute", petition, case=reference, reason=WORDS)
    assert _is_other_case(answer)
    assert WORDS in answer.content.decode()  # for copying: its case is not known
    assert WORDS not in client.get("/track/case/").content.decode()
    assert Petition.objects.get(pk=petition.pk).status == Status.RESOLVED


def test_words_of_both_tabs_stay_apart(client: Client, stage: Stage) -> None:
    first, second = stage.at(Status.RESOLVED, now=NOW), stage.at(Status.RESOLVED, now=NOW)
    open_case(client, second)
    send_feedback(client, "dispute", second, version="1", reason="第二件的话")
    assert _is_other_case(send_feedback(client, "dispute", first, reason=WORDS))
    page = client.get("/track/case/").content.decode()
    assert "第二件的话" in page
    assert WORDS not in page
    assert WORDS in open_case(client, first)


def test_words_come_back_after_a_joining_code_was_entered(client: Client, stage: Stage) -> None:
    own, other = stage.at(Status.RESOLVED, now=NOW), stage.at(Status.ACCEPTED, now=NOW)
    joined = submission.me_too(petition=other, key=uuid.uuid4(), now=NOW)
    open_case(client, own)
    fields = shown_case(client) | {"version": own.version, "reason": WORDS}
    enter_code(client, joined, "")
    answer = client.post("/track/dispute/", fields, follow=True)
    page = answer.content.decode()
    assert "您写的还留着" in page
    assert "时间久了" not in page
    assert WORDS not in client.get("/track/case/").content.decode()
    assert WORDS in open_case(client, own)


def test_words_come_back_after_the_resident_left_in_another_tab(
    client: Client, stage: Stage
) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    open_case(client, petition)
    fields = shown_case(client) | {"version": petition.version, "reason": WORDS}
    client.post("/track/leave/")
    assert client.post("/track/dispute/", fields)["Location"] == "/track/"
    assert WORDS in open_case(client, petition)


def test_the_reference_does_not_give_code_or_number(client: Client, stage: Stage) -> None:
    petition = stage.file(now=NOW).petition
    page = open_case(client, petition)
    value = case_reference.reference(petition.pk)
    assert page.count(f'name="case" value="{value}"') >= 2
    for secret in (code_of(petition), tracking_codes.shown(code_of(petition)), petition.number):
        assert secret not in value
    joined = submission.me_too(petition=petition, key=uuid.uuid4(), now=NOW)
    enter_code(client, joined, "")
    assert 'name="case"' not in client.get("/track/case/").content.decode()


def test_words_stored_by_an_earlier_release_come_back(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    session = client.session
    session["unsent"] = [petition.pk, {"reason": WORDS}]
    session.save()
    assert WORDS in open_case(client, petition)
    fields = {"version": petition.version, "reason": WORDS}
    assert post_form(client, "/track/dispute/", fields).status_code == 302
    assert "unsent" not in client.session


@pytest.mark.parametrize("verb", ["confirm", "dispute", "reopen"])
def test_words_are_shown_for_copying_when_staff_have_logged_in(
    client: Client, stage: Stage, verb: str
) -> None:
    status, fields = FORMS[verb]
    petition = stage.at(status, now=NOW)
    open_case(client, petition)
    client.force_login(stage.cast["clerk"])
    answer = send_feedback(client, verb, petition, **fields)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "请先退出" in page
    assert re.search(rf"<textarea[^>]*readonly>{WORDS}</textarea>", page)
    assert Petition.objects.get(pk=petition.pk).status == status
