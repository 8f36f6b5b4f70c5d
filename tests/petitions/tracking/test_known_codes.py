"""A code that staff know does not speak for the resident, wherever these staff are today."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from members.enums import Role
from members.models import Post, User
from petitions.enums import Outcome
from petitions.models import Contact, Petition
from petitions.workflow import handling, resolution, transitions
from tests.support.cast import Stage
from tests.support.tracking_client import open_case

NOW = timezone.now()


@pytest.mark.parametrize("how", ["post ended", "locked", "moved"])
@pytest.mark.parametrize("filer", ["secretary", "leader"])
def test_who_logged_it_for_the_handlers_does_not_speak_after_leaving(
    stage: Stage, how: str, filer: str
) -> None:
    petition = stage.file(by=filer, now=NOW).petition
    resident = stage.petitioner(petition)
    petition = handling.accept(petition=petition, by=stage.cast["deputy"], now=NOW)
    petition = resolution.resolve(
        petition=petition,
        by=stage.cast["deputy"],
        now=NOW,
        outcome=Outcome.RESOLVED,
        cause="-",
        public_answer="已修好。",
    )
    user = stage.cast[filer]
    if how == "post ended":
        Post.objects.filter(user=user).delete()
    elif how == "locked":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        Post.objects.filter(user=user).update(
            role=Role.MEMBER, organisation=stage.town.orgs["other"]
        )
    for act in (resolution.confirm, resolution.withdraw):
        with pytest.raises(transitions.WrongState) as refusal:
            act(petition=Petition.objects.get(pk=petition.pk), by=resident, now=NOW)
        assert refusal.value.code == "code_known"
    client, before = Client(), bytes(Contact.objects.get(petition=petition).cipher)
    page = open_case(client, petition)
    assert "没有参与办理" in page
    for path in ("confirm", "rate", "withdraw", "contact"):
        assert f'action="/track/{path}/"' not in page
    assert client.post("/track/contact/", {"phone": "19000009999"}).status_code == 409
    assert bytes(Contact.objects.get(petition=petition).cipher) == before
