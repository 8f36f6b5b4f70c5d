"""Role × route × object × method, generated from the URL conf: nobody learns what is not theirs."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator
from operator import eq
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from branches.models import Organisation
from config.lib import api
from grids.models import Area
from members.enums import HATS
from members.models import User
from petitions import casefile, permissions
from petitions.enums import Verb
from petitions.models import Petition, Photo
from tests import access
from tests.access import Door, comparable
from tests.cast import Stage
from tests.petitions import conftest
from tests.world import NOW, Visitor, World, build, requests

NOBODY = 999_999_999
HAT_NAMES = {"auditor", "sysadmin", "secadmin"}
PAGE_DOORS = {Door.CASE, Door.VERB, Door.SLIP, Door.PHOTO, Door.PLACE, Door.ORGANISATION, Door.OWN}
TOKEN_DOORS = {
    *(Door.TOKEN_CASE, Door.TOKEN_VERB, Door.TOKEN_PLACE, Door.TOKEN_ORGANISATION),
}
VERBS = {Door.VERB, Door.TOKEN_VERB}
WHOLE = {"petitions:case", "api:petition", "grids:place", "branches:organisation"}
PRINTED = "petitions:doors_print"  # open to the visit's actor, but knows no POST
AT_ONCE = {"petitions:accept", "petitions:start"}
IS_FULL = os.environ.get("MATRIX") == "full"
stage = conftest.stage


@pytest.fixture
def world(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(api.WriteThrottle, "allow_request", lambda *_args: True)
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.ERROR)
    requests.clear()
    return build(stage)


# --- The table is complete --------------------------------------------------------------------


def test_every_route_has_an_entry_and_every_entry_a_route() -> None:
    names = {route.name for route in access.routes() if route.name != "admin:None"}
    assert sorted(name for name in names if access.door_of(name) is None) == []
    assert sorted(set(access.TABLE) - names) == []


def test_a_new_route_without_an_entry_is_noticed() -> None:
    assert access.door_of("petitions:planted") is None
    assert access.door_of("api:planted") is None


def test_every_object_scoped_route_is_in_the_matrix() -> None:
    keyed = {route.name for route in access.routes() if route.parameters}
    matrix = {name for name, door in access.TABLE.items() if door in PAGE_DOORS | TOKEN_DOORS}
    by_session = {name for name, door in access.TABLE.items() if door == Door.RESIDENT}
    elsewhere = {"petitions:at_place"}
    left = {name for name in keyed - matrix - by_session - elsewhere if access.door_of(name)}
    assert {name for name in left if not name.startswith(tuple(access.PREFIXES))} == set()


# --- Expectations -----------------------------------------------------------------------------


def _sees(user: User | None, case: Petition) -> bool:
    return user is not None and Petition.objects.visible_to(user).filter(pk=case.pk).exists()


def _verb(route: str) -> Verb:
    word = route.rpartition(":")[2].removeprefix("petition-")
    return Verb.VISIT if word.startswith("doors") else Verb(word)


Asked = tuple[str, Door, dict[str, Any], dict[str, Any]]


def _scoped(world: World) -> Iterator[Asked]:
    """Yield every object-scoped route with its objects by name, and the one that is not there."""
    for name, door in access.TABLE.items():
        if door in {Door.CASE, Door.VERB, Door.SLIP, Door.TOKEN_CASE, Door.TOKEN_VERB}:
            yield name, door, dict(world.cases), {"pk": NOBODY}
        elif door == Door.PHOTO:
            yield name, door, dict(world.photos), {"uuid": uuid.uuid4()}
        elif door in {Door.PLACE, Door.TOKEN_PLACE}:
            areas = {key: world.stage.town.areas[key] for key in ("fuxin", "yingbin", "b46", "b1")}
            if "building" in name:
                areas = {key: areas[key] for key in ("b46", "b1")}
            yield name, door, areas, {"pk": NOBODY}
        elif door in {Door.ORGANISATION, Door.TOKEN_ORGANISATION}:
            keys = ("fuxin", "yingbin", "branch", "group", "other", "water")
            yield name, door, {key: world.stage.town.orgs[key] for key in keys}, {"pk": NOBODY}
        elif door == Door.OWN:
            yield name, door, dict(world.messages), {"pk": NOBODY}


def _exists(who: Visitor, door: Door, row: Any) -> bool:
    """Tell whether the object exists for the visitor: the rule the doors must follow."""
    user = who.user
    if user is None:
        return False
    if isinstance(row, Petition):
        return _sees(user, row) and door != Door.SLIP
    if isinstance(row, Photo):
        return _sees(user, row.petition)
    if isinstance(row, Area):
        return Area.objects.visible_to(user).filter(pk=row.pk).exists()
    if isinstance(row, Organisation):
        return Organisation.objects.visible_to(user).filter(pk=row.pk).exists()
    return bool(row.user_id == user.pk)


def _closed(who: Visitor, door: Door) -> int | None:
    """Return the answer to somebody who may not even come near, whatever the object."""
    needs_post = door in {
        Door.CASE,
        Door.VERB,
        Door.SLIP,
        Door.PHOTO,
        Door.TOKEN_CASE,
        Door.TOKEN_VERB,
    }
    if who.user is None:
        return 401 if door in TOKEN_DOORS else 302
    has_post = any(seat.role not in HATS for seat in who.user.scope.seats)
    return 403 if needs_post and not has_post else None


def _allowed(who: Visitor, door: Door, name: str, row: Any) -> set[int]:
    """Return the statuses an object that exists for the visitor may be answered with."""
    if door in VERBS:
        assert who.user is not None
        verdict = permissions.may(_verb(name), Petition.objects.get(pk=row.pk), who.user)
        if name in AT_ONCE:  # a look leads to the case; without a version nothing is done
            return {302, 400}
        if verdict.code == "wrong_actor":
            return {403}
        return {200, 302, 400, 409, 415, 428}
    if door == Door.PHOTO:
        return {200, 404, 405}  # the file itself is not there in this test; see test_photos_… below
    return {200, 302, 405}


def _key(row: Any) -> dict[str, Any]:
    return {"uuid": row.uuid} if isinstance(row, Photo) else {"pk": row.pk}


# --- The matrix -------------------------------------------------------------------------------


def _tried(
    turn: int, who: Visitor, name: str, door: Door, objects: dict[str, Any]
) -> dict[str, Any]:
    """Return the objects to try on a route: all on WHOLE, else one that exists for the visitor
    and one that does not.

    Which one rotates, so that all objects meet all routes and all roles; `MATRIX=full` tries all.
    """
    if IS_FULL or (name in WHOLE and not _closed(who, door)):
        return objects
    there = {name for name, row in objects.items() if _exists(who, door, row)}
    kinds = (sorted(there), sorted(set(objects) - there))
    return {kind[turn % len(kind)]: objects[kind[turn % len(kind)]] for kind in kinds if kind}


def _asked(world: World, turn: int) -> Iterator[tuple[int, str, Asked]]:
    """Yield every object-scoped route with every method, numbered."""
    start = turn
    for number, one in enumerate(_scoped(world)):
        for method in ("GET", "POST"):
            turn += 1
            if IS_FULL or _is_due(one[1], method, number + start):
                yield turn, method, one


def _is_due(door: Door, method: str, number: int) -> bool:
    """Tell whether a route is asked by this method in the short form.

    Pages of verbs are looked at by one role and sent to by the next; programs' verbs know no GET,
    whatever the object: a few of them show it.
    """
    if door == Door.TOKEN_VERB:
        return method == "POST" or number % 8 == 0
    return door != Door.VERB or (method == "POST") == bool(number % 2)


def _wrong(world: World, who: Visitor, start: int) -> Iterator[str]:
    """Yield every answer one visitor gets that the rules do not expect.

    What is not there is asked for once on every route; the routes of verbs share one answer, since
    nobody may learn from it which verb was asked for either.
    """
    shared: dict[tuple[Door, str], access.Comparable] = {}
    who.ask("GET", "/")  # the first request of a session writes it
    for turn, method, (name, door, objects, nowhere) in _asked(world, start):
        is_shared = door in VERBS and name != PRINTED and not IS_FULL
        unknown = shared.get((door, method)) if is_shared else None
        unknown = unknown or comparable(_fixed(who, method, name, nowhere))
        if name != PRINTED:
            shared[door, method] = unknown
        if unknown[0] not in {_closed(who, door) or 404, 405}:
            yield f"{who.name} {method} {name} (nothing there): {unknown[0]}"
        tried = list(_tried(turn, who, name, door, objects).items())
        # Where the method is refused nobody looks at the object; one of them shows it.
        for what, row in tried[:1] if unknown[0] == 405 else tried:
            answer = _fixed(who, method, name, _key(row))
            problem = _problem(who, name, door, row, answer, unknown)
            if problem:
                yield f"{who.name} {method} {name} ({what}): {answer.status_code} {problem}"


def _problem(
    who: Visitor, name: str, door: Door, row: Any, answer: Any, unknown: access.Comparable
) -> str:
    """Say what is wrong with an answer, if anything is."""
    if answer.status_code >= 500:
        return "a failure"
    if unknown[0] != 405 and _closed(who, door) is None and _exists(who, door, row):
        allowed = _allowed(who, door, name, row)
        return "" if answer.status_code in allowed else f"is not one of {sorted(allowed)}"
    got = comparable(answer)
    parts = [
        part
        for part, is_same in zip(access.PARTS, map(eq, got, unknown), strict=True)
        if not is_same
    ]
    return f"differs from what is not there in {', '.join(parts)}" if parts else ""


def _fixed(who: Visitor, method: str, name: str, key: dict[str, Any]) -> Any:
    """Ask, and blank the asked address where the answer repeats it (the way back after a login)."""
    url = reverse(name, kwargs=key)
    answer = who.ask(method, url)
    if who.user is None and answer.status_code == 302:
        answer.headers["Location"] = answer.headers["Location"].replace(url, "#")
    return answer


ROLES = (
    *("clerk", "secretary", "deputy", "leader", "member", "community", "official", "city"),
    *("department", "outsider", "sibling", "partner", "auditor", "sysadmin", "secadmin"),
    *("newcomer", "visitor"),
)


@pytest.mark.slow
@time_machine.travel(NOW, tick=False)  # what depends on the time of a request must not differ
def test_matrix(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    before = {case.pk: case.version for case in Petition.objects.all()}
    wrong = [
        line
        for turn, name in enumerate(ROLES)
        for line in _wrong(world, world.visitors[name], turn)
    ]
    with capsys.disabled():
        print(f"\n{sum(requests.values())} requests by {len(ROLES)} roles: {dict(requests)}")
    assert wrong == []
    assert {case.pk: case.version for case in Petition.objects.all()} == before


def test_the_matrix_sees_a_planted_leak(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def unscoped(_viewer: User, pk: int) -> Petition:
        return Petition.objects.with_parts().get(pk=pk)

    monkeypatch.setattr(casefile, "find", unscoped)
    monkeypatch.setitem(globals(), "_scoped", lambda _world: iter([_case_page(world)]))
    wrong = list(_wrong(world, world.visitors["outsider"], 0))
    assert any("GET petitions:case (own)" in line for line in wrong)


def _case_page(world: World) -> Asked:
    """The row of the case page alone."""
    return "petitions:case", Door.CASE, dict(world.cases), {"pk": NOBODY}
