"""Programs file reports: once for each key, whatever is repeated, and the first answer again."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
from django.db import connection
from PIL import Image
from rest_framework import serializers

from config.lib.db import tree_paths
from petitions.api.serializers.cases import BodySerializer, SubmittedSerializer
from petitions.enums import Status
from petitions.models import IdempotencyKey, Petition, Photo
from petitions.rules import contacts, tracking_codes
from petitions.workflow import handling, idempotency
from tests.support.api_client import PROBLEM, Program, statements, upload, watching
from tests.support.cast import PHONE, Stage
from tests.support.clients import login

PATH = "/petitions/"
FILING_QUERIES = 6


def report(stage: Stage, **changes: Any) -> dict[str, Any]:
    given = {
        "place": stage.town.building.pk,
        "category": "WS01",
        "text": "自来水发浑，放一会儿还是黄的。",
        "contact": {"name": "示例居民", "phone": PHONE, "confidential": True},
    } | changes
    return {name: value for name, value in given.items() if value is not None}


def filed(program: Program, body: Any, key: str = "") -> Any:
    return program.post(PATH, body, Idempotency_Key=key or str(uuid.uuid4()))


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "blue").save(out, "JPEG")
    return out.getvalue()


def test_a_report_is_filed(stage: Stage) -> None:
    program = Program(stage.cast["partner"])
    filed(program, report(stage))
    with watching() as caught:
        answer = filed(program, report(stage))
    assert answer.status_code == 201, answer.content.decode()
    body = answer.json()
    petition = Petition.objects.get(pk=body["id"])
    assert body["number"] == petition.number
    assert body["tracking_code"] == tracking_codes.code_for(petition.uuid)
    assert body["organisation"] == {"id": stage.town.orgs["branch"].pk, "name": "第三网格党支部"}
    assert body["route"] == petition.route_text
    assert body["due_at"]
    assert (body["status"], body["version"]) == ("submitted", 1)
    assert answer.headers["Location"].endswith(f"/api/v1/petitions/{petition.pk}/")
    assert answer.headers["ETag"] == '"v1"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert (petition.channel, petition.urgency) == ("api", "urgent")
    assert petition.notice_version == "2026-01"
    assert petition.filed_by == stage.cast["partner"]
    assert petition.contact.is_confidential
    sealed = petition.contact
    assert contacts.decrypt(petition.uuid, bytes(sealed.cipher), sealed.key_id).phone == PHONE
    assert len(statements(caught)) <= FILING_QUERIES, "\n".join(statements(caught))


def test_a_place_is_named_by_its_codes(stage: Stage) -> None:
    program = Program(stage.cast["partner"])
    for code, place in (("652302002004", "yingbin"), ("qrcodeb46", "b46")):
        answer = filed(program, report(stage, place=None, place_code=code))
        assert answer.status_code == 201, answer.content.decode()
        found = Petition.objects.get(pk=answer.json()["id"])
        assert found.place == stage.town.areas[place]


def test_what_else_can_be_said(stage: Stage) -> None:
    body = report(
        stage,
        contact=None,
        since="三天了",
        urgency="normal",
        about=stage.town.orgs["branch"].pk,
        external_number="12345-0001",
        regime="hotline_12345",
        language="en",
    )
    answer = filed(Program(stage.cast["official"]), body)
    assert answer.status_code == 201, answer.content.decode()
    petition = Petition.objects.get(pk=answer.json()["id"])
    assert petition.organisation == stage.town.orgs["yingbin"]
    assert petition.about_organisation == stage.town.orgs["branch"]
    assert (petition.urgency, petition.since, petition.language) == ("normal", "三天了", "en")
    assert (petition.regime, petition.external_number) == ("hotline_12345", "12345-0001")
    assert not hasattr(petition, "contact")


# --- Once -------------------------------------------------------------------------------------


def test_a_repeat_is_answered_the_same_to_the_byte(stage: Stage) -> None:
    program, key = Program(stage.cast["partner"]), str(uuid.uuid4())
    first = filed(program, report(stage), key)
    petition = Petition.objects.get(pk=first.json()["id"])
    stage.at(Status.SUBMITTED)
    handling.accept(petition=petition, by=stage.cast["secretary"], now=petition.created_at)
    again = filed(program, report(stage), key)
    assert again.status_code == first.status_code == 201
    assert again.content == first.content
    for header in ("ETag", "Location", "Cache-Control", "Content-Type"):
        assert again.headers[header] == first.headers[header]
    assert Petition.objects.count() == 2


@pytest.mark.parametrize("how", ["about", "accusation", "usual"])
def test_the_code_of_a_restricted_case_stands_in_the_first_answer_only(
    stage: Stage, how: str
) -> None:
    changes: dict[str, dict[str, Any]] = {
        "about": {"about": stage.town.orgs["branch"].pk},
        "accusation": {"category": "GV04"},
        "usual": {},
    }
    program, key = Program(stage.cast["clerk"]), str(uuid.uuid4())
    body = report(stage, **changes[how])
    answers = [filed(program, body, key).json() for _time in range(3)]
    codes = [answer["tracking_code"] for answer in answers]
    slip = login(stage, "clerk").get(f"/petitions/{answers[0]['id']}/slip/").content.decode()
    assert (tracking_codes.shown(codes[0]) in slip) == (how == "usual")
    assert codes[0]
    assert codes[1:] == ([codes[0]] * 2 if how == "usual" else ["", ""])


def test_the_order_of_fields_does_not_matter(stage: Stage) -> None:
    program, key = Program(stage.cast["partner"]), str(uuid.uuid4())
    body = report(stage)
    first = filed(program, body, key)
    again = filed(program, dict(reversed(body.items())), key)
    assert again.content == first.content


def test_a_repeat_after_the_place_closed_is_still_answered(stage: Stage) -> None:
    program, key = Program(stage.cast["partner"]), str(uuid.uuid4())
    first = filed(program, report(stage), key)
    stage.cast["partner"].posts.update(area=stage.town.areas["daqiao"])
    assert filed(program, report(stage), key).content == first.content


def test_the_answer_is_as_described(stage: Stage) -> None:
    """It is written out by hand; the serializer that describes it would say the same."""
    answer = filed(Program(stage.cast["partner"]), report(stage))
    described = SubmittedSerializer(answer.json() | {"due_at": None}).data
    petition = Petition.objects.get(pk=answer.json()["id"])
    at = serializers.DateTimeField().to_representation
    assert list(answer.json()) == list(described)
    assert answer.json()["created_at"] == at(petition.created_at)
    assert answer.json()["due_at"] == at(petition.due_at)
    assert answer.json()["organisation"] == BodySerializer(petition.organisation).data


def test_a_twin_that_was_not_seen_is_still_running(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked before either had written: the table lets one of them through."""
    program, key = Program(stage.cast["partner"]), str(uuid.uuid4())
    filed(program, report(stage), key)
    monkeypatch.setattr(
        idempotency, "lock_and_draw", lambda _key: tree_paths.draw_ids(Petition, 1)[0]
    )
    answer = filed(program, report(stage), key)
    assert (answer.status_code, answer.json()["code"]) == (409, "still_running")
    assert Petition.objects.count() == 1


