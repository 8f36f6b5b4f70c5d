"""What programs send with a verb: what is malformed says where, what is hidden does not exist."""

from __future__ import annotations

from typing import Any

import pytest

from petitions.enums import Status, Verb
from petitions.models import Petition
from tests.support.api_client import PROBLEM, Program, unnumbered
from tests.support.cast import Stage

S = Status
RESOLVE = {"outcome": "resolved", "cause": "老旧铁管", "public_answer": "已更换。"}
REASON = {"reason": "说明"}

BAD: list[tuple[Verb, Status, str, Any, str]] = [
    (Verb.ACCEPT, S.SUBMITTED, "secretary", {"status": "closed"}, "status"),
    (Verb.ACCEPT, S.SUBMITTED, "secretary", [], ""),
    (Verb.ACCEPT, S.SUBMITTED, "secretary", "words", ""),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": 5}, "body"),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": "a\x00b"}, "body"),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": "\ud800"}, "body"),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": "字" * 2001}, "body"),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": "x", "is_public": "yes"}, "is_public"),
    (Verb.NOTE, S.ACCEPTED, "secretary", {"body": None}, "body"),
    (Verb.RESOLVE, S.IN_PROGRESS, "secretary", RESOLVE | {"outcome": "magic"}, "outcome"),
    (Verb.RESOLVE, S.IN_PROGRESS, "secretary", RESOLVE | {"cause": "字" * 201}, "cause"),
    (Verb.CONFIRM, S.RESOLVED, "clerk", {"rating": 6}, "rating"),
    (Verb.CONFIRM, S.RESOLVED, "clerk", {"rating": True}, "rating"),
    (Verb.CONFIRM, S.RESOLVED, "clerk", {"rating": "4"}, "rating"),
    (Verb.DISPATCH, S.ACCEPTED, "secretary", {"group": 2**70}, "group"),
    (Verb.DISPATCH, S.ACCEPTED, "secretary", {"group": 999_999}, "group"),
    (Verb.DISPATCH, S.ACCEPTED, "secretary", {"users": [999_999]}, "users"),
    (Verb.DISPATCH, S.ACCEPTED, "secretary", {"users": ["1"]}, "users.0"),
    (Verb.REASSIGN, S.RETURNED, "clerk", REASON | {"organisation": 999_999}, "organisation"),
    (Verb.REASSIGN, S.RETURNED, "clerk", REASON, "organisation"),
]


@pytest.mark.parametrize(("verb", "start", "name", "body", "field"), BAD)
def test_a_malformed_body_says_where(
    stage: Stage, verb: Verb, start: Status, name: str, body: Any, field: str
) -> None:
    petition = stage.at(start)
    answer = Program(stage.cast[name]).act(petition.pk, verb, body, petition.version)
    assert answer.status_code == 400, answer.content.decode()
    found = [one["field"] for one in answer.json().get("errors", [])]
    assert field in found or (not field and answer.json()["code"] == "bad_request")
    assert Petition.objects.get(pk=petition.pk).version == petition.version


def test_related_rows_out_of_scope_do_not_exist(stage: Stage) -> None:
    """A row hidden from the caller and one that is not there are told apart by nothing."""
    orgs, areas, cast = stage.town.orgs, stage.town.areas, stage.cast
    accepted, returned = stage.at(S.ACCEPTED), stage.at(S.RETURNED)
    door = [{"entrance": 1, "floor": 2, "door": 1, "result": "affected"}]
    tries: list[tuple[str, Petition, Verb, dict[str, Any], str, int]] = [
        ("secretary", accepted, Verb.DISPATCH, {}, "group", orgs["other"].pk),
        ("secretary", accepted, Verb.VISIT, {"doors": door}, "building", areas["b1"].pk),
        ("secretary", accepted, Verb.VISIT, {"doors": door}, "building", areas["g7"].pk),
        ("clerk", returned, Verb.REASSIGN, REASON, "organisation", orgs["other"].pk),
        ("clerk", returned, Verb.REASSIGN, REASON, "organisation", orgs["group"].pk),
        ("secretary", stage.at(S.SUBMITTED), Verb.RETURN, REASON, "proposed", orgs["other"].pk),
    ]
    for name, petition, verb, body, field, pk in tries:
        program = Program(cast[name])
        hidden = program.act(petition.pk, verb, body | {field: pk}, petition.version)
        absent = program.act(petition.pk, verb, body | {field: 999_999}, petition.version)
        assert hidden.status_code == absent.status_code == 400, (verb, field)
        assert unnumbered(hidden).content == unnumbered(absent).content
        assert hidden.json()["errors"][0]["code"] == "does_not_exist"


def test_people_are_named_from_the_own_organisation_only(stage: Stage) -> None:
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["secretary"])
    for name, status in (("outsider", 400), ("member", 200)):
        body = {"users": [stage.cast[name].pk]}
        assert program.act(petition.pk, "dispatch", body, petition.version).status_code == status
    assert program.act(petition.pk, "dispatch", {}, petition.version + 1).status_code == 409


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"body": NaN}', "application/json", 400),
        (b'"\xff"', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"body": "x"}', "application/json; charset=utf-16", 200),
        (b'{"body": "x"}', "application/json; charset=rot13", 200),
        (b"body=x", "application/x-www-form-urlencoded", 415),
        (b"<x/>", "text/xml", 415),
        (b'{"body": "x"}', "nonsense", 415),
        (b'{"body": "' + b"x" * 1_100_000 + b'"}', "application/json", 413),
    ],
)
def test_what_cannot_be_read(stage: Stage, raw: bytes, kind: str, status: int) -> None:
    petition = stage.at(S.ACCEPTED)
    program = Program(stage.cast["secretary"])
    answer = program.client.generic(
        "POST", f"/api/v1/petitions/{petition.pk}/note/", raw, kind, headers=program.headers
    )
    assert answer.status_code == status, answer.content[:300]
    assert answer.headers["Content-Type"] == (PROBLEM if status != 200 else "application/json")
