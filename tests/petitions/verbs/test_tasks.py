"""Pages and API of the verbs on tasks: what they ask, who may, what people read afterwards."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from branches.models import Organisation
from petitions.enums import AnswerKind, Status, TaskState, Verb
from petitions.models import CaseTask, Petition, Photo
from petitions.workflow import deadline_sweep, escalation, task_verbs
from tests.support import task_steps
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import counted, login
from tests.support.pictures import jpeg
from tests.support.tracking_client import code_of, enter_code, fresh
from tests.support.verb_cases import post, url_of

__all__ = ["fresh"]  # a fixture

NOW = timezone.now()


def _page(stage: Stage, name: str, petition: Petition) -> str:
    return login(stage, name).get(petition.get_absolute_url()).content.decode()


def _resident_reads(petition: Petition) -> str:
    client = Client()
    enter_code(client, code_of(petition))
    return client.get("/track/case/").content.decode()


def _expire(petition: Petition) -> None:
    for row in petition.deadlines.open().exclude(task=None):
        deadline_sweep.expire(deadline_id=row.pk, now=row.due_at)


def _second_order(stage: Stage, petition: Petition, department: Organisation) -> Petition:
    petition = escalation.escalate(
        petition=petition, by=stage.cast["secretary"], now=NOW, reason="还要热力公司"
    )
    return escalation.answer(
        petition=petition,
        by=stage.cast["official"],
        now=NOW,
        kind=AnswerKind.DEPARTMENT,
        text="请关阀",
        department=department,
    )


# --- Forms ---------------------------------------------------------------------------------------


def test_words_and_photos_of_a_reply_are_internal(stage: Stage) -> None:
    petition = task_steps.acknowledged(stage)
    response = post(stage, petition, Verb.CONCLUDE, photos=[jpeg("a.jpg"), jpeg("b.jpg")])
    assert response.status_code == 302
    assert list(Photo.objects.values_list("is_public", flat=True)) == [False, False]
    assert petition.notes.latest("pk").is_public is False
    assert "立管已更换。" in _page(stage, "secretary", petition)
    assert "立管已更换。" not in _resident_reads(petition)


@pytest.mark.parametrize(
    ("verb", "prepare", "missing"),
    [
        (Verb.CONCLUDE, task_steps.acknowledged, {"outcome": ""}),
        (Verb.CONCLUDE, task_steps.acknowledged, {"text": " "}),
        (Verb.HAND_BACK, task_steps.ordered, {"reason": ""}),
        (Verb.CANCEL, task_steps.ordered, {"reason": ""}),
        (Verb.SEND_AGAIN, task_steps.handed_back, {"text": ""}),
        (Verb.SEND_AGAIN, task_steps.handed_back, {"days": "31"}),
        (Verb.SEND_AGAIN, task_steps.handed_back, {"days": "abc"}),
    ],
)
def test_bad_input_is_refused_at_the_field(
    stage: Stage, verb: Verb, prepare: Any, missing: dict[str, str]
) -> None:
    petition = prepare(stage)
    response = post(stage, petition, verb, **missing)
    assert response.status_code == 400
    assert set(response.context["form"].errors) == set(missing)
    assert Petition.objects.get(pk=petition.pk).version == petition.version


def test_the_order_names_its_time_in_days(stage: Stage) -> None:
    petition = escalation.escalate(
        petition=stage.at(Status.IN_PROGRESS),
        by=stage.cast["secretary"],
        now=timezone.now(),
        reason="难",
    )
    data = {
        "version": petition.version,
        "kind": "department",
        "department": stage.town.orgs["water"].pk,
        "text": "请换管",
        "days": "2",
    }
    assert post(stage, petition, Verb.ANSWER, data).status_code == 302
    task = task_steps.task_of(petition)
    assert task.due_at - task.sent_at == dt.timedelta(days=2)


def test_a_form_asks_which_task_only_if_there_are_several(stage: Stage) -> None:
    petition = task_steps.ordered(stage)
    form = login(stage, "community").get(url_of(petition, Verb.CANCEL)).context["form"]
    assert "task" not in form.fields
    heating, _fitter = task_steps.second_department(stage)
    petition = _second_order(stage, petition, heating)
    first, second = petition.case_tasks
    CaseTask.objects.filter(pk=second.pk).update(orderer=stage.town.orgs["yingbin"])
    client = login(stage, "community")
    form = client.get(f"{url_of(petition, Verb.CANCEL)}?task={second.pk}").context["form"]
    assert [value for value, _label in form.fields["task"].choices] == [
        str(first.pk),
        str(second.pk),
    ]
    assert form["task"].value() == str(second.pk)
    data = {"version": petition.version, "reason": "不用了"}
    refused = client.post(url_of(petition, Verb.CANCEL), data)
    assert set(refused.context["form"].errors) == {"task"}
    client.post(url_of(petition, Verb.CANCEL), data | {"task": second.pk})
    second.refresh_from_db()
    assert second.state == TaskState.CANCELLED


def test_the_answer_form_warns_of_tasks_it_cancels(stage: Stage) -> None:
    petition = task_steps.ordered(stage)
    page = login(stage, "secretary").get(url_of(petition, Verb.RESOLVE)).content.decode()
    assert "供水公司的任务还没有办完，办结后一并撤销。" in page


# --- The case page -------------------------------------------------------------------------------


def test_the_case_page_shows_task_clock_and_verbs(stage: Stage) -> None:
    petition = task_steps.ordered(stage)
    for name, head, beside in (
        ("department", [Verb.ACKNOWLEDGE, Verb.CONCLUDE, Verb.HAND_BACK], []),
        ("community", [], [Verb.CANCEL]),
        ("secretary", [], []),
    ):
        page = login(stage, name).get(petition.get_absolute_url())
        (item,) = page.context["detail"].tasks
        assert item.state_label == "待签收"
        assert [row.label for row in item.deadlines] == ["任务签收", "任务回复"]
        urls = [button.url for button in page.context["actions"].primary]
        assert [url for url in urls if url.split("/")[-2] in head] == [
            url_of(petition, verb) for verb in head
        ]
        assert [button.url.partition("?")[0] for button in item.buttons] == [
            url_of(petition, verb) for verb in beside
        ]
        assert "供水公司" in page.content.decode()


def test_the_proposed_department_is_selected(stage: Stage) -> None:
    heating, _fitter = task_steps.second_department(stage)
    petition = task_verbs.hand_back(
        petition=task_steps.ordered(stage),
        by=stage.cast["department"],
        now=NOW,
        reason="是热力公司的管",
        proposed=heating,
    )
    form = login(stage, "community").get(url_of(petition, Verb.SEND_AGAIN)).context["form"]
    assert (form["department"].value(), form["text"].value()) == (heating.pk, "请换立管")


def test_the_department_sees_its_own_deadlines_on_top(stage: Stage) -> None:
    petition = task_steps.ordered(stage)

    def labels(name: str) -> list[str]:
        detail = login(stage, name).get(petition.get_absolute_url()).context["detail"]
        return [row.label for row in detail.deadlines]

    assert {"任务签收", "任务回复"} <= set(labels("department"))
    assert not {"任务签收", "任务回复"} & set(labels("secretary"))


def test_the_case_page_reads_the_tasks_with_the_case(stage: Stage) -> None:
    petition = task_steps.ordered(stage)
    client = login(stage, "community")
    client.get(petition.get_absolute_url())
    with counted() as queries:
        client.get(petition.get_absolute_url())
    assert not [sql for sql in queries if sql.startswith('SELECT "petitions_casetask"')]
    assert len(queries) <= 10, "\n".join(sql[:90] for sql in queries)


def test_a_case_without_tasks_takes_no_query_more(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    for url in (petition.get_absolute_url(), "/petitions/", "/home/"):
        client = login(stage, "secretary")
        client.get(url)
        with counted() as queries:
            client.get(url)
        assert not [sql for sql in queries if sql.startswith('SELECT "petitions_casetask"')], url


# --- Timelines -----------------------------------------------------------------------------------


def test_the_resident_reads_what_became_of_the_order(stage: Stage) -> None:
    petition = task_steps.ordered(stage)
    assert "已请供水公司去办，最晚" in _resident_reads(petition)
    petition = task_verbs.acknowledge(
        petition=petition, by=stage.cast["department"], now=timezone.now()
    )
    assert "供水公司已接手办理" in _resident_reads(petition)
    _expire(petition)
    assert "供水公司没有按时答复，已报告迎宾路社区党委" in _resident_reads(petition)
    post(stage, Petition.objects.get(pk=petition.pk), Verb.CONCLUDE)
    assert "供水公司已办好" in _resident_reads(petition)


def test_the_resident_reads_no_internal_words(stage: Stage) -> None:
    petition = task_steps.handed_back(stage)
    for words in ("请换立管", "是热力公司的管", "签收", "任务", "退回", "责成"):
        assert words not in _resident_reads(petition).partition("办到哪一步了")[2], words


def test_a_missed_acknowledgement_is_not_told_to_the_resident(stage: Stage) -> None:
    petition = task_steps.ordered(stage)
    row = petition.deadlines.open().get(kind="acknowledge")
    deadline_sweep.expire(deadline_id=row.pk, now=row.due_at)
    assert "没有按时" not in _resident_reads(petition)
    assert "供水公司超期没有签收，已报迎宾路社区党委" in _page(stage, "secretary", petition)


def test_not_possible_says_who_goes_on(stage: Stage) -> None:
    petition = task_steps.concluded(stage, TaskState.NOT_POSSIBLE)
    assert "供水公司说暂时办不了，第三网格党支部继续办理" in _resident_reads(petition)


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (task_steps.ordered, "由 供水公司 办理。最晚"),
        (task_steps.acknowledged, "供水公司签收了任务"),
        (task_steps.concluded, "供水公司回复：已办好"),
        (task_steps.handed_back, "供水公司退回任务"),
    ],
)
def test_staff_read_each_step(stage: Stage, prepare: Any, words: str) -> None:
    assert words in _page(stage, "clerk", prepare(stage))


# --- Programs ------------------------------------------------------------------------------------


def test_a_program_reads_the_tasks(stage: Stage) -> None:
    petition = task_steps.ordered(stage)
    task = task_steps.task_of(petition)
    answer = Program(stage.cast["department"]).get(f"/petitions/{petition.pk}/").json()
    (row,) = answer["tasks"]
    assert (row["id"], row["state"], row["text"]) == (task.pk, "sent", "请换立管")
    assert (row["doer"]["name"], row["orderer"]["name"]) == ("供水公司", "迎宾路社区党委")
    assert dt.datetime.fromisoformat(row["due_at"]) == task.due_at
    assert {"ack", "conclude", "hand_back"} <= set(answer["verbs"])


def test_a_partner_does_not_read_the_text_of_a_task(stage: Stage) -> None:
    petition = task_steps.ordered(stage)
    answer = Program(stage.cast["partner"]).get(f"/petitions/{petition.pk}/").json()
    assert answer["tasks"][0]["text"] is None
    assert "请换立管" not in str(answer)


def test_a_program_names_one_of_several_tasks(stage: Stage) -> None:
    heating, _fitter = task_steps.second_department(stage)
    petition = _second_order(stage, task_steps.ordered(stage, now=NOW), heating)
    program, path = Program(stage.cast["department"]), f"/petitions/{petition.pk}/conclude/"
    body = {"outcome": "done", "text": "好了"}
    seen = {"If_Match": f'"v{petition.version}"'}
    foreign = program.post(path, body | {"task": petition.case_tasks[1].pk}, **seen)
    assert (foreign.status_code, foreign.json()["code"]) == (409, "no_task")
    own = program.post(path, body | {"task": petition.case_tasks[0].pk}, **seen)
    assert own.status_code == 200, own.content
