"""What a resident typed is on the page whatever the case has become when it is sent."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import Outcome, Status
from petitions.models import Petition
from petitions.workflow import contact, handling, resolution, transitions
from tests.support.cast import Stage
from tests.support.tracking_client import fresh, open_case, post_form, send_feedback

__all__ = ["fresh"]  # a fixture

NOW = timezone.now()
WORDS = "三楼还是浑"
TOO_LONG = WORDS * 101
FORMS = {
    "confirm": ("confirm", {"reason": WORDS, "rating": "4"}),
    "dispute": ("dispute", {"reason": WORDS, "rating": "1"}),
    "dispute, invalid": ("dispute", {"reason": TOO_LONG}),
    "confirm, invalid": ("confirm", {"reason": WORDS, "rating": "6"}),
    "reopen": ("reopen", {"reopen_reason": WORDS}),
    "reopen, invalid": ("reopen", {"reopen_reason": TOO_LONG}),
}
STATES = {
    "submitted": lambda stage: stage.at(Status.SUBMITTED, now=NOW),
    "accepted": lambda stage: stage.at(Status.ACCEPTED, now=NOW),
    "assigned": lambda stage: stage.at(Status.ASSIGNED, now=NOW),
    "in progress": lambda stage: stage.at(Status.IN_PROGRESS, now=NOW),
    "returned": lambda stage: stage.at(Status.RETURNED, now=NOW),
    "declined": lambda stage: stage.at(Status.DECLINED, now=NOW),
    "redirected": lambda stage: stage.at(Status.REDIRECTED, now=NOW),
    "withdrawn": lambda stage: stage.at(Status.WITHDRAWN, now=NOW),
    "resolved": lambda stage: stage.at(Status.RESOLVED, now=NOW),
    "explained": lambda stage: _resolve_again(stage, Outcome.NOT_FEASIBLE),
    "resolved again": lambda stage: _resolve_again(stage, Outcome.RESOLVED),
    "reopened": lambda stage: _reopen(stage),
    "closed": lambda stage: stage.at(Status.CLOSED, now=NOW),
    "closed long ago": lambda stage: stage.at(Status.CLOSED, now=NOW - dt.timedelta(days=60)),
}
WITH_BOX = ("resolved", "explained", "resolved again", "closed")
IN_FORM = ("您写的还在下面", "就在下面的框里")


def _reopen(stage: Stage) -> Petition:
    petition = stage.at(Status.RESOLVED, now=NOW)
    return resolution.reopen(petition=petition, by=stage.cast["clerk"], now=NOW, reason="又坏")


def _resolve_again(stage: Stage, outcome: Outcome) -> Petition:
    petition = _reopen(stage)
    return resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=NOW,
        outcome=outcome,
        cause="水箱",
        public_answer="已清洗水箱。",
    )


def _check_words(body: str, words: str) -> None:
    """The words are in a box or in the notice, once, and a sentence about the box is true."""
    boxes = re.findall(rf"<textarea[^>]*>\s*{words}</textarea>", body)
    notice = re.findall(rf'<p class="pre" dir="auto">{words}</p>', body)
    assert len(boxes) + len(notice) == 1
    assert any(sentence in body for sentence in IN_FORM) <= bool(boxes)
    assert ("您写的是" in body) == bool(notice)


@pytest.mark.parametrize(
    ("state", "is_stale"),
    [*((state, False) for state in STATES), *((state, True) for state in WITH_BOX)],
)
@pytest.mark.parametrize("form", FORMS)
def test_words_are_on_the_page_in_every_state(
    client: Client, stage: Stage, form: str, state: str, *, is_stale: bool
) -> None:
    petition = STATES[state](stage)
    verb, fields = FORMS[form]
    words = fields.get("reason") or fields["reopen_reason"]
    open_case(client, petition)
    seen = {"version": str(petition.version - 1)} if is_stale else {}
    answer = send_feedback(client, verb, petition, **fields | seen)
    if answer.status_code == 302:
        assert words not in str(client.session.get("unsent"))
        return
    assert answer.status_code == (400 if "invalid" in form else 409)
    body = answer.content.decode()
    assert 'class="errors" role="alert"' in body  # why it was not done
    _check_words(body, words)
    for _reload in range(2):
        _check_words(client.get("/track/case/").content.decode(), words)


@pytest.mark.parametrize("verb", ["confirm", "dispute"])
def test_words_stay_when_another_device_has_confirmed(
    client: Client, stage: Stage, verb: str
) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    open_case(client, petition)
    seen, other = petition.version, Client()
    open_case(other, petition)
    assert send_feedback(other, "confirm", petition).status_code == 302
    answer = post_form(client, f"/track/{verb}/", {"version": seen, "reason": WORDS, "asked": "1"})
    assert answer.status_code == 409
    _check_words(answer.content.decode(), WORDS)


def test_newer_words_replace_those_that_stood_in_the_box(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    open_case(client, petition)
    send_feedback(client, "dispute", petition, version="1", reason="先写的")
    send_feedback(client, "dispute", petition, version="1", reason="后写的")
    body = client.get("/track/case/").content.decode()
    assert "先写的" not in body
    _check_words(body, "后写的")
    send_feedback(client, "dispute", petition, reason="")  # asked for, and the box was emptied
    assert "后写的" not in client.get("/track/case/").content.decode()


def test_words_stay_when_a_form_without_words_is_refused(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    open_case(client, petition)
    send_feedback(client, "dispute", petition, version="1", reason=WORDS)
    for verb in ("withdraw", "rate"):
        answer = send_feedback(client, verb, petition, version="1", round="9", rating="4")
        assert answer.status_code == 409
        _check_words(answer.content.decode(), WORDS)


def test_words_are_dropped_when_they_are_sent(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    open_case(client, petition)
    send_feedback(client, "dispute", petition, version="1", reason=WORDS)
    assert send_feedback(client, "dispute", petition, reason=WORDS).status_code == 302
    assert "unsent" not in client.session


def test_nothing_is_said_about_words_when_none_were_typed(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    open_case(client, petition)
    answer = send_feedback(client, "confirm", petition, version="1")
    assert answer.status_code == 409
    assert not any(sentence in answer.content.decode() for sentence in IN_FORM)


def test_news_are_the_steps_that_the_resident_has_not_seen(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    secretary = stage.cast["secretary"]
    open_case(client, petition)
    seen = petition.version
    for text in ("内部一", "内部二"):
        petition = handling.note(
            petition=petition, by=secretary, now=NOW, body=text, is_public=False
        )
    petition = resolution.reopen(
        petition=petition, by=stage.cast["clerk"], now=NOW, reason="居民来电"
    )
    answer = post_form(client, "/track/dispute/", {"version": seen, "reason": WORDS})
    assert [step.split("）", 1)[1].strip() for step in answer.context["news"]] == [
        "迎宾路社区党委要求重新办理"
    ]


def test_a_telephone_number_stays_in_the_form_that_was_refused(
    client: Client, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    petition = stage.at(Status.ACCEPTED, now=NOW)
    open_case(client, petition)

    def refuse(**_arguments: object) -> None:
        raise transitions.WrongState("wrong_state", "现在不能更正。")

    monkeypatch.setattr(contact, "correct_contact", refuse)
    answer = post_form(client, "/track/contact/", {"phone": "19000009999"})
    assert answer.status_code == 409
    assert re.search(
        r'<details class="drawer" open>.*value="19000009999"', answer.content.decode(), re.S
    )
    assert "9999" not in str(dict(client.session))
