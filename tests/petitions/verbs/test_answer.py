from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from config.lib import durations
from petitions.enums import AnswerKind, DeadlineKind, DeadlineState, Status, Verb
from petitions.models import Deadline, Petition
from petitions.rules import promises
from petitions.workflow import deadline_sweep, escalation
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.tracking_client import open_case
from tests.support.verb_cases import escalated, post, url_of


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"kind": "department"}, "department"), ({"kind": "extend"}, "amount"), ({}, "kind")],
)
def test_each_kind_requires_its_fields(stage: Stage, sent: dict[str, str], field: str) -> None:
    petition = escalated(stage)
    data = {"version": petition.version, "text": "同意", "unit": "days"} | sent
    response = post(stage, petition, Verb.ANSWER, data)
    assert response.status_code == 400
    assert field in response.context["form"].errors


def test_a_department_is_ordered(stage: Stage) -> None:
    petition = escalated(stage)
    water = stage.town.orgs["water"]
    data = {"version": petition.version, "text": "请换管", "unit": "days"}
    post(stage, petition, Verb.ANSWER, data | {"kind": "department", "department": water.pk})
    assert Petition.objects.get(pk=petition.pk).department == water


def test_an_extension_counts_like_the_deadlines_of_the_case(stage: Stage) -> None:
    petition = escalated(stage)
    data = {"version": petition.version, "text": "同意", "kind": "extend"}
    post(stage, petition, Verb.ANSWER, data | {"amount": "2", "unit": "days"})
    due = Petition.objects.get(pk=petition.pk).due_at
    assert due is not None
    assert abs(due - timezone.now() - dt.timedelta(days=2)) < dt.timedelta(minutes=5)


# extensions


def _late_contact(stage: Stage) -> tuple[Petition, dt.datetime]:
    """Return a case that was escalated because nobody accepted it, and the time."""
    petition = stage.file(now=timezone.now() - dt.timedelta(hours=6)).petition
    row = Deadline.objects.open().get(petition=petition, kind=DeadlineKind.CONTACT)
    now = timezone.now()
    assert deadline_sweep.expire(deadline_id=row.pk, now=now)
    return Petition.objects.get(pk=petition.pk), now


def _extend(
    stage: Stage, petition: Petition, amount: str = "2", unit: str = "days", **fields: str
) -> Any:
    data = {"version": petition.version, "text": "同意", "kind": "extend"}
    return post(stage, petition, Verb.ANSWER, data | {"amount": amount, "unit": unit} | fields)


def test_an_unaccepted_case_is_not_extended_and_stays_overdue(stage: Stage) -> None:
    petition, now = _late_contact(stage)
    owed = list(Deadline.objects.owed().filter(petition=petition).values_list("pk", "due_at"))
    response = _extend(stage, petition)
    assert response.status_code == 400
    assert "请先受理" in str(response.context["form"].errors["kind"])
    program = Program(stage.cast["community"])
    body = {"kind": "extend", "text": "同意", "extension_minutes": 2880}
    refused = program.act(petition.pk, "answer", body, petition.version)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_accepted")
    assert owed == list(
        Deadline.objects.owed().filter(petition=petition).values_list("pk", "due_at")
    )
    assert Petition.objects.overdue(now).filter(pk=petition.pk).exists()
    assert Petition.objects.get(pk=petition.pk).is_answer_owed


def test_other_answers_leave_an_overdue_contact_deadline(stage: Stage) -> None:
    petition, now = _late_contact(stage)
    data = {"version": petition.version, "text": "派人支援", "kind": "resources"}
    assert post(stage, petition, Verb.ANSWER, data).status_code == 302
    contact = Deadline.objects.get(petition=petition, kind=DeadlineKind.CONTACT)
    assert contact.settled_at is None
    assert Petition.objects.overdue(now).filter(pk=petition.pk).exists()


def test_an_extension_moves_the_result_and_nothing_else(stage: Stage) -> None:
    petition = escalated(stage)
    _extend(stage, petition)
    rows = Deadline.objects.filter(petition=petition)
    assert [row.kind for row in rows.owed()] == [DeadlineKind.RESOLUTION]
    cancelled = rows.filter(state=DeadlineState.CANCELLED)
    assert [row.kind for row in cancelled] == [DeadlineKind.RESOLUTION]


def test_an_extension_that_would_shorten_is_refused_at_the_field(stage: Stage) -> None:
    petition = escalated(stage)
    response = _extend(stage, petition, "3", "hours")
    assert response.status_code == 400
    assert "请多延一些" in str(response.context["form"].errors["amount"])


def test_the_new_date_is_shown_first_and_sent_as_shown(stage: Stage) -> None:
    petition, community = escalated(stage), login(stage, "community")
    url = url_of(petition, Verb.ANSWER)
    page = community.get(url).content.decode()
    assert 'name="step" value="preview"' in page
    start = timezone.now()
    data = {"version": petition.version, "text": "同意", "kind": "extend"}
    data |= {"amount": "2", "unit": "days"}
    with time_machine.travel(start, tick=False):
        shown = community.post(url, data | {"step": "preview"})
    due = start + dt.timedelta(days=2)
    words = durations.absolute(due, start)
    assert shown.status_code == 200
    assert words in shown.content.decode()
    assert "（全天计时）" in shown.content.decode()
    assert Petition.objects.get(pk=petition.pk).is_answer_owed
    sent = data | {"step": "send", "counted_from": shown.context["form"]["counted_from"].value()}
    with time_machine.travel(start + dt.timedelta(minutes=7), tick=False):
        assert community.post(url, sent).status_code == 302
    assert Petition.objects.get(pk=petition.pk).due_at == due
    timeline = community.get(petition.get_absolute_url()).content.decode()
    assert re.search(rf"办结时限由[^<]*改到{words}。", timeline)
    resident = Client()
    assert f"改到{words}。" in open_case(resident, petition)


@pytest.mark.parametrize("age", [-5, 31])
def test_a_date_that_was_not_just_shown_is_shown_again(stage: Stage, age: int) -> None:
    petition = escalated(stage)
    shown_at = timezone.now() - dt.timedelta(minutes=age)
    response = _extend(stage, petition, step="send", counted_from=shown_at.isoformat())
    assert response.status_code == 200
    assert response.context["preview"]["was_due_at"]
    assert Petition.objects.get(pk=petition.pk).is_answer_owed


def test_an_answer_sets_a_date_when_none_runs_any_more(stage: Stage) -> None:
    start = dt.datetime(2026, 3, 3, 11, tzinfo=timezone.get_default_timezone())
    petition = stage.at(Status.IN_PROGRESS, now=start)
    row = Deadline.objects.open().get(petition=petition, kind=DeadlineKind.RESOLUTION)
    now = row.due_at
    assert deadline_sweep.expire(deadline_id=row.pk, now=now)
    petition = escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=now,
        kind=AnswerKind.EXPLAIN,
        text="管道要整体更换。",
    )
    running = Deadline.objects.open().get(petition=petition)
    assert (running.kind, running.organisation) == ("resolution", stage.town.orgs["branch"])
    assert running.due_at > now
    case = Petition.objects.with_parts().get(pk=petition.pk)
    said = promises.promise(case, now, Deadline.objects.owed().filter(petition=case))
    assert "原定时限已过" in said.text
    assert durations.absolute(running.due_at, now) in said.text
    assert "正在抓紧办理" not in said.text
    assert Petition.objects.overdue(now).filter(pk=petition.pk).exists()
