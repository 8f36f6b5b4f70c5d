"""A department writes to the resident only while it has an active task in the case."""

from __future__ import annotations

import pytest

from petitions.enums import PhotoKind
from petitions.models import Note, Petition
from petitions.workflow import handling, task_verbs
from petitions.workflow.transitions import WrongState
from tests.support import task_steps
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.returned_cases import NOON
from tests.support.verb_cases import latest_event

WORDS = "没有任务了"


def _cancelled(stage: Stage) -> Petition:
    petition = task_steps.ordered(stage, now=NOON)
    return task_verbs.cancel(
        petition=petition, by=stage.cast["community"], now=NOON, reason="派错了"
    )


def test_with_an_active_task_the_resident_reads_it(stage: Stage) -> None:
    petition = task_steps.ordered(stage, now=NOON)
    by = stage.cast["department"]
    handling.note(petition=petition, by=by, now=NOON, body="明天来修", is_public=True)
    event = latest_event(petition)
    assert (event.actor, event.acting_for) == ("department", stage.town.orgs["water"])
    page = login(stage, "department").get(f"/petitions/{petition.pk}/note/").content.decode()
    assert 'name="is_public"' in page


@pytest.mark.parametrize("make", [_cancelled, task_steps.concluded])
def test_after_the_task_it_is_refused(stage: Stage, make: object) -> None:
    petition = make(stage)  # type: ignore[operator]
    by = stage.cast["department"]
    with pytest.raises(WrongState, match="没有正在办的任务") as refusal:
        handling.note(petition=petition, by=by, now=NOON, body=WORDS, is_public=True)
    assert refusal.value.code == "no_active_task"
    with pytest.raises(WrongState, match="没有正在办的任务"):
        handling.photo(petition=petition, by=by, now=NOON, photos=[], is_public=True)
    assert not Note.objects.filter(petition=petition, body=WORDS).exists()
    assert not petition.photos.filter(kind=PhotoKind.HANDLING, is_public=True).exists()


def test_notes_for_colleagues_stay_possible(stage: Stage) -> None:
    petition = _cancelled(stage)
    handling.note(petition=petition, by=stage.cast["department"], now=NOON, body=WORDS)
    assert Note.objects.filter(petition=petition, body=WORDS, is_public=False).exists()


@pytest.mark.parametrize("verb", ["note", "photo"])
def test_page_does_not_offer_it_and_refuses_it(stage: Stage, verb: str) -> None:
    petition = _cancelled(stage)
    address = f"/petitions/{petition.pk}/{verb}/"
    client = login(stage, "department")
    assert 'name="is_public"' not in client.get(address).content.decode()
    assert 'name="is_public"' in login(stage, "secretary").get(address).content.decode()
    if verb == "note":
        response = client.post(address, {"body": WORDS, "is_public": "on"})
        assert response.status_code == 409
        assert "没有正在办的任务" in response.content.decode()


def test_program_is_told_the_code(stage: Stage) -> None:
    petition = _cancelled(stage)
    answer = Program(stage.cast["department"]).act(
        petition.pk, "note", {"body": WORDS, "is_public": True}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "no_active_task")
