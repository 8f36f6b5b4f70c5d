"""One rule by which typed text finds cases, in list and API, inside the viewer's scope."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from branches.models import Organisation
from petitions.models import Event, MeToo, Petition
from petitions.rules import tracking_codes
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import login

LIST = "/petitions/"
HOTLINE = "GD20260088"


@pytest.fixture
def petition(stage: Stage) -> Petition:
    found = stage.file(text="回电 88991234", external_number=HOTLINE).petition
    stage.file(place=stage.town.areas["yingbin"], text="路灯不亮")
    return found


def _code(petition: Petition) -> str:
    return tracking_codes.code_for(petition.uuid)


TYPED: dict[str, Callable[[Petition], str]] = {
    "id": lambda petition: str(petition.pk),
    "hash": lambda petition: f"#{petition.number}",
    "label": lambda petition: f"编号{petition.number}",
    "no dash": lambda petition: petition.number.replace("-", ""),
    "hotline": lambda _petition: HOTLINE,
    "hotline, labelled": lambda _petition: f"工单号：{HOTLINE.lower()}",
    "digits of the text": lambda _petition: "88991234",
    "initials": lambda _petition: "fxhy46",
    "initials, wide": lambda _petition: "ＦＸＨＹ４６",
    "group": lambda petition: petition.group.short_name if petition.group else "",
    "code": _code,
    "code as read out": lambda petition: tracking_codes.shown(_code(petition)).lower(),
    "wide building": lambda _petition: "４６号楼",
}


def _from_list(stage: Stage, who: str, typed: str) -> list[int]:
    answer = login(stage, who).get(LIST, {"q": typed})
    if answer.status_code == 302:
        return [int(answer["Location"].split("/")[2])]
    return [row.id for row in answer.context["cases"]]


def _from_api(stage: Stage, who: str, typed: str) -> list[int]:
    answer = Program(stage.cast[who]).get("/petitions/", q=typed)
    assert answer.status_code == 200
    return [row["id"] for row in json.loads(answer.content)["results"]]


@pytest.mark.parametrize("name", TYPED)
def test_found_in_list_and_api_and_only_in_scope(
    stage: Stage, petition: Petition, name: str
) -> None:
    typed = TYPED[name](petition)
    assert _from_list(stage, "clerk", typed) == [petition.pk]
    assert _from_api(stage, "clerk", typed) == [petition.pk]
    assert _from_list(stage, "sibling", typed) == []
    assert _from_api(stage, "sibling", typed) == []


def test_name_of_the_branch_finds_its_cases(stage: Stage, petition: Petition) -> None:
    other = stage.file(place=stage.town.areas["b1"]).petition
    for typed in (petition.organisation.name, petition.organisation.short_name):
        found = _from_list(stage, "official", typed)
        assert petition.pk in found
        assert other.pk not in found


@pytest.mark.parametrize("typed", ["水务", "水务办"])
def test_a_name_of_two_or_three_characters_is_found_if_it_is_complete(
    stage: Stage, petition: Petition, typed: str
) -> None:
    Organisation.objects.filter(pk=petition.organisation_id).update(
        short_name="水务", name="水务办"
    )
    assert petition.pk in _from_list(stage, "official", typed)
    assert _from_list(stage, "official", typed[1:]) == []


def test_a_complete_code_opens_its_case_and_leaves_no_trace(
    stage: Stage, petition: Petition
) -> None:
    events = Event.objects.count()
    client = login(stage, "clerk")
    code = _code(petition)
    answer = client.get(LIST, {"q": code})
    assert (answer.status_code, answer["Location"]) == (302, petition.get_absolute_url())
    for typed in (code[:-1], code[:-1] + ("0" if code[-1] != "0" else "1")):
        assert client.get(LIST, {"q": typed}).context["cases"] == []
    assert Event.objects.count() == events


def test_the_code_of_a_joined_resident_finds_the_case(stage: Stage, petition: Petition) -> None:
    code = "0123456789AB"
    MeToo.objects.create(
        petition=petition,
        key=petition.uuid,
        tracking_hash=tracking_codes.code_hash(code),
        created_at=petition.created_at,
    )
    assert _from_list(stage, "clerk", code) == [petition.pk]
    assert _from_list(stage, "sibling", code) == []


def test_what_cannot_be_searched_is_said_and_finds_nothing(
    stage: Stage, petition: Petition
) -> None:
    assert petition.pk in _from_list(stage, "clerk", "回电")
    page = login(stage, "clerk").get(LIST, {"q": "回电🔥"})
    assert "“🔥”没法查找" in page.content.decode()
    assert page.context["cases"] == []
    assert _from_api(stage, "clerk", "回电🔥") == []


def test_digits_alone_name_no_organisation(stage: Stage, petition: Petition) -> None:
    Organisation.objects.filter(pk=petition.organisation_id).update(name="7788专班")
    client = login(stage, "clerk")
    for typed, is_found in (("7788", False), ("7788专班", True)):
        page = client.get(LIST, {"state": "all", "q": typed}).content.decode()
        assert (petition.number in page) is is_found, typed
