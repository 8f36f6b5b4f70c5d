"""Reasons, notes and ratings are not altered unnoticed, although their rows can be changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from petitions.enums import Status
from petitions.models import Event, Feedback, Note, Petition
from petitions.ops import integrity
from petitions.workflow import contact, handling, resolution
from tests.support.api_client import Program
from tests.support.cast import Stage

NOW = timezone.now()


@pytest.fixture
def petition(stage: Stage) -> Petition:
    """A closed case with a note, an opened contact and a rating that was given later."""
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    handling.note(petition=petition, by=stage.cast["secretary"], now=NOW, body="已约好上门")
    contact.reveal(petition=petition, by=stage.cast["clerk"], now=NOW, reason="约上门时间")
    petition = resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=NOW,
        outcome="resolved",
        cause="老旧铁管",
        public_answer="已更换。",
    )
    by = stage.petitioner(petition)
    petition = resolution.confirm(petition=petition, by=by, now=NOW)
    return resolution.rate(petition=petition, by=by, now=NOW, rating=2)


def _altered() -> dict[str, int]:
    counts = integrity.check(with_photos=False)
    return {name: counts[name] for name in ("note_altered", "feedback_altered")}


def test_what_was_written_is_as_it_was_written(petition: Petition) -> None:
    assert Event.objects.filter(petition=petition, data__has_key="note_digest").count() == 3
    assert _altered() == {"note_altered": 0, "feedback_altered": 0}


@pytest.mark.parametrize(
    ("tamper", "name"),
    [
        (lambda: Note.objects.filter(body="约上门时间").update(body="别的理由"), "note_altered"),
        (lambda: Note.objects.filter(body="已约好上门").update(is_public=True), "note_altered"),
        (lambda: Note.objects.filter(body="约上门时间").delete(), "note_altered"),
        (lambda: Note.objects.filter(cause="老旧铁管").update(cause="人为"), "note_altered"),
        (lambda: Feedback.objects.update(rating=5), "feedback_altered"),
        (lambda: Feedback.objects.update(solved="no"), "feedback_altered"),
        (lambda: Feedback.objects.all().delete(), "feedback_altered"),
    ],
)
def test_an_altered_row_is_noticed(
    petition: Petition, tamper: Callable[[], object], name: str
) -> None:
    assert petition.pk
    tamper()
    assert _altered() == {"note_altered": 0, "feedback_altered": 0} | {name: 1}


def test_other_systems_do_not_read_the_digests(stage: Stage, petition: Petition) -> None:
    answer = Program(stage.cast["clerk"]).get("/events/")
    assert "_digest" not in answer.content.decode()
    assert str(petition.pk) in answer.content.decode()