def test_a_key_that_has_its_answer_is_answered_whoever_else_asks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two repeats at once: neither is told to wait, and a changed body is refused as ever."""
    program, key = Program(stage.cast["partner"]), str(uuid.uuid4())
    first = filed(program, report(stage), key)
    honest = idempotency._LOCK_AND_DRAW.rows

    def held_by_another(*key: str) -> list[tuple[Any, ...]]:
        return [(False, *rest) for _is_free, *rest in honest(*key)]

    monkeypatch.setattr(idempotency._LOCK_AND_DRAW, "rows", held_by_another)
    again = filed(program, report(stage), key)
    changed = filed(program, report(stage, text="别的事"), key)
    assert (again.status_code, again.content) == (201, first.content)
    assert (changed.status_code, changed.json()["code"]) == (422, "key_reused")


def test_a_repeat_draws_no_number(stage: Stage) -> None:
    """Case numbers have no gaps where somebody merely asked again."""
    program, key = Program(stage.cast["partner"]), str(uuid.uuid4())
    first = filed(program, report(stage), key).json()["id"]
    for _again in range(3):
        filed(program, report(stage), key)
    assert filed(program, report(stage)).json()["id"] == first + 1


def test_the_tracking_code_is_not_kept(stage: Stage) -> None:
    program, key = Program(stage.cast["partner"]), str(uuid.uuid4())
    code = filed(program, report(stage), key).json()["tracking_code"]
    row = IdempotencyKey.objects.get(key=key)
    assert code not in json.dumps(row.body)
    assert PHONE not in json.dumps(row.body)
    assert row.client == f"user:{stage.cast['partner'].pk}"


def test_another_body_with_the_same_key_is_refused(stage: Stage) -> None:
    program, key = Program(stage.cast["partner"]), str(uuid.uuid4())
    filed(program, report(stage), key)
    for changed in (report(stage, text="别的事"), report(stage, text=5), {}, []):
        answer = filed(program, changed, key)
        assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert Petition.objects.count() == 1


def test_two_clients_may_choose_the_same_key(stage: Stage) -> None:
    key = str(uuid.uuid4())
    one = filed(Program(stage.cast["partner"]), report(stage), key)
    other = filed(Program(stage.cast["clerk"]), report(stage), key)
    assert one.json()["id"] != other.json()["id"]


def test_a_refused_report_does_not_use_up_the_key(stage: Stage) -> None:
    program, key = Program(stage.cast["partner"]), str(uuid.uuid4())
    assert filed(program, report(stage, category="nope"), key).status_code == 400
    assert filed(program, report(stage), key).status_code == 201


def test_a_twin_that_is_still_running_is_told_so(stage: Stage) -> None:
    program, key = Program(stage.cast["partner"]), str(uuid.uuid4())
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            name = f"user:{stage.cast['partner'].pk}\n{key}"
            cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
            answer = filed(program, report(stage), key)
    finally:
        other.close()
    assert (answer.status_code, answer.json()["code"]) == (409, "still_running")
    assert answer.headers["Retry-After"] == "1"
    assert Petition.objects.count() == 0


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 81, "with space in it", "é" * 10, "a\x7fbcdefgh"]
)
def test_a_key_must_be_given(stage: Stage, key: str) -> None:
    program = Program(stage.cast["partner"])
    headers = {"Idempotency_Key": key} if key else {}
    answer = program.post(PATH, report(stage), **headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


# --- Photos -----------------------------------------------------------------------------------


def test_photos_come_as_a_form(stage: Stage, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    program, key = Program(stage.cast["partner"]), str(uuid.uuid4())

    def send(files: list[bytes]) -> Any:
        form = {"report": json.dumps(report(stage)), "photos": [upload(one) for one in files]}
        return program.send(PATH, form, Idempotency_Key=key)

    first = send([picture(), picture()])
    assert first.status_code == 201, first.content.decode()
    assert Photo.objects.filter(petition=first.json()["id"]).count() == 2
    assert send([picture(), picture()]).content == first.content
    assert send([picture()]).status_code == 422
    assert Photo.objects.count() == 2


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "report"),
        ({"report": "{"}, ""),
        ({"report": "NaN"}, ""),
        ({"report": "[" * 100_000}, ""),
        ({"report": "[]"}, "report.non_field_errors"),
        ({"report": "{}"}, "report.category"),
        ({"report": "REPORT", "photos": ["words"]}, "photos.0"),
        ({"report": "REPORT", "photos": ["FILE"] * 7}, "photos"),
        ({"report": "REPORT", "photos": ["BAD"]}, "photos.0"),
        ({"report": "REPORT", "secret": "1"}, "secret"),
        ({"report": "FILE"}, "report.non_field_errors"),
    ],
)
def test_a_malformed_form_says_where(stage: Stage, form: dict[str, Any], field: str) -> None:
    def made(value: Any) -> Any:
        if isinstance(value, list):
            return [made(one) for one in value]
        if value == "REPORT":
            return json.dumps(report(stage))
        files = {"FILE": picture(), "BAD": b"no photo"}
        return upload(files[value]) if value in files else value

    program = Program(stage.cast["partner"])
    sent = {name: made(value) for name, value in form.items()}
    answer = program.send(PATH, sent, Idempotency_Key=str(uuid.uuid4()))
    assert answer.status_code == 400, answer.content.decode()
    assert answer.headers["Content-Type"] == PROBLEM
    fields = [one["field"] for one in answer.json().get("errors", [])]
    assert field in fields or not field
    assert Petition.objects.count() == 0


# --- Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"place": None}, "place"),
        ({"place_code": "652302002004"}, "place"),
        ({"place": "1"}, "place"),
        ({"place": 1.5}, "place"),
        ({"place": True}, "place"),
        ({"place": 2**80}, "place"),
        ({"place": 0}, "place"),
        ({"place": None, "place_code": "nope"}, "place_code"),
        ({"place": None, "place_code": ""}, "place_code"),
        ({"category": "WS"}, "category"),
        ({"category": 5}, "category"),
        ({"text": ""}, "text"),
        ({"text": "   "}, "text"),
        ({"text": "字" * 2001}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"urgency": "panic"}, "urgency"),
        ({"regime": ""}, "regime"),
        ({"contact": []}, "contact.non_field_errors"),
        ({"contact": {"phone": "no phone"}}, "contact.phone"),
        ({"contact": {"id_number": "1"}}, "contact.id_number"),
        ({"contact": {"confidential": "no"}}, "contact.confidential"),
        ({"about": 999_999}, "about"),
        ({"status": "closed"}, "status"),
        ({"channel": "web"}, "channel"),
    ],
)
def test_a_malformed_report_says_where(stage: Stage, changes: dict[str, Any], field: str) -> None:
    answer = filed(Program(stage.cast["partner"]), report(stage, **changes))
    assert answer.status_code == 400, answer.content.decode()
    assert field in [one["field"] for one in answer.json()["errors"]]
    assert Petition.objects.count() == 0


def test_a_place_out_of_scope_does_not_exist(stage: Stage) -> None:
    program = Program(stage.cast["secretary"])
    hidden = filed(program, report(stage, place=stage.town.areas["b1"].pk)).json()
    absent = filed(program, report(stage, place=999_999)).json()
    assert hidden["errors"] == absent["errors"]
    assert hidden["errors"][0]["code"] == "does_not_exist"
    by_code = filed(program, report(stage, place=None, place_code="qrcodeb1")).json()
    assert by_code["errors"][0]["code"] == "does_not_exist"


def test_an_organisation_that_does_not_answer_here_is_not_found(stage: Stage) -> None:
    answer = filed(
        Program(stage.cast["official"]), report(stage, about=stage.town.orgs["other"].pk)
    )
    assert answer.json()["errors"][0]["code"] == "does_not_exist"


@pytest.mark.parametrize(("name", "status"), [("member", 403), ("auditor", 403), (None, 401)])
def test_who_may_not_file(stage: Stage, name: str | None, status: int) -> None:
    program = Program(stage.cast[name] if name else None)
    answer = filed(program, report(stage))
    assert answer.status_code == status
    assert Petition.objects.count() == 0


def test_a_stored_answer_with_fewer_fields_is_answered(stage: Stage) -> None:
    """The fingerprint of a report stays the same in each release, the fields may not."""
    program, body = Program(stage.cast["partner"]), report(stage)
    first = filed(program, body, "retry-0001").json()
    row = IdempotencyKey.objects.get(key="retry-0001")
    content = json.dumps(body, sort_keys=True)
    assert row.request_hash == idempotency.keyed_hash(content)
    del row.body["route"]
    row.save()
    again = filed(program, body, "retry-0001")
    assert again.status_code == 201
    assert again.json() == {name: first[name] for name in first if name != "route"}
