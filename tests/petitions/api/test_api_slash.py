"""API addresses without their last slash do what the address with it does, never something else."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from petitions.enums import Status
from petitions.models import Petition
from tests.support import route_list
from tests.support.api_client import Program
from tests.support.cast import Stage


def test_report_is_filed_without_the_slash(stage: Stage) -> None:
    body = {"place": stage.town.building.pk, "category": "WS01", "text": "水浑"}
    program = Program(stage.cast["partner"])
    answer = program.post("/petitions", body, Idempotency_Key=str(uuid.uuid4()))
    assert answer.status_code == 201
    assert answer["Location"] == f"/api/v1/petitions/{Petition.objects.get().pk}/"


def test_verb_is_performed_without_the_slash(stage: Stage) -> None:
    petition = stage.at(Status.SUBMITTED)
    program = Program(stage.cast["secretary"])
    answer = program.post(f"/petitions/{petition.pk}/note", {"body": "看过了"})
    assert answer.status_code == 200
    assert petition.events.count() == 2


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_every_api_route_answers_alike_with_and_without_the_slash(
    stage: Stage, method: str
) -> None:
    routes = [route for route in route_list.routes() if route.name.startswith("api:")]
    program = Program(stage.cast["auditor"])  # sees no case: nothing is done
    assert len(routes) > 20
    for route in routes:
        address = reverse(route.name, kwargs=dict.fromkeys(route.parameters, 1))
        call = getattr(program.client, method)
        answers = [call(path, headers=program.headers) for path in (address, address.rstrip("/"))]
        assert answers[0].status_code == answers[1].status_code, (method, address)
        assert answers[1].status_code not in (301, 302), address


def test_page_without_the_slash_is_redirected_with_its_method(db: None, client: Client) -> None:
    assert client.post("/track", {"code": "x"}).status_code == 308
    assert client.get("/track").status_code == 301


def test_redirect_to_https_keeps_the_method(db: None, client: Client, settings: object) -> None:
    settings.SECURE_SSL_REDIRECT = True  # type: ignore[attr-defined]
    answer = Client().post("/api/v1/petitions/", "{}", content_type="application/json")
    assert answer.status_code == 308
