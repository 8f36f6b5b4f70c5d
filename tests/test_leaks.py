"""A hidden case appears on no page, in no count, and is accepted by no field."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from petitions.enums import Status
from petitions.models import Petition, Photo
from petitions.rules.contacts import ContactDetails
from petitions.workflow import escalation, handling, resolution
from tests.support import access_matrix, route_list
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.pictures import jpeg
from tests.support.route_list import Access, comparable

NOW = timezone.now()
MARK = "暗号QZX"
WORDS = f"水箱渗漏 {MARK}"
NAME, PHONE = f"示例{MARK}", "19000009876"
INSIDERS = ("outsider", "sibling", "official", "city", "partner")
STRANGERS = ("clerk", "secretary", "leader", "member", "community", "department")
ADMIN_NAMES = ("auditor", "sysadmin", "secadmin")
EVERYBODY = (*STRANGERS, *ADMIN_NAMES, "visitor")
LISTS = {Access.PUBLIC, Access.LOGIN, Access.POST, Access.OWN_ACCOUNT}
LISTS |= {Access.ADMIN, Access.ADMIN_ROWS, Access.ADMIN_ADD, Access.LOG_IN}
TOKEN_LISTS = {Access.TOKEN, Access.TOKEN_POST}


def _hidden(stage: Stage) -> Petition:
    """A case of the neighbouring community whose every word carries the mark."""
    by = stage.cast["outsider"]
    petition = stage.file(
        place=stage.town.areas["b1"],
        text=WORDS,
        since=MARK,
        contact=ContactDetails(name=NAME, phone=PHONE),
    ).petition
    petition = handling.accept(petition=petition, by=by, now=NOW)
    handling.note(petition=petition, by=by, now=NOW, body=MARK)
    handling.note(petition=petition, by=by, now=NOW, body=MARK, is_public=True)
    petition = Petition.objects.get(pk=petition.pk)
    return resolution.resolve(
        petition=petition,
        by=by,
        now=NOW,
        outcome="resolved",  # type: ignore[arg-type]
        cause=MARK,
        public_answer=MARK,
    )


def _questions(stage: Stage, petition: Petition) -> list[str]:
    """Queries that would find the case for somebody who may see it."""
    area, org = stage.town.areas, stage.town.orgs
    return [
        "",
        "q=水箱渗漏",
        "q=渗漏",
        "q=河畔新区",
        f"q={petition.number}",
        f"organisation={org['other'].pk}",
        f"place={area['b1'].pk}",
        f"community={area['daqiao'].pk}",
        f"grid={area['d1'].pk}",
        "state=all",
        "state=all&status=resolved&urgency=urgent",
    ]


def _addresses(
    stage: Stage, petition: Petition, accesses: set[Access], turn: int | None = None
) -> list[str]:
    """Return every address of these doors; in the short form a third of the queries, in turn."""
    addresses = []
    queries = _questions(stage, petition)
    if turn is not None and not access_matrix.IS_FULL:
        queries = ["", *queries[1 + turn % 3 :: 3]]
    for route in route_list.routes():
        if route.parameters or route_list.access_of(route.name) not in accesses:
            continue
        if route.name in {"account_logout", "admin:logout", "metrics"}:
            continue
        url = reverse(route.name)
        wanted = queries if route_list.access_of(route.name) in DATA else [""]
        addresses += [f"{url}?{query}" if query else url for query in wanted]
    return addresses


DATA = {Access.LOGIN, Access.POST, Access.TOKEN_POST, Access.TOKEN}


def _telling(body: bytes, url: str, petition: Petition) -> bool:
    """Tell whether a page holds anything of the case; what was asked for may be repeated."""
    text = body.decode(errors="ignore")
    number = petition.number not in url and petition.number in text
    return (
        MARK in text
        or "0000-9876" in text
        or "00009876" in text
        or number
        or petition.get_absolute_url() in text
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERYBODY)
def test_hidden_case_appears_on_no_page(stage: Stage, name: str) -> None:
    petition = _hidden(stage)
    client = Client() if name == "visitor" else login(stage, name)
    leaks = []
    for url in _addresses(stage, petition, LISTS, EVERYBODY.index(name)):
        answer = client.get(url)
        assert answer.status_code < 500, url
        if _telling(answer.content if not answer.streaming else b"", url, petition):
            leaks.append(url)
    assert leaks == []


def test_search_finds_the_case_for_insiders(stage: Stage) -> None:
    petition = _hidden(stage)
    client = login(stage, "outsider")
    urls = _addresses(stage, petition, LISTS)
    leaks = [url for url in urls if _telling(client.get(url).content, url, petition)]
    assert reverse("petitions:list") in leaks
    assert f"{reverse('petitions:list')}?q=渗漏" in leaks


@pytest.mark.parametrize("name", [*STRANGERS, *ADMIN_NAMES])
def test_hidden_case_appears_in_no_api_response(stage: Stage, name: str) -> None:
    petition = _hidden(stage)
    program = Program(stage.cast[name])
    leaks = []
    for url in _addresses(stage, petition, TOKEN_LISTS, EVERYBODY.index(name)):
        answer = program.client.get(url, headers=program.headers)
        assert answer.status_code < 500, url
        if _telling(answer.content, url, petition) or f'"petition":{petition.pk},' in str(
            answer.content
        ):
            leaks.append(url)
    assert leaks == []


def test_public_pages_of_its_own_building_tell_nothing_personal(stage: Stage) -> None:
    petition = _hidden(stage)
    code = stage.town.areas["b1"].qr_codes.get().code
    body = Client().get(reverse("petitions:at_place", args=[code]), follow=True).content.decode()
    assert MARK not in body
    assert "0000-9876" not in body
    assert petition.get_absolute_url() not in body


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize("name", ["clerk", "secretary", "community", "department"])
def test_hidden_case_changes_no_count(stage: Stage, name: str) -> None:
    stage.file()
    client = login(stage, name)
    pages = [reverse(f"petitions:{page}") for page in ("home", "list", "overview")]
    client.get(pages[0])
    before = [comparable(client.get(url)) for url in pages]
    _hidden(stage)
    assert [comparable(client.get(url)) for url in pages] == before


# --- Fields that name other rows --------------------------------------------------------------


def _same_refusal(post: Any, url: str, data: dict[str, Any], field: str, foreign: int) -> None:
    """Send a row of elsewhere and one that is not there: both are refused in the same words."""
    first, second = (post(url, data | {field: pk}) for pk in (foreign, foreign + 900_000))
    assert first.status_code == second.status_code == 400
    ids = re.compile(rf"(?<!\d)({foreign}|{foreign + 900_000})(?!\d)".encode())
    said = [ids.sub(b"#", comparable(answer)[1]) for answer in (first, second)]
    assert said[0] == said[1]


ORDER = {"kind": "department", "text": "请办"}
FOREIGN_IN_PAGES = [
    ("reassign", Status.RETURNED, "clerk", {"reason": "不归我"}, "organisation", "other"),
    ("return", Status.SUBMITTED, "secretary", {"reason": "不归我"}, "proposed", "other"),
    ("dispatch", Status.ACCEPTED, "secretary", {}, "group", "other"),
    ("dispatch", Status.ACCEPTED, "secretary", {}, "users", "outsider"),
    ("answer", Status.IN_PROGRESS, "community", ORDER, "department", "other"),
]  # fmt: skip


def _foreign(stage: Stage, key: str) -> int:
    return stage.cast[key].pk if key in stage.cast else stage.town.orgs[key].pk


def _ready(stage: Stage, verb: str, status: Status) -> Petition:
    petition = stage.at(status)
    if verb == "answer":
        escalation.escalate(petition=petition, by=stage.cast["secretary"], now=NOW, reason="难")
    return Petition.objects.get(pk=petition.pk)


@pytest.mark.parametrize(
    ("verb", "status", "by", "data", "name", "key"),
    FOREIGN_IN_PAGES,
    ids=[f"{row[0]} {row[4]}" for row in FOREIGN_IN_PAGES],
)
@pytest.mark.parametrize("caller", ["page", "program"])
def test_verb_accepts_no_foreign_row(
    stage: Stage,
    caller: str,
    verb: str,
    status: Status,
    by: str,
    data: dict[str, Any],
    name: str,
    key: str,
) -> None:
    petition = _ready(stage, verb, status)
    foreign = _foreign(stage, key)
    if caller == "page":
        client, url = login(stage, by), reverse(f"petitions:{verb}", args=[petition.pk])
        _same_refusal(client.post, url, data | {"version": petition.version}, name, foreign)
    else:
        program = Program(stage.cast[by])

        def post(url: str, body: dict[str, Any]) -> Any:
            body = body | {name: [body[name]]} if name == "users" else body
            return program.post(url, body, If_Match=f'"v{petition.version}"')

        _same_refusal(post, f"/petitions/{petition.pk}/{verb}/", data, name, foreign)
    assert Petition.objects.get(pk=petition.pk).version == petition.version


@pytest.mark.parametrize(
    "field", ["merged_into", "organisation_id", "filed_by", "is_sealed", "path"]
)
def test_verb_accepts_no_unknown_field(stage: Stage, field: str) -> None:
    petition, hidden = stage.at(Status.ACCEPTED), _hidden(stage)
    program = Program(stage.cast["secretary"])
    answer = program.act(petition.pk, "note", {"body": "示例", field: hidden.pk})
    assert answer.status_code == 400
    assert json.loads(answer.content)["errors"][0]["field"] == field
    url = reverse("petitions:note", args=[petition.pk])
    login(stage, "secretary").post(url, {"body": "示例", field: hidden.pk})  # a page ignores it
    left, right = (Petition.objects.get(pk=row.pk) for row in (petition, hidden))
    assert (left.merged_into, left.organisation, left.filed_by) == (
        (None, petition.organisation, None)
    )
    assert (left.path, left.is_sealed) == (petition.path, False)
    assert right.version == hidden.version


def test_stored_photo_is_bound_to_its_case(stage: Stage, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    mine, other = stage.at(Status.ACCEPTED), stage.at(Status.ACCEPTED)
    client = login(stage, "secretary")

    def send(petition: Petition, who: Client, **fields: Any) -> Any:
        url = reverse("petitions:note", args=[petition.pk])
        return who.post(url, {"version": petition.version, **fields})

    page = send(mine, client, photos=[jpeg()]).content.decode()  # no words: the photo is kept
    (token,) = re.findall(r'name="kept" value="([^"]+)"', page)
    assert send(other, client, body="示例", kept=token).status_code == 302
    assert send(mine, login(stage, "deputy"), body="示例", kept=token).status_code == 302
    assert not Photo.objects.exists()
    assert send(mine, client, body="示例", kept=token).status_code == 302
    assert Photo.objects.get().petition == mine


@pytest.mark.parametrize("who", ["other", "daqiao", "water"])
def test_report_is_only_about_a_responsible_organisation(stage: Stage, who: str) -> None:
    program, body = Program(stage.cast["clerk"]), stage.town.orgs[who]
    sent = {"place": stage.town.building.pk, "category": "WS01", "text": "示例"}
    errors = []
    for pk in (body.pk, 999_999):
        answer = program.post(
            "/petitions/", sent | {"about": pk}, Idempotency_Key=str(uuid.uuid4())
        )
        assert answer.status_code == 400
        errors.append(json.loads(answer.content)["errors"])
    assert errors[0] == errors[1]
    form = {
        "where": stage.town.building.full_name,
        "place": stage.town.building.pk,
        "what": "水质浑浊/异味",
        "category": stage.report().category.pk,
        "text": "示例",
        "channel": "desk",
    }
    for pk in (body.pk, 999_999):
        fields = form | {"about": pk, "key": str(uuid.uuid4())}
        answer = login(stage, "clerk").post(reverse("petitions:desk"), fields)
        assert "反映的组织不负责这个地点" in answer.content.decode()
        assert str(body.name) not in answer.content.decode()
    assert not Petition.objects.exists()


def test_doors_of_a_building_elsewhere_cannot_be_visited(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    program = Program(stage.cast["secretary"])
    visit = {"entrance": 1, "floor": 1, "door": 1, "result": "affected"}
    for pk in (stage.town.areas["b1"].pk, 999_999):
        answer = program.act(petition.pk, "visit", {"building": pk, "doors": [visit]})
        assert answer.status_code == 400, answer.content
    assert not petition.doors.exists()


@pytest.mark.parametrize("by", ["clerk", "secretary", "leader", "partner"])
def test_api_files_no_case_outside_the_area(stage: Stage, by: str) -> None:
    program = Program(stage.cast[by])
    outside = stage.town.areas["city" if by == "partner" else "b1"].pk
    body = {"place": outside, "category": "WS01", "text": "示例"}
    first, second = (
        program.post("/petitions/", body | {"place": pk}, Idempotency_Key=str(uuid.uuid4()))
        for pk in (outside, 999_999)
    )
    assert (first.status_code, second.status_code) == (400, 400)
    errors = [json.loads(answer.content)["errors"] for answer in (first, second)]
    assert errors[0] == errors[1]
    assert not Petition.objects.exists()


@pytest.mark.parametrize("by", ["clerk", "secretary", "leader"])
def test_desk_files_no_case_outside_the_area(stage: Stage, by: str) -> None:
    client, elsewhere = login(stage, by), stage.town.areas["b1"]
    category = stage.report().category.pk
    data = {
        "where": elsewhere.full_name,
        "place": elsewhere.pk,
        "what": "水质浑浊/异味",
        "category": category,
        "text": "示例",
        "channel": "desk",
        "key": str(uuid.uuid4()),
    }
    answer = client.post(reverse("petitions:desk"), data)
    assert answer.status_code in {200, 400}
    assert not Petition.objects.exists()


@pytest.mark.parametrize("typed", ["河畔新区", "hpxq", "hp", "1号楼", "大桥"])
def test_suggestions_offer_no_place_outside_the_area(stage: Stage, typed: str) -> None:
    client = login(stage, "clerk")
    page = client.get(reverse("grids:suggest"), {"q": typed}).content.decode()
    assert "河畔" not in page.replace(typed, "")
    assert "大桥" not in page.replace(typed, "")


def test_preview_shows_no_hidden_case(stage: Stage) -> None:
    petition = _hidden(stage)
    url = reverse("petitions:desk_preview")
    answer = login(stage, "clerk").post(url, {"place": stage.town.areas["b1"].pk})
    assert not _telling(answer.content, url, petition)
    assert "大桥" not in answer.content.decode()
