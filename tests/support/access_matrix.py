"""Role × route × object × method: asks every scoped address and compares with the oracle.

The yardstick is a row that never was: whatever does not exist for somebody must be answered in
exactly the same way. What is short asks a part that turns with role and route, always the same;
`make matrix` asks everything.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from operator import eq
from typing import Any

from django.urls import reverse

from grids.models import Area
from petitions.enums import Verb
from petitions.models import Petition, Photo
from tests.support import oracle, route_list
from tests.support.access_fixtures import FACTS, Gone, Visitor, World
from tests.support.route_list import Door, comparable

NOBODY = 999_999_999
IS_FULL = os.environ.get("MATRIX") == "full"
CASES = {Door.CASE, Door.VERB, Door.SLIP, Door.TOKEN_CASE, Door.TOKEN_VERB}
PLACES = {Door.PLACE, Door.TOKEN_PLACE}
BODIES = {Door.ORGANISATION, Door.TOKEN_ORGANISATION}
PAGE_DOORS = {Door.CASE, Door.VERB, Door.SLIP, Door.PHOTO, Door.PLACE, Door.ORGANISATION, Door.OWN}
TOKEN_DOORS = {Door.TOKEN_CASE, Door.TOKEN_VERB, Door.TOKEN_PLACE, Door.TOKEN_ORGANISATION}
VERBS = {Door.VERB, Door.TOKEN_VERB}
WHOLE = {"petitions:case", "api:petition", "grids:place", "branches:organisation"}
PRINTED = "petitions:doors_print"  # open to the visit's actor, but knows no POST
AT_ONCE = {"petitions:accept", "petitions:start"}
MAIN = ("GET", "POST")
OTHER = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
EVERY = 97  # of the other methods the short form asks one in so many


@dataclass(frozen=True, slots=True)
class Asked:
    """One scoped route with its objects by name, and the one that never was."""

    name: str
    door: Door
    objects: dict[str, Any]
    nowhere: dict[str, Any]


def scoped(world: World) -> Iterator[Asked]:
    """Yield every object-scoped route with its objects."""
    gone, never = world.gone, {"pk": NOBODY}
    town = world.stage.town
    for name, door in route_list.TABLE.items():
        if door in CASES:
            yield Asked(name, door, world.cases | {"deleted": gone["case"]}, never)
        elif door == Door.PHOTO:
            rows = world.photos | {"deleted": gone["photo"]}
            yield Asked(name, door, rows, {"uuid": uuid.uuid4()})
        elif door in PLACES:
            is_building = "building" in name
            keys = [key for key in oracle.PLACES if key in BUILDINGS or not is_building]
            yield Asked(name, door, {key: town.areas[key] for key in keys}, never)
        elif door in BODIES:
            yield Asked(name, door, {key: town.orgs[key] for key in oracle.BODIES}, never)
        elif door == Door.OWN:
            yield Asked(name, door, world.messages | {"deleted": gone["message"]}, never)


BUILDINGS = ("b46", "b47", "b1", "gone")


def exists(who: Visitor, door: Door, key: str, row: Any) -> bool:
    """Tell by the oracle whether an object exists for a visitor at this door."""
    if who.name in oracle.NO_ACCOUNT or isinstance(row, Gone):
        return False
    if door == Door.SLIP:
        return FACTS[key].filer == who.name
    if isinstance(row, Petition | Photo):
        return oracle.sees_case(who.name, FACTS[key])
    is_standing = key != "gone" or door in {Door.PLACE, Door.ORGANISATION}  # programs see today
    if isinstance(row, Area):
        return is_standing and oracle.sees_place(who.name, key)
    if door in BODIES:
        return is_standing and oracle.sees_body(who.name, key)
    return key == who.name and bool(oracle.SEATS[key])  # messages end with the post


def closed(who: Visitor, door: Door) -> int | None:
    """Return the answer to somebody who may not even come near, whatever the object."""
    if who.name in oracle.NO_ACCOUNT:
        return 401 if door in TOKEN_DOORS else 302
    needs_post = door in CASES or door == Door.PHOTO
    return 403 if needs_post and not oracle.has_case_post(who.name) else None


def verb_of(route: str) -> Verb:
    """Return the verb whose address a route is."""
    word = route.rpartition(":")[2].removeprefix("petition-")
    return Verb.VISIT if word.startswith("doors") else Verb(word)


def allowed(who: Visitor, asked: Asked, key: str) -> set[int]:
    """Return the statuses an object that exists for the visitor may be answered with."""
    if asked.door in VERBS:
        if asked.name in AT_ONCE:  # a look leads to the case; without a version nothing is done
            return {302, 400}
        if not oracle.is_actor(who.name, FACTS[key], verb_of(asked.name)):
            return {403}
        if asked.name == PRINTED and FACTS[key].place not in BUILDINGS:
            return {200, 404}  # a sheet is for one building: with several inside, none is chosen
        return {200, 302, 400, 409, 415, 428}
    return {200, 302} if asked.door == Door.OWN else {200}


def _turned(turn: int, who: Visitor, asked: Asked, method: str) -> dict[str, Any]:
    """Return the objects to try: all, or in the short form one that exists for the visitor and one
    that does not, which turn with role and route. On WHOLE all that do not exist are tried.
    """
    if IS_FULL and method in MAIN:
        return asked.objects
    there = {key for key, row in asked.objects.items() if exists(who, asked.door, key, row)}
    hidden = sorted(set(asked.objects) - there)
    chosen = _one(turn, sorted(there)) + _one(turn, hidden)
    if asked.name in WHOLE and method == "GET" and not closed(who, asked.door):
        chosen = _one(turn, sorted(there)) + hidden
    return {key: asked.objects[key] for key in chosen}


def _one(turn: int, keys: list[str]) -> list[str]:
    return [keys[turn % len(keys)]] if keys else []


def _due(world: World, start: int, half: str) -> Iterator[tuple[int, str, Asked]]:
    """Yield every scoped route with the methods to ask it by, numbered."""
    turn = start
    for number, asked in enumerate(scoped(world)):
        if half and (asked.door in TOKEN_DOORS) != (half == "programs"):
            continue
        for method in (*MAIN, *OTHER):
            turn += 1
            if IS_FULL or _is_due(asked.door, method, number + start, turn):
                yield turn, method, asked


def _is_due(door: Door, method: str, number: int, turn: int) -> bool:
    """Tell whether a route is asked by this method in the short form.

    Pages of verbs are looked at by one role and sent to by the next, and half of the programs'
    verbs. These know no GET, whatever the object: a few show it, as they do for rarer methods.
    """
    if method in OTHER:
        return turn % EVERY == 0
    if door == Door.TOKEN_VERB:
        return bool(number % 2) if method == "POST" else number % 8 == 0
    return door != Door.VERB or (method == "POST") == bool(number % 2)


def wrong(world: World, who: Visitor, start: int, half: str = "") -> Iterator[str]:
    """Yield every answer one visitor gets that the oracle does not expect; `half` keeps the doors
    for "pages" or for "programs".

    What never was is asked for once on every route; in the short form the routes of verbs share
    one answer, since nobody may learn from it which verb was asked for either.
    """
    shared: dict[tuple[Door, str], route_list.Comparable] = {}
    who.ask("GET", "/")  # the first request of a session writes it
    for turn, method, asked in _due(world, start, half):
        is_shared = asked.door in VERBS and asked.name != PRINTED and not IS_FULL
        unknown = shared.get((asked.door, method)) if is_shared else None
        unknown = unknown or comparable(_fixed(who, method, asked.name, asked.nowhere))
        if asked.name != PRINTED:
            shared[asked.door, method] = unknown
        if unknown[0] not in {closed(who, asked.door) or 404, 405}:
            yield f"{who.name} {method} {asked.name} (never was): {unknown[0]}"
        tried = list(_turned(turn, who, asked, method).items())
        # Where the method is refused nobody looks at the object; one of them shows it.
        for key, row in tried[:1] if unknown[0] == 405 and not IS_FULL else tried:
            answer = _fixed(who, method, asked.name, _key(row))
            problem = _problem(world, who, asked, key, row, answer, unknown)
            if problem:
                yield f"{who.name} {method} {asked.name} ({key}): {answer.status_code} {problem}"


def _problem(
    world: World,
    who: Visitor,
    asked: Asked,
    key: str,
    row: Any,
    answer: Any,
    unknown: route_list.Comparable,
) -> str:
    """Say what is wrong with an answer, if anything is."""
    got = comparable(answer)
    if got[0] >= 500:
        return "a failure"
    told = world.told_of(who.name, got[1])
    if told:
        return f"tells of {', '.join(told)}"
    is_open = unknown[0] != 405 and closed(who, asked.door) is None
    if is_open and exists(who, asked.door, key, row):
        may = allowed(who, asked, key) | {405}
        return "" if got[0] in may else f"is not one of {sorted(may)}"
    parts = [
        part
        for part, is_same in zip(route_list.PARTS, map(eq, got, unknown), strict=True)
        if not is_same
    ]
    return f"differs from what never was in {', '.join(parts)}" if parts else ""


def _fixed(who: Visitor, method: str, name: str, key: dict[str, Any]) -> Any:
    """Ask, and blank the asked address where the answer repeats it (the way back after a login)."""
    url = reverse(name, kwargs=key)
    answer = who.ask(method, url)
    if who.name in oracle.NO_ACCOUNT and answer.status_code == 302:
        answer.headers["Location"] = answer.headers["Location"].replace(url, "#")
    return answer


def _key(row: Any) -> dict[str, Any]:
    if isinstance(row, Photo) or (isinstance(row, Gone) and not row.pk):
        return {"uuid": row.uuid}
    return {"pk": row.pk}
