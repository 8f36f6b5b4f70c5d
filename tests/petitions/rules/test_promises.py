"""The promise line: for every state who does what by when, and the same words for everybody."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone, translation

from petitions.enums import EXPLAINED_OUTCOMES, DeadlineKind, Outcome, Status
from petitions.models import Category, Deadline, Petition
from petitions.rules import promises
from petitions.rules.contacts import ContactDetails
from petitions.rules.promises import Promise
from petitions.workflow import deadline_sweep, escalation, handling, rerouting, resolution
from tests.support.cast import PATHS, PHONE, Stage

# A Tuesday morning in office hours, in a year whose calendar is known.
NOW = dt.datetime(2026, 3, 3, 11, 0, tzinfo=timezone.get_default_timezone())
HOUR = dt.timedelta(hours=1)
RUNNING = [
    s for s in PATHS if s in {"submitted", "accepted", "assigned", "in_progress", "reopened"}
]


def _promise(petition: Petition, now: dt.datetime = NOW) -> Promise:
    case = Petition.objects.with_parts().get(pk=petition.pk)
    return promises.promise(case, now, Deadline.objects.owed().filter(petition=case))


def _owed(petition: Petition, kind: DeadlineKind) -> Deadline:
    return Deadline.objects.owed().get(petition=petition, kind=kind)


@pytest.mark.parametrize("status", PATHS)
def test_every_state_has_one_finished_sentence(stage: Stage, status: Status) -> None:
    said = _promise(stage.at(status, now=NOW))
    assert said.text.endswith("。")
    assert said.state in {"ok", "soon", "overdue", "waiting", "met"}
    assert "%(" not in said.text
    assert (said.due is None) == (said.state == "met")


def test_only_a_question_to_the_resident_is_shown_as_due_soon(stage: Stage) -> None:
    asked = _promise(stage.at(Status.RESOLVED, now=NOW))
    assert (asked.state, asked.resident_state) == ("waiting", "soon")
    petition = stage.file(now=NOW).petition
    for later, state in ((0, "ok"), (9, "overdue")):
        said = _promise(petition, NOW + later * HOUR)
        assert (said.state, said.resident_state) == (state, state)
    ended = _promise(stage.at(Status.CLOSED, now=NOW))
    assert (ended.state, ended.resident_state) == ("met", "met")


def test_waiting_for_acceptance_names_who_and_by_when(stage: Stage) -> None:
    petition = stage.file(now=NOW).petition
    said = _promise(petition)
    assert said.text == "第三网格党支部将在3月3日 13:00前受理并告诉您下一步。"
    assert said.due is not None
    assert said.due.relative == "还剩 2小时（全天计时）"
    assert said.state == "ok"


def test_once_accepted_the_result_is_promised(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED, now=NOW)
    assert _promise(petition).text == "第三网格党支部将在3月4日 11:00前告诉您处理结果。"


@pytest.mark.parametrize("status", RUNNING)
def test_soon_and_overdue_are_said(stage: Stage, status: Status) -> None:
    petition = stage.at(status, now=NOW)
    kind = DeadlineKind.CONTACT if status == Status.SUBMITTED else DeadlineKind.RESOLUTION
    row = _owed(petition, kind)
    assert _promise(petition, row.remind_at - dt.timedelta(minutes=1)).state == "ok"
    assert _promise(petition, row.remind_at).state == "soon"
    late = _promise(petition, row.due_at)
    assert late.state == "overdue"
    assert "已超期" in late.text


def test_a_limit_that_fired_is_still_owed(stage: Stage) -> None:
    petition = stage.file(now=NOW).petition
    row = _owed(petition, DeadlineKind.CONTACT)
    at = row.due_at + HOUR
    assert deadline_sweep.expire(deadline_id=row.pk, now=at)
    said = _promise(petition, at)
    assert said.text == "已上报迎宾路社区党委，迎宾路社区党委将在3月3日 16:00前作出答复。"
    escalation.answer(
        petition=Petition.objects.get(pk=petition.pk),
        by=stage.cast["community"],
        now=at,
        kind="resources",  # type: ignore[arg-type]
        text="派人",
    )
    said = _promise(petition, at)
    assert said.text == (
        "迎宾路社区党委已答复：给予资源支持。"
        "原定时限已过，第三网格党支部将在3月4日 11:00前告诉您处理结果。"
    )
    assert said.state == "overdue"
    late = _promise(petition, _owed(petition, DeadlineKind.RESOLUTION).due_at)
    assert "已答复" in late.text
    assert "应在3月4日 11:00前给出结果，已超期" in late.text
    assert late.state == "overdue"


def test_escalated_names_the_level_that_owes_the_answer(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    escalation.escalate(petition=petition, by=stage.cast["secretary"], now=NOW, reason="换主管")
    said = _promise(petition)
    assert said.text.startswith("已上报迎宾路社区党委")
    late = _promise(petition, NOW + 3 * HOUR)
    assert late.state == "overdue"
    assert "正在继续上报" in late.text


def test_resolved_asks_the_resident_in_working_days(stage: Stage) -> None:
    said = _promise(stage.at(Status.RESOLVED, now=NOW))
    assert said.state == "waiting"
    assert said.text == "请在3月10日 11:00前确认是否解决；逾期未回复将自动结案。"
    assert said.due is not None
    assert said.due.relative == "还剩 5个工作日"


def test_what_is_not_urgent_counts_working_time(stage: Stage) -> None:
    petition = stage.file(now=NOW, urgency="normal").petition
    said = _promise(petition)
    assert said.due is not None
    assert said.due.relative == "还剩 1个工作日"
    assert "3月4日 11:00" in said.text


def test_done_again_has_its_own_limit(stage: Stage) -> None:
    petition = stage.at(Status.REOPENED, now=NOW)
    assert _promise(petition).text == "第三网格党支部将在3月4日 11:00前告诉您处理结果。"
    resolution.resolve(
        petition=Petition.objects.get(pk=petition.pk),
        by=stage.cast["secretary"],
        now=NOW,
        outcome=Outcome.RESOLVED,
        cause="",
        public_answer="又修好了",
    )
    assert _promise(petition).state == "waiting"


def test_same_promise_in_english(stage: Stage) -> None:
    petition = stage.file(now=NOW).petition
    with translation.override("en"):
        said = _promise(petition)
    assert said.due is not None
    assert re.search(r"3 Mar 13:00", said.due.absolute)


def test_a_returned_case_names_the_organisation_that_decides(stage: Stage) -> None:
    said = _promise(stage.at(Status.RETURNED, now=NOW))
    assert said.text.startswith("第三网格党支部认为不归它办，迎宾路社区党委将在")
    assert "第三网格党支部将" not in said.text


@pytest.mark.parametrize(
    ("contact", "words"),
    [
        (ContactDetails(name="示例居民", phone=PHONE), "受理并告诉您下一步"),
        (ContactDetails(), "受理，受理后查询页上能看到"),
        (ContactDetails(name="示例居民"), "受理，受理后查询页上能看到"),
        (ContactDetails(phone=PHONE, is_confidential=True), "受理，受理后查询页上能看到"),
    ],
)
def test_only_a_resident_who_can_be_called_is_told(
    stage: Stage, contact: ContactDetails, words: str
) -> None:
    said = _promise(stage.file(now=NOW, contact=contact).petition)
    assert said.text == f"第三网格党支部将在3月3日 13:00前{words}。"


def test_a_resident_who_joined_is_asked_for_nothing(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW)
    case = Petition.objects.with_parts().get(pk=petition.pk)
    said = promises.promise(
        case, NOW, Deadline.objects.owed().filter(petition=case), is_joined=True
    )
    assert said.text == "已有答复，等反映人在3月10日 11:00前回复；逾期未回复将自动结案。"


@pytest.mark.parametrize("outcome", sorted(EXPLAINED_OUTCOMES))
def test_an_explanation_is_accepted_or_not(stage: Stage, outcome: Outcome) -> None:
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=NOW,
        outcome=outcome,
        cause="",
        public_answer="暂不具备条件。",
    )
    said = _promise(petition)
    assert said.text == ("请在3月10日 11:00前告诉我们，您是否接受这个说明；逾期未回复将自动结案。")


def test_at_the_top_nothing_is_said_to_be_passed_up(stage: Stage) -> None:
    petition = stage.file(now=NOW).petition
    at = NOW
    for _level in range(5):
        row = Deadline.objects.open().filter(petition=petition).order_by("due_at").first()
        assert row is not None
        if row.kind == DeadlineKind.RESOLUTION:
            break
        at = row.due_at
        assert deadline_sweep.expire(deadline_id=row.pk, now=at)
    said = _promise(petition, at)
    assert "阜康市委社会工作部应在" in said.text
    assert "上报" not in said.text
    assert "第三网格党支部将在3月4日 11:00前告诉您处理结果。" in said.text
    assert said.state == "overdue"


def _expired(petition: Petition) -> dt.datetime:
    """Expire the date for the first contact; return when that was."""
    row = _owed(petition, DeadlineKind.CONTACT)
    assert deadline_sweep.expire(deadline_id=row.pk, now=row.due_at)
    return row.due_at


def test_a_missed_contact_that_nobody_above_answers_for_is_overdue(stage: Stage) -> None:
    """The city itself must accept: nobody above it owes an answer."""
    accusation = Category.objects.get(code="GV04")
    petition = stage.file(now=NOW, category=accusation).petition
    assert petition.organisation == stage.town.orgs["city"]
    at = _expired(petition)
    assert not Petition.objects.get(pk=petition.pk).is_answer_owed
    said = _promise(petition, at)
    assert said.state == said.resident_state == "overdue"
    assert "阜康市委社会工作部应在3月4日 11:00前受理，已超期。阜康市委社会工作部将在" in said.text


def test_a_missed_contact_that_was_answered_for_stays_overdue(stage: Stage) -> None:
    petition = stage.file(now=NOW).petition
    at = _expired(petition)
    escalation.answer(
        petition=Petition.objects.get(pk=petition.pk),
        by=stage.cast["community"],
        now=at,
        kind="resources",  # type: ignore[arg-type]
        text="派人",
    )
    said = _promise(petition, at)
    assert (said.state, said.due and said.due.state) == ("overdue", "ok")
    handling.accept(
        petition=Petition.objects.get(pk=petition.pk), by=stage.cast["secretary"], now=at
    )
    assert _promise(petition, at).state == "ok"


def test_a_returned_case_that_missed_its_contact_is_overdue(stage: Stage) -> None:
    petition = stage.file(now=NOW).petition
    at = _expired(petition)
    rerouting.return_(
        petition=Petition.objects.get(pk=petition.pk),
        by=stage.cast["secretary"],
        now=at,
        reason="不归我们",
    )
    said = _promise(petition, at)
    owed = Deadline.objects.owed().filter(petition=petition, due_at__lte=at)
    assert owed.exists()
    assert said.state == "overdue"


def test_promise_names_no_person(stage: Stage) -> None:
    for status in PATHS:
        text = _promise(stage.at(status, now=NOW)).text
        assert "示例" not in text
