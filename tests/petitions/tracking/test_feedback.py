"""What the resident says of the answer: yes, no, a face, once more, taken back."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone

from petitions.enums import CaseLevel, ClosedBy, Outcome, Solved, Status, Verb
from petitions.models import Category, Feedback, Petition
from petitions.notices.notification_rules import text_for_resident
from petitions.workflow import deadline_sweep, handling, resolution
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.tracking_client import fresh, open_case, post_form, send_feedback
from tests.support.verb_cases import post

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
    assert send_feedback(client, "rate", petition).status_code == 400
    assert send_feedback(client, "rate", petition, rating="6").status_code == 400
    assert send_feedback(client, "rate", petition, rating="5").status_code == 302
    assert Feedback.objects.get().rating == 5
    page = client.get("/track/case/").content.decode()
    assert "选一个表情" not in page
    again = send_feedback(client, "rate", petition, rating="1")
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
    page = post_form(client, "/track/dispute/", {"version": seen, "reason": "三楼还是浑的"})
    body = page.content.decode()
    assert page.status_code == 409
    assert "第三网格党支部给出了答复" in body.split("<h1>")[0]
    assert "三楼还是浑的</textarea>" in body
    petition.refresh_from_db()
    assert petition.status == Status.RESOLVED
    assert f'name="version" value="{petition.version}"' in body
    again = post_form(client, "/track/dispute/", {"version": petition.version, "reason": "还是浑"})
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
    response = post_form(client, "/track/dispute/", {"version": seen, "reason": "三楼还是浑的"})
    assert response.status_code == 302
    petition.refresh_from_db()
    assert petition.status == Status.REOPENED


# an explanation instead of a solution


def _explained(stage: Stage, outcome: Outcome = Outcome.NOT_FEASIBLE) -> Petition:
    petition, now = stage.at(Status.IN_PROGRESS), timezone.now()
    return resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=now,
        outcome=outcome,
        cause="管道在红线外",
        public_answer="目前不具备条件，列入明年计划。",
    )


@pytest.mark.parametrize("outcome", [Outcome.NOT_FEASIBLE, Outcome.NOT_IN_REMIT, Outcome.DUPLICATE])
def test_an_explanation_is_accepted_and_not_counted_as_solved(
    client: Client, stage: Stage, outcome: Outcome
) -> None:
    petition = _explained(stage, outcome)
    page = open_case(client, petition)
    assert "您接受这个说明吗？" in page
    assert "解决了吗" not in page
    assert "部分解决" not in page
    assert "请上一级再看一遍" in page
    send_feedback(client, "confirm", petition, rating="3")
    petition.refresh_from_db()
    assert (petition.status, petition.closed_by) == (Status.CLOSED, ClosedBy.ACCEPTED)
    assert Feedback.objects.get().solved == Solved.ACCEPTED
    assert "您接受了说明" in client.get("/track/case/").content.decode()
    staff = login(stage, "secretary").get(petition.get_absolute_url()).content.decode()
    assert "居民接受说明" in staff
    assert "居民确认已解决" not in staff


def test_an_explanation_that_is_not_accepted_goes_one_level_up(
    client: Client, stage: Stage
) -> None:
    petition = _explained(stage)
    open_case(client, petition)
    assert send_feedback(client, "dispute", petition, partly="1").status_code == 302
    petition.refresh_from_db()
    assert (petition.status, petition.is_answer_owed) == (Status.REOPENED, True)
    assert Feedback.objects.get().solved == Solved.REFUSED
    page = client.get("/track/case/").content.decode()
    assert "已上报迎宾路社区党委，迎宾路社区党委将在" in page
    assert "您不接受说明，已请迎宾路社区党委再看" in page


def test_silence_on_an_explanation_is_silence(client: Client, stage: Stage) -> None:
    petition = _explained(stage)
    row = petition.deadlines.get(kind="confirmation")
    assert deadline_sweep.expire(deadline_id=row.pk, now=row.due_at)
    petition.refresh_from_db()
    assert (petition.closed_by, petition.outcome) == (ClosedBy.SILENCE, Outcome.NOT_FEASIBLE)
    assert Feedback.objects.get().solved == Solved.SILENCE


def test_no_level_above_is_promised_at_the_top(client: Client, stage: Stage) -> None:
    now, city = timezone.now(), stage.cast["city"]
    category = Category.objects.get(code="GV04")
    petition = stage.file(category=category).petition
    handling.accept(petition=petition, by=city, now=now)
    petition = resolution.resolve(
        petition=petition,
        by=city,
        now=now,
        outcome=Outcome.NOT_IN_REMIT,
        cause="",
        public_answer="请向纪检监察机关反映。",
    )
    assert petition.level == CaseLevel.CITY
    assert "上一级" not in open_case(client, petition).split('<h2 id="steps"')[0]


@pytest.mark.parametrize(
    ("verb", "label", "solved"),
    [
        ("confirm", "回访：接受说明", Solved.ACCEPTED),
        ("dispute", "回访：不接受说明", Solved.REFUSED),
    ],
)
def test_staff_record_by_telephone_whether_it_is_accepted(
    stage: Stage, verb: str, label: str, solved: Solved
) -> None:
    petition, clerk = _explained(stage), login(stage, "clerk")
    case = clerk.get(petition.get_absolute_url()).content.decode()
    assert "确认已解决" not in case
    assert "接受说明" in case
    url = f"{petition.get_absolute_url()}{verb}/"
    form = clerk.get(url).content.decode()
    assert f"{label}</h1>" in form
    assert "is_partly" not in form
    assert clerk.post(url, {"version": petition.version}).status_code == 302
    assert Feedback.objects.get().solved == solved
    assert label.removeprefix("回访：") in clerk.get(petition.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("outcome", "words"),
    [(Outcome.RESOLVED, "请确认是否解决"), (Outcome.NOT_IN_REMIT, "您是否接受说明")],
)
def test_the_text_message_asks_the_question_of_the_answer(
    stage: Stage, outcome: Outcome, words: str
) -> None:
    assert words in text_for_resident(_explained(stage, outcome), Verb.RESOLVE)


def test_the_preview_shows_the_question(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    data = {"outcome": "not_feasible", "cause": "红线外", "public_answer": "列入明年计划。"}
    page = post(stage, petition, Verb.RESOLVE, data | {"version": petition.version})
    assert "居民会被问：“您接受这个说明吗？”" in page.content.decode()
