from __future__ import annotations

from petitions.enums import Actor, Status, Verb
from petitions.models import Petition
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.verb_cases import latest_event, url_of


def test_the_assigned_group_starts_too(stage: Stage) -> None:
    petition = stage.at(Status.ASSIGNED)
    data = {"version": petition.version}
    login(stage, "leader").post(url_of(petition, Verb.START), data)
    assert Petition.objects.get(pk=petition.pk).status == Status.IN_PROGRESS
    assert latest_event(petition).actor == Actor.ASSIGNEE
