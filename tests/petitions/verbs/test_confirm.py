from __future__ import annotations

from petitions.enums import Status, Verb
from tests.support.cast import Stage
from tests.support.verb_cases import perform, post


def test_the_rating_is_stored_as_given_by_phone(stage: Stage) -> None:
    feedback = perform(stage, Verb.CONFIRM).feedback.get()
    assert (feedback.solved, feedback.rating, feedback.is_by_phone) == ("yes", 4, True)


def test_a_rating_is_not_required(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    response = post(stage, petition, Verb.CONFIRM, {"version": petition.version})
    assert response.status_code == 302
