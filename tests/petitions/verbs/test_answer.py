from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from petitions.enums import Verb
from petitions.models import Petition
from tests.support.cast import Stage
from tests.support.verb_cases import escalated, post


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
