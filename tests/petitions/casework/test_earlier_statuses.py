"""Cases that an earlier release suspended or merged: shown, kept and checked, but never made."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from petitions import permissions
from petitions.actors import SYSTEM
from petitions.enums import PLANNED_VERBS, Actor, Status, Verb
from petitions.models import Contact, Event, Petition
from petitions.notices import outbox
from petitions.ops import integrity
from petitions.rules import contact_retention
from petitions.workflow import contact
from petitions.workflow.handling import note
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.tracking_client import code_of, enter_code

NOW = timezone.now()
HISTORIES = {
    "suspended": ((Verb.SUSPEND, Status.SUSPENDED),),
    "resumed": ((Verb.SUSPEND, Status.SUSPENDED), (Verb.RESUME, Status.IN_PROGRESS)),
    "merged": ((Verb.MERGE, Status.MERGED),),
}

every_history = pytest.mark.parametrize("history", HISTORIES)


def _case(stage: Stage, history: str, at: dt.datetime = NOW) -> Petition:
    """Return a case with the events of a history, written as the earlier release did."""
    petition = stage.at(Status.IN_PROGRESS)
    into = stage.at(Status.ACCEPTED)
    for verb, status in HISTORIES[history]:
        before = petition.status
        is_merged = status == Status.MERGED
        if is_merged:
            petition.deadlines.filter(settled_at=None).update(
                settled_at=at, state="cancelled", ended_at=at
            )
        Petition.objects.filter(pk=petition.pk).update(
            status=status,
            version=F("version") + 1,
            merged_into=into if is_merged else None,
            **({"due_at": None, "soon_at": None} if is_merged else {}),
        )
        petition.refresh_from_db()
        event = Event(
            petition=petition,
            version=petition.version,
            verb=verb,
            actor=Actor.SUPERVISOR,
            from_status=before,
            to_status=status,
            organisation_id=petition.organisation_id,
            holder_id=petition.holder_id,
            supervisor_id=petition.supervisor_id,
            level=petition.level,
            at=at,
            data={},
        )
        event.sign()
        event.save()
    return petition


@every_history
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_show_the_case(stage: Stage, history: str, language: str) -> None:
    petition = _case(stage, history)
    client = login(stage, "secretary")
    client.cookies["django_language"] = language
    page = petition.get_absolute_url()
    lists = (reverse("petitions:home"), f"{reverse('petitions:list')}?state=all")
    for url in (page, f"{page}print/", *lists):
        assert client.get(url).status_code == 200, url
    state = "closed" if history == "merged" else "open"
    listed = client.get(reverse("petitions:list"), {"state": state}).content.decode()
    assert petition.number in listed


@every_history
def test_the_resident_sees_the_case(stage: Stage, history: str) -> None:
    petition = _case(stage, history)
    client = Client()
    enter_code(client, code_of(petition))
    page = client.get("/track/case/")
    assert page.status_code == 200
    texts = {
        "suspended": "暂时挂账，恢复后继续办理",
        "resumed": "恢复办理",
        "merged": "已与同一件事并案办理。",
    }
    assert texts[history] in page.content.decode()


@every_history
def test_the_api_answers_the_case(stage: Stage, history: str) -> None:
    petition = _case(stage, history)
    program = Program(stage.cast["secretary"])
    answer = program.get(f"/petitions/{petition.pk}/")
    assert answer.status_code == 200
    assert answer.json()["status"] == petition.status
    assert not PLANNED_VERBS & set(answer.json()["verbs"])
    events = program.get(f"/events/?petition={petition.pk}").json()["results"]
    assert HISTORIES[history][-1][0] in {event["verb"] for event in events}


@every_history
def test_the_history_is_legal(stage: Stage, history: str) -> None:
    petition = _case(stage, history)
    outbox.publish(list(petition.events.values_list("pk", flat=True)))
    assert integrity.replay(petition) == integrity.ReplayedState.from_row(petition)
    assert integrity.replay_all() == []
    wrong = {name: count for name, count in integrity.check(with_photos=False).items() if count}
    assert wrong == {}


@every_history
def test_nobody_may_suspend_resume_or_merge(stage: Stage, history: str) -> None:
    petition = _case(stage, history)
    petition.supervisor = stage.town.orgs["fuxin"]
    everybody = (*stage.cast.values(), SYSTEM, stage.petitioner(petition))
    for by in everybody:
        assert not PLANNED_VERBS & set(permissions.allowed_verbs(petition, by))
        assert not any(permissions.may(verb, petition, by) for verb in PLANNED_VERBS)


@pytest.mark.parametrize(("history", "is_kept"), [("suspended", True), ("merged", False)])
def test_contact_of_a_merged_case_expires(stage: Stage, history: str, is_kept: bool) -> None:
    petition = _case(stage, history)
    contact.delete_expired(now=NOW + contact_retention.RETENTION + dt.timedelta(days=1))
    assert Contact.objects.filter(petition=petition).exists() == is_kept


def test_a_suspended_case_takes_notes(stage: Stage) -> None:
    petition = _case(stage, "suspended")
    note(petition=petition, by=stage.cast["secretary"], now=NOW, body="等待维修基金批复。")
    petition.refresh_from_db()
    assert petition.status == Status.SUSPENDED
    assert integrity.replay(petition).status == Status.SUSPENDED
