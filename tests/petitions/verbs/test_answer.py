from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from members.enums import MessageKind as K
from petitions import workflow
from petitions.enums import Actor, Status, Verb
from petitions.models import Petition
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.verb_cases import VerbQuestions


class TestAnswer(VerbQuestions):
    verb = Verb.ANSWER
    source = Status.IN_PROGRESS
    by, actor, wrong = "community", Actor.SUPERVISOR, "secretary"
    sent = {"kind": "resources", "text": "已联系资金"}
    told = {K.ANSWERED: {"secretary"}}

    def bring(self, stage: Stage) -> Petition:
        petition = stage.at(self.source)
        return workflow.escalate(
            petition=petition,
            by=stage.cast["secretary"],
            now=timezone.now(),
            reason="需要资金",
        )

    def misplaced(self, stage: Stage) -> Petition:
        petition = self.bring(stage)
        return workflow.answer(
            petition=petition,
            by=stage.cast["community"],
            now=timezone.now(),
            kind="resources",
            text="已答复",
        )

    @pytest.mark.parametrize(
        ("sent", "field"),
        [({"kind": "department"}, "department"), ({"kind": "extend"}, "amount"), ({}, "kind")],
    )
    def test_each_way_asks_for_what_it_needs(
        self, stage: Stage, sent: dict[str, str], field: str
    ) -> None:
        petition = self.bring(stage)
        data = {"version": petition.version, "text": "同意", "unit": "days"} | sent
        answer = login(stage, self.by).post(self.url(petition), data)
        assert answer.status_code == 400
        assert field in answer.context["form"].errors

    def test_a_department_is_ordered(self, stage: Stage) -> None:
        petition = self.bring(stage)
        water = stage.town.orgs["water"]
        data = {"version": petition.version, "text": "请换管", "unit": "days"}
        data |= {"kind": "department", "department": water.pk}
        login(stage, self.by).post(self.url(petition), data)
        assert Petition.objects.get(pk=petition.pk).department == water

    def test_an_extension_counts_by_the_clock_of_the_case(self, stage: Stage) -> None:
        petition = self.bring(stage)
        data = {"version": petition.version, "text": "同意", "kind": "extend"}
        login(stage, self.by).post(self.url(petition), data | {"amount": "2", "unit": "days"})
        due = Petition.objects.get(pk=petition.pk).due_at
        assert due is not None
        assert abs(due - timezone.now() - dt.timedelta(days=2)) < dt.timedelta(minutes=5)
