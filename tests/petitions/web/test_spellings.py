"""Every accepted spelling of a value equals its plain one in every field and at every door.

`MATRIX=full` generates 3,000 spellings for each kind of field, more than 10,000 in all.
"""

from __future__ import annotations

import io
import json
import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError as ApiError

from config.lib.form_fields import FreeTextField, LineField
from config.lib.rest.strict_serializers import StrictFreeTextField, StrictLineField
from grids.models import PlaceQr
from members.models import User
from petitions.intake import drafts
from petitions.models import Category, Petition
from petitions.rules import contacts, tracking_codes
from petitions.rules.contacts import ContactDetails
from tests.support import spellings
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.report_client import Resident
from tests.support.spellings import GENERATORS, TypedField
from tests.support.tracking_client import post_form

IS_FULL = os.environ.get("MATRIX") == "full"
EXAMPLES = 3_000 if IS_FULL else 40
TABLE_KINDS = (
    *("telephone", "last_digits", "code", "number", "whole_number", "user_name", "text"),
)
PASSWORD = "Rot-Gruen-2026"
INVISIBLE = ("\u200b\u200b", "\u200e\u202e", " \u00ad\ufeff ", "\u3164", "\u0301")

FIELDS, UNDECLARED = spellings.typed_fields()
BY_KIND = {kind: [field for field in FIELDS if field.kind == kind] for kind in GENERATORS}


def outcome(field: TypedField, typed: str) -> Any:
    """Return the value of a field, or the codes of its errors."""
    try:
        return field.clean(typed)
    except ValidationError as error:
        return [item.code for item in error.error_list]
    except ApiError as error:
        return error.get_codes()


def test_every_field_declares_the_form_of_its_values() -> None:
    assert UNDECLARED == []
    assert {kind: bool(fields) for kind, fields in BY_KIND.items()} == dict.fromkeys(
        GENERATORS, True
    )


def test_a_field_without_a_form_is_found() -> None:
    class PlantedForm(forms.Form):
        __module__ = "petitions.planted"
        nickname = forms.CharField()

    _fields, undeclared = spellings.typed_fields()
    assert undeclared == ["PlantedForm.nickname: CharField"]
    PlantedForm.__module__ = "tests"


