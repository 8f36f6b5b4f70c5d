"""Access matrix: requests every scoped route by role, object and method; compares with the oracle.

An object that does not exist for a role must be answered exactly like an unknown id. The short
form requests a fixed part that rotates with role and route; `make matrix` requests everything.
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
from petitions.states import RULE_OF
from petitions.verbs.spec import PageKind
from petitions.verbs.table import VERB_SPECS
from tests.support import oracle, route_list
from tests.support.access_fixtures import FACTS, AccessFixtures, DeletedRow, Visitor
from tests.support.route_list import Access, comparable

UNKNOWN_ID = 999_999_999
IS_FULL = os.environ.get("MATRIX") == "full"
CASES = {Access.CASE, Access.VERB, Access.SLIP, Access.TOKEN_CASE, Access.TOKEN_VERB}
PLACES = {Access.PLACE, Access.TOKEN_PLACE}
ORGANISATIONS = {Access.ORGANISATION, Access.TOKEN_ORGANISATION}
PAGE_ACCESS = {
    Access.CASE,
    Access.VERB,
    Access.SLIP,
    Access.PHOTO,
    Access.PLACE,
    Access.ORGANISATION,
    Access.OWN,
}
TOKEN_ACCESS = {Access.TOKEN_CASE, Access.TOKEN_VERB, Access.TOKEN_PLACE, Access.TOKEN_ORGANISATION}
VERBS = {Access.VERB, Access.TOKEN_VERB}
WHOLE = {"petitions:case", "api:petition", "grids:place", "branches:organisation"}
PRINTED = "petitions:doors_print"  # open to the visit's actor, but knows no POST
BUTTON_VERBS = {f"petitions:{spec.verb}" for spec in VERB_SPECS if spec.page == PageKind.BUTTON}
MAIN = ("GET", "POST")
OTHER = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
EVERY = 97  # the short form requests one in so many of the other methods


@dataclass(frozen=True, slots=True)
class ScopedRoute:
    """A scoped route, its objects by name, and the parameters of an object that does not exist."""

    name: str
    access: Access
    objects: dict[str, Any]
    unknown: dict[str, Any]


def scoped(fixtures: AccessFixtures) -> Iterator[ScopedRoute]:
    """Yield every object-scoped route with its objects."""
    deleted, never = fixtures.deleted, {"pk": UNKNOWN_ID}
    town = fixtures.stage.town
    for name, access in route_list.TABLE.items():
        if access in CASES:
            yield ScopedRoute(name, access, fixtures.cases | {"deleted": deleted["case"]}, never)
        elif access == Access.PHOTO:
            rows = fixtures.photos | {"deleted": deleted["photo"]}
            yield ScopedRoute(name, access, rows, {"uuid": uuid.uuid4()})
        elif access in PLACES:
            is_building = "building" in name
            keys = [key for key in oracle.PLACES if key in BUILDINGS or not is_building]
            yield ScopedRoute(name, access, {key: town.areas[key] for key in keys}, never)
        elif access in ORGANISATIONS:
            yield ScopedRoute(
                name, access, {key: town.orgs[key] for key in oracle.ORGANISATIONS}, never
            )
        elif access == Access.OWN:
            yield ScopedRoute(
                name, access, fixtures.messages | {"deleted": deleted["message"]}, never
            )


BUILDINGS = ("b46", "b47", "b1", "gone")


def exists(visitor: Visitor, access: Access, key: str, row: Any) -> bool:
    """Tell by the oracle whether an object exists for a visitor on a route of this access."""
    if visitor.name in oracle.NO_ACCOUNT or isinstance(row, DeletedRow):
        return False
    if access == Access.SLIP:
        return FACTS[key].filer == visitor.name
    if isinstance(row, Petition | Photo):
        return oracle.sees_case(visitor.name, FACTS[key])
    is_standing = key != "gone" or access in {
        Access.PLACE,
        Access.ORGANISATION,
    }  # programs see today
    if isinstance(row, Area):
        return is_standing and oracle.sees_place(visitor.name, key)
    if access in ORGANISATIONS:
        return is_standing and oracle.sees_organisation(visitor.name, key)
    return key == visitor.name and bool(oracle.POSTS[key])  # messages end with the post


def closed(visitor: Visitor, access: Access) -> int | None:
    """Return the status for visitors who may open no object of such a route; None for others."""
    if visitor.name in oracle.NO_ACCOUNT:
        return 401 if access in TOKEN_ACCESS else 302
    needs_post = access in CASES or access == Access.PHOTO
    return 403 if needs_post and not oracle.has_case_post(visitor.name) else None


def verb_of(route: str) -> Verb:
    """Return the verb of a route."""
    word = route.rpartition(":")[2].removeprefix("petition-")
    return Verb.VISIT if word.startswith("doors") else Verb(word)


def allowed(visitor: Visitor, route: ScopedRoute, key: str) -> set[int]:
    """Return the statuses an object that exists for the visitor may be answered with."""
    if route.access in VERBS:
        if route.name in BUTTON_VERBS:  # GET redirects to the case; POST without a version is a 400
            return {302, 400}
        if not oracle.is_actor(visitor.name, FACTS[key], verb_of(route.name)):
            return {403}
        if _is_refused_to_person(visitor, key, verb_of(route.name)):
            return {403}
        if route.name == PRINTED and FACTS[key].place not in BUILDINGS:
            return {200, 404}  # a sheet is for one building: with several inside, none is chosen
        return {200, 302, 400, 409, 415, 428}
    return {200, 302} if route.access == Access.OWN else {200}


def _is_refused_to_person(visitor: Visitor, key: str, verb: Verb) -> bool:
    """Tell whether a verb that the status allows is refused to a person of the other side."""
    is_open = FACTS[key].status in RULE_OF[verb].sources
    return is_open and oracle.is_other_side(visitor.name, FACTS[key], verb)


def _turned(turn: int, visitor: Visitor, route: ScopedRoute, method: str) -> dict[str, Any]:
    """Return the objects to try: all, or in the short form one that exists for the visitor and one
    that does not, which turn with role and route. On WHOLE all that do not exist are tried.
    """
    if IS_FULL and method in MAIN:
        return route.objects
    there = {key for key, row in route.objects.items() if exists(visitor, route.access, key, row)}
    hidden = sorted(set(route.objects) - there)
    chosen = _one(turn, sorted(there)) + _one(turn, hidden)
    if route.name in WHOLE and method == "GET" and not closed(visitor, route.access):
        chosen = _one(turn, sorted(there)) + hidden
    return {key: route.objects[key] for key in chosen}


def _one(turn: int, keys: list[str]) -> list[str]:
    return [keys[turn % len(keys)]] if keys else []


def _selected(
    fixtures: AccessFixtures, start: int, half: str
) -> Iterator[tuple[int, str, ScopedRoute]]:
    """Yield every scoped route with the methods to ask it by, numbered."""
    turn = start
    for number, route in enumerate(scoped(fixtures)):
        if half and (route.access in TOKEN_ACCESS) != (half == "programs"):
            continue
        for method in (*MAIN, *OTHER):
            turn += 1
            if IS_FULL or _is_selected(route.access, method, number + start, turn):
                yield turn, method, route


def _is_selected(access: Access, method: str, number: int, turn: int) -> bool:
    """Tell whether a route is asked by this method in the short form.

    Pages of verbs are looked at by one role and sent to by the next, and half of the programs'
    verbs. These know no GET, whatever the object: a few show it, as they do for rarer methods.
    """
    if method in OTHER:
        return turn % EVERY == 0
    if access == Access.TOKEN_VERB:
        return bool(number % 2) if method == "POST" else number % 8 == 0
    return access != Access.VERB or (method == "POST") == bool(number % 2)


def wrong(fixtures: AccessFixtures, visitor: Visitor, start: int, half: str = "") -> Iterator[str]:
    """Yield every response to a visitor that the oracle does not expect.

    `half` limits the routes to "pages" or "programs". An unknown object is requested once on every
    route; in the short form the routes of verbs share one response, which must not depend on the
    verb either.
    """
    shared: dict[tuple[Access, str], route_list.Comparable] = {}
    visitor.ask("GET", "/")  # the first request of a session writes it
    for turn, method, route in _selected(fixtures, start, half):
        is_shared = route.access in VERBS and route.name != PRINTED and not IS_FULL
        unknown = shared.get((route.access, method)) if is_shared else None
        unknown = unknown or comparable(_fixed(visitor, method, route.name, route.unknown))
        if route.name != PRINTED:
            shared[route.access, method] = unknown
        if unknown[0] not in {closed(visitor, route.access) or 404, 405}:
            yield f"{visitor.name} {method} {route.name} (never was): {unknown[0]}"
        tried = list(_turned(turn, visitor, route, method).items())
        # A refused method never reads the object, so one object is enough.
        for key, row in tried[:1] if unknown[0] == 405 and not IS_FULL else tried:
            answer = _fixed(visitor, method, route.name, _key(row))
            problem = _problem(fixtures, visitor, route, key, row, answer, unknown)
            if problem:
                got = answer.status_code
                yield f"{visitor.name} {method} {route.name} ({key}): {got} {problem}"


def _problem(
    fixtures: AccessFixtures,
    visitor: Visitor,
    route: ScopedRoute,
    key: str,
    row: Any,
    answer: Any,
    unknown: route_list.Comparable,
) -> str:
    """Return what is wrong with a response, or an empty string."""
    got = comparable(answer)
    if got[0] >= 500:
        return "a failure"
    leaked = fixtures.hidden_cases_in(visitor.name, got[1])
    if leaked:
        return f"tells of {', '.join(leaked)}"
    is_open = unknown[0] != 405 and closed(visitor, route.access) is None
    if is_open and exists(visitor, route.access, key, row):
        may = allowed(visitor, route, key) | {405}
        return "" if got[0] in may else f"is not one of {sorted(may)}"
    parts = [
        part
        for part, is_same in zip(route_list.PARTS, map(eq, got, unknown), strict=True)
        if not is_same
    ]
    return f"differs from what never was in {', '.join(parts)}" if parts else ""


def _fixed(visitor: Visitor, method: str, name: str, key: dict[str, Any]) -> Any:
    """Send the request; blank its URL where the redirect to the log-in repeats it."""
    url = reverse(name, kwargs=key)
    answer = visitor.ask(method, url)
    if visitor.name in oracle.NO_ACCOUNT and answer.status_code == 302:
        answer.headers["Location"] = answer.headers["Location"].replace(url, "#")
    return answer


def _key(row: Any) -> dict[str, Any]:
    if isinstance(row, Photo) or (isinstance(row, DeletedRow) and not row.pk):
        return {"uuid": row.uuid}
    return {"pk": row.pk}
