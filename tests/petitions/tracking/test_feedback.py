"""What the resident says of the answer: yes, no, a face, once more, taken back."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import ClosedBy, Outcome, Solved, Status
from petitions.models import Feedback
from petitions.workflow import handling, resolution
from tests.support.cast import Stage
from tests.support.tracking_client import fresh, open_case, send_feedback

__all__ = ["fresh"]  # a fixture


# what the resident says


def test_yes_closes_the_case_and_keeps_the_face(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    assert "解决了吗？" in open_case(client, petition)
    assert send_feedback(client, "confirm", petition, rating="4")["Location"] == "/track/case/"
    petition.refresh_from_db()
    assert (petition.status, petition.closed_by) == (Status.CLOSED, ClosedBy.CONFIRMED)
    said = Feedback.objects.get()
    assert (said.solved, said.rating, said.is_by_phone) == (Solved.YES, 4, False)
    page = client.get("/track/case/").content.decode()
    assert "已经结案" in page
    assert "解决了吗？" not in page


@pytest.mark.parametrize(("partly", "solved"), [({}, Solved.NO), ({"partly": "1"}, Solved.PARTLY)])
def test_no_or_partly_opens_it_again(
    client: Client, stage: Stage, partly: dict[str, str], solved: Solved
) -> None:
    petition = stage.at(Status.RESOLVED)
    open_case(client, petition)
    send_feedback(client, "dispute", petition, reason="三楼还是浑的", rating="1", **partly)
    petition.refresh_from_db()
    assert petition.status == Status.REOPENED
    assert Feedback.objects.get().solved == solved
    assert Feedback.objects.get().rating == 1
    assert "三楼还是浑的" in client.get("/track/case/").content.decode()


@pytest.mark.parametrize("partly", [{}, {"partly": "1"}])
def test_what_is_still_wrong_is_asked_for_once_before_it_is_sent(
    client: Client, stage: Stage, partly: dict[str, str]
) -> None:
    petition = stage.at(Status.RESOLVED)
    assert 'name="asked"' not in open_case(client, petition)
    asked = send_feedback(client, "dispute", petition, rating="2", **partly)
    body = asked.content.decode()
    assert asked.status_code == 400
    assert "还差什么？写一句" in body
    assert re.search(r'value="2"[^>]*checked', body)  # the face chosen stays
    petition.refresh_from_db()
    assert petition.status == Status.RESOLVED
    again = send_feedback(client, "dispute", petition, rating="2", asked="1", **partly)
    assert 'name="asked" value="1"' in body
    assert again.status_code == 302
    petition.refresh_from_db()
    assert petition.status == Status.REOPENED


def test_a_sentence_written_at_the_question_is_kept(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    open_case(client, petition)
    send_feedback(client, "dispute", petition)
    assert (
        send_feedback(client, "dispute", petition, asked="1", reason="三楼还是浑的").status_code
        == 302
    )
    assert "三楼还是浑的" in client.get("/track/case/").content.decode()


def test_whoever_confirmed_without_a_face_may_still_rate_once(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.CLOSED)
    assert "选一个表情" in open_case(client, petition)
    assert client.post("/track/rate/", {}).status_code == 400
    assert client.post("/track/rate/", {"rating": "6"}).status_code == 400
    assert client.post("/track/rate/", {"rating": "5"}).status_code == 302
    assert Feedback.objects.get().rating == 5
    page = client.get("/track/case/").content.decode()
    assert "选一个表情" not in page
    again = client.post("/track/rate/", {"rating": "1"})
    assert again.status_code == 409
    assert "已经评价过" in again.content.decode()


def test_a_closed_case_can_be_handled_again_within_the_window(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.CLOSED)
    assert "可以再办" in open_case(client, petition)
    assert send_feedback(client, "reopen", petition).status_code == 400
    assert send_feedback(client, "reopen", petition, reopen_reason="又浑了").status_code == 302
    petition.refresh_from_db()
    assert petition.status == Status.REOPENED


def test_after_the_window_it_cannot(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.CLOSED, now=timezone.now() - dt.timedelta(days=60))
    assert "可以再办" not in open_case(client, petition)
    late = send_feedback(client, "reopen", petition, reopen_reason="又浑了")
    assert late.status_code == 409
    assert "再办期限已过" in late.content.decode()


def test_a_report_can_be_taken_back(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    open_case(client, petition)
    assert send_feedback(client, "withdraw", petition).status_code == 302
    petition.refresh_from_db()
    assert petition.status == Status.WITHDRAWN


@pytest.mark.parametrize("verb", ["confirm", "dispute", "rate", "reopen", "withdraw", "contact"])
def test_acts_reject_get_and_strangers(client: Client, stage: Stage, verb: str) -> None:
    petition = stage.at(Status.RESOLVED)
    assert client.get(f"/track/{verb}/").status_code == 405
    answer = send_feedback(client, verb, petition, rating="5", phone="19000009999")
    assert answer["Location"] == "/track/"
    petition.refresh_from_db()
    assert petition.status == Status.RESOLVED


@pytest.mark.parametrize("verb", ["confirm", "dispute"])
def test_the_wrong_moment_is_said_and_nothing_typed_is_lost(
    client: Client, stage: Stage, verb: str
) -> None:
    petition = stage.at(Status.ACCEPTED)
    open_case(client, petition)
    page = send_feedback(client, verb, petition, reason="我写的话")
    assert page.status_code == 409
    assert "不能这样操作" in page.content.decode()


def test_what_happened_meanwhile_is_shown_before_the_answer_counts(
    client: Client, stage: Stage
) -> None:
    petition = stage.at(Status.RESOLVED)
    open_case(client, petition)
    seen, now = petition.version, timezone.now()
    resolution.reopen(petition=petition, by=stage.cast["clerk"], now=now, reason="居民来电")
    resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=now,
        outcome=Outcome.RESOLVED,
        cause="水箱",
        public_answer="已清洗水箱。",
    )
    page = client.post("/track/dispute/", {"version": seen, "reason": "三楼还是浑的"})
    body = page.content.decode()
    assert page.status_code == 409
    assert "第三网格党支部给出了答复" in body.split("<h1>")[0]
    assert "三楼还是浑的</textarea>" in body
    petition.refresh_from_db()
    assert petition.status == Status.RESOLVED
    assert f'name="version" value="{petition.version}"' in body
    again = client.post("/track/dispute/", {"version": petition.version, "reason": "还是浑"})
    assert again.status_code == 302


def test_a_note_written_meanwhile_does_not_hold_back_the_answer(
    client: Client, stage: Stage
) -> None:
    petition = stage.at(Status.RESOLVED)
    open_case(client, petition)
    seen = petition.version
    handling.note(
        petition=petition,
        by=stage.cast["secretary"],
        now=timezone.now(),
        body="周五再来看一次",
        is_public=True,
    )
    response = client.post("/track/dispute/", {"version": seen, "reason": "三楼还是浑的"})
    assert response.status_code == 302
    petition.refresh_from_db()
    assert petition.status == Status.REOPENED