@pytest.mark.parametrize("kind", GENERATORS)
def test_generated_spelling_equals_the_plain_one(kind: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(pair=GENERATORS[kind]())
    def check(pair: tuple[str, str]) -> None:
        typed, plain = pair
        for field in BY_KIND[kind]:
            assert outcome(field, typed) == outcome(field, plain), field.name

    check()


@pytest.mark.parametrize("kind", TABLE_KINDS)
def test_spelling_of_the_table_equals_the_plain_one(kind: str) -> None:
    for typed, plain in spellings.spellings(kind):
        for field in BY_KIND[kind]:
            assert outcome(field, typed) == outcome(field, plain), (field.name, typed)


def test_table_has_at_least_sixty_spellings() -> None:
    assert sum(len(spellings.spellings(kind)) for kind in TABLE_KINDS) >= 60


@pytest.mark.parametrize("kind", ["telephone", "last_digits", "code", "number"])
def test_plain_value_is_stored_as_it_is(kind: str) -> None:
    plain_values = {plain for _typed, plain in spellings.spellings(kind)}
    for plain in plain_values:
        assert plain in [outcome(field, plain) for field in BY_KIND[kind]]


def _text_fields() -> Iterator[tuple[str, Any, bool]]:
    for owner, name, field in spellings.all_fields():
        is_blank_allowed = not getattr(field, "required", True) or getattr(
            field, "allow_blank", False
        )
        kinds = (FreeTextField, LineField, StrictFreeTextField, StrictLineField)
        if isinstance(field, kinds):
            yield f"{owner}.{name}", field, is_blank_allowed


@pytest.mark.parametrize("typed", INVISIBLE)
def test_a_text_needs_a_visible_character(typed: str) -> None:
    for name, field, may_be_blank in _text_fields():
        clean = field.clean if isinstance(field, forms.Field) else field.run_validation
        if may_be_blank:
            assert clean(typed) in ("", None), name
        else:
            with pytest.raises((ValidationError, ApiError)):
                clean(typed)


# --- Whole requests --------------------------------------------------------------------------


def _stored(petition: Petition) -> ContactDetails:
    row = petition.contact
    return contacts.decrypt(petition.uuid, bytes(row.cipher), row.key_id)


def _has_plain_phone(petition: Petition, plain: str) -> bool:
    expected = tracking_codes.last4_hash(petition.uuid, plain[-4:])
    return _stored(petition).phone == plain and petition.contact.last4_hash == expected


def _rows(kind: str, count: int) -> list[tuple[str, str]]:
    """Return some rows of the table, all of them in full mode."""
    rows = spellings.spellings(kind)
    return rows if IS_FULL else rows[:: max(1, len(rows) // count)]


def test_telephone_at_the_api(stage: Stage) -> None:
    program = Program(stage.cast["partner"])
    for typed, plain in _rows("telephone", 8):
        body = {
            "place": stage.town.building.pk,
            "category": "ｗｓ０１",
            "text": "水浑",
            "contact": {"phone": typed},
        }
        answer = program.post("/petitions/", body, Idempotency_Key=str(uuid.uuid4()))
        assert answer.status_code == 201, answer.content
        assert _has_plain_phone(Petition.objects.get(pk=answer.json()["id"]), plain), typed


def test_telephone_at_the_report_page(stage: Stage, client: Client) -> None:
    resident = Resident(client, stage)
    resident.choose_place()
    resident.choose_category()
    client.post("/report/tell/", {"text": "水浑"})
    for typed, plain in _rows("telephone", 8):
        assert client.post("/report/reach/", {"phone": typed}).status_code == 302
        assert drafts.load(client.session).contact.phone == plain, typed


def test_telephone_at_the_desk(stage: Stage) -> None:
    client, water = login(stage, "clerk"), Category.objects.get(code="WS01")
    for typed, plain in _rows("telephone", 8):
        form = {
            "key": str(uuid.uuid4()),
            "where": stage.town.building.full_name,
            "place": stage.town.building.pk,
            "what": water.name,
            "category": water.pk,
            "text": "水是黄的",
            "phone": typed,
        }
        assert client.post("/petitions/new/", form).status_code == 302
        assert _has_plain_phone(Petition.objects.latest("pk"), plain), typed


def test_telephone_of_a_corrected_contact(stage: Stage, client: Client) -> None:
    petition = stage.file().petition
    code = tracking_codes.code_for(petition.uuid)
    client.post("/track/", {"code": code, "digits": "1234"})
    for typed, plain in _rows("telephone", 8):
        assert post_form(client, "/track/contact/", {"phone": typed}).status_code == 302
        petition = Petition.objects.get(pk=petition.pk)
        assert _has_plain_phone(petition, plain), typed


def test_telephone_of_any_other_writer(stage: Stage) -> None:
    for typed, plain in spellings.spellings("telephone"):
        petition = stage.file(contact=ContactDetails(phone=typed)).petition
        assert _has_plain_phone(petition, plain), typed


def test_duty_telephone_of_a_user(stage: Stage) -> None:
    client = login(stage, "secadmin")
    user = stage.cast["secretary"]
    for typed, plain in _rows("telephone", 4):
        fields = {"name": user.name, "email": "", "duty_phone": typed}
        answer = client.post(f"/admin/members/user/{user.pk}/change/", fields)
        assert answer.status_code == 302, answer.content.decode()
        user.refresh_from_db()
        assert user.duty_phone == plain


def test_code_and_digits_at_the_tracking_page(stage: Stage) -> None:
    petition = stage.file().petition
    for typed, plain in spellings.spellings("code"):
        hashed = tracking_codes.code_hash(plain)
        Petition.objects.filter(pk=petition.pk).update(tracking_hash=hashed)
        answer = Client().post("/track/", {"code": typed, "digits": "1234"})
        assert answer.status_code == 302, typed
    for typed, _plain in spellings.spellings("last_digits"):
        answer = Client().post("/track/", {"code": plain, "digits": typed})
        assert answer.status_code == 302, typed


def test_order_number_at_desk_and_api(stage: Stage) -> None:
    program = Program(stage.cast["partner"])
    for typed, plain in spellings.spellings("number"):
        body = {
            "place": stage.town.building.pk,
            "category": "WS01",
            "text": "水浑",
            "external_number": typed,
        }
        answer = program.post("/petitions/", body, Idempotency_Key=str(uuid.uuid4()))
        assert answer.status_code == 201, answer.content
        assert Petition.objects.get(pk=answer.json()["id"]).external_number == plain


def test_number_with_a_line_end_inside_is_refused(stage: Stage) -> None:
    body = {
        "place": stage.town.building.pk,
        "category": "WS01",
        "text": "水浑",
        "external_number": "GD-1\r\nSet-Cookie: a",
    }
    answer = Program(stage.cast["partner"]).post(
        "/petitions/", body, Idempotency_Key=str(uuid.uuid4())
    )
    assert answer.status_code == 400
    assert [error["field"] for error in json.loads(answer.content)["errors"]] == ["external_number"]
    page = login(stage, "clerk").post("/petitions/new/", body | {"where": "46"})
    assert "这里不能有换行或其他控制字符" in page.content.decode()


def test_printed_code_of_a_building(stage: Stage, client: Client) -> None:
    code = PlaceQr.objects.create(area=stage.town.building, code="k7m2p9xq4r").code
    for typed in (code.upper(), "Ｋ７Ｍ２Ｐ９ＸＱ４Ｒ", "k7m2-p9xq-4r", "k7m2 p9xq 4r"):
        assert client.get(f"/q/{typed}/").status_code == 200, typed


def test_user_name_at_log_in_and_commands(db: None) -> None:
    for typed, plain in spellings.spellings("user_name"):
        user = User.objects.filter(username=plain).first()
        if user is None:
            user = User.objects.create_user(plain, PASSWORD, name="示例")
        assert User.objects.get(username=typed) == user
        assert User.objects.get_by_natural_key(typed) == user
        client = Client()
        client.post("/account/login/", {"login": typed, "password": PASSWORD})
        assert client.session.get("_auth_user_id") == str(user.pk), typed


def test_user_name_at_issue_token(stage: Stage) -> None:
    name = stage.cast["partner"].username
    for typed in (name.upper(), f" {name}\u200e"):
        out = io.StringIO()
        call_command("issue_token", typed, stdout=out)
        assert len(out.getvalue().strip()) > 20


@given(digits=st.from_regex(r"[0-9]{4}", fullmatch=True), end=st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_hash_of_the_last_digits_is_that_of_the_plain_telephone(digits: str, end: Any) -> None:
    typed = end.draw(spellings.digits_of(f"139-0000-{digits}"))
    assert ContactDetails(phone=typed).last4 == digits
