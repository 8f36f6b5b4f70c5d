"""The questions every verb is asked, in the same order; each verb's file gives its own answers."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.urls import reverse
from django.utils import timezone

from members.enums import MessageKind
from petitions.enums import Actor, Status, Verb
from petitions.models import Event, Petition
from petitions.notices import notification_rules
from tests.support.cast import Stage
from tests.support.clients import BUDGET, counted, login

Told = dict[MessageKind, set[str]]


class VerbQuestions:
    """One verb by its page. Subclasses say from where, by whom, with what, and what follows."""

    verb: ClassVar[Verb]
    source: ClassVar[Status]
    target: ClassVar[Status | None] = None
    by: ClassVar[str] = "secretary"
    actor: ClassVar[Actor] = Actor.HANDLER
    wrong: ClassVar[str] = "leader"
    elsewhere: ClassVar[Status] = Status.WITHDRAWN
    sent: ClassVar[dict[str, Any]] = {}
    told: ClassVar[Told] = {}
    queries: ClassVar[int] = BUDGET
    is_at_once: ClassVar[bool] = False

    @pytest.fixture(autouse=True)
    def _demo(self, settings: Any, tmp_path: Any) -> None:
        settings.DEMO = True
        settings.MEDIA_ROOT = tmp_path

    def bring(self, stage: Stage) -> Petition:
        """Return the case on which the verb is to be done."""
        return stage.at(self.source)

    def misplaced(self, stage: Stage) -> Petition:
        """Return a case on which the verb is not open now."""
        return stage.at(self.elsewhere)

    def data(self, stage: Stage, petition: Petition) -> dict[str, Any]:
        """Return what the form sends."""
        return {"version": petition.version} | self.sent

    def url(self, petition: Petition) -> str:
        """Return the verb's address."""
        return reverse(f"petitions:{self.verb}", args=[petition.pk])

    def done(self, stage: Stage) -> tuple[Petition, Any]:
        """Do the verb by its page; return the case afterwards and the answer."""
        petition = self.bring(stage)
        before = petition.version
        answer = login(stage, self.by).post(self.url(petition), self.data(stage, petition))
        petition = Petition.objects.get(pk=petition.pk)
        assert petition.version == before + 1, answer.content.decode()[:4000]
        return petition, answer

    def last(self, petition: Petition) -> Event:
        """Return the newest event of a case."""
        return petition.events.select_related("petition", "organisation").latest("version")

    def test_it_works(self, stage: Stage) -> None:
        petition, answer = self.done(stage)
        assert petition.status == (self.target or self.source)
        assert answer.status_code == 302
        assert answer.url == f"{petition.get_absolute_url()}?done={self.verb}"

    def test_a_look_changes_nothing(self, stage: Stage) -> None:
        petition = self.bring(stage)
        answer = login(stage, self.by).get(self.url(petition))
        assert answer.status_code == (302 if self.is_at_once else 200)
        assert Petition.objects.get(pk=petition.pk).version == petition.version

    def test_to_an_outsider_it_does_not_exist(self, stage: Stage) -> None:
        petition = self.bring(stage)
        client = login(stage, "outsider")
        assert client.post(self.url(petition), self.data(stage, petition)).status_code == 404
        assert client.get(self.url(petition)).status_code == 404

    def test_the_wrong_person_is_refused(self, stage: Stage) -> None:
        petition = self.bring(stage)
        client = login(stage, self.wrong)
        assert client.post(self.url(petition), self.data(stage, petition)).status_code == 403
        assert Petition.objects.get(pk=petition.pk).version == petition.version

    def test_the_wrong_moment_is_a_conflict(self, stage: Stage) -> None:
        petition = self.misplaced(stage)
        answer = login(stage, self.by).post(self.url(petition), self.data(stage, petition))
        assert answer.status_code == 409
        assert Petition.objects.get(pk=petition.pk).version == petition.version

    def test_the_event_is_written(self, stage: Stage) -> None:
        petition, _answer = self.done(stage)
        event = self.last(petition)
        assert (event.verb, event.actor) == (self.verb, self.actor)
        assert event.user == stage.cast[self.by]
        assert (event.to_status, event.version) == (petition.status, petition.version)

    def test_the_right_people_are_told(self, stage: Stage) -> None:
        petition, _answer = self.done(stage)
        names = {user.pk: name for name, user in stage.cast.items()}
        today = notification_rules.RecipientDirectory(timezone.localdate())
        found = notification_rules.recipients(self.last(petition), today)
        told: Told = {}
        for one in found:
            if one.user_ids:
                told.setdefault(one.kind, set()).update(names[pk] for pk in one.user_ids)
        assert told == self.told

    def test_it_asks_little_of_the_database(self, stage: Stage) -> None:
        petition = self.bring(stage)
        client, data = login(stage, self.by), self.data(stage, petition)
        with counted() as asked:
            client.post(self.url(petition), data)
        assert len(asked) <= self.queries, "\n".join(sql[:90] for sql in asked)
