"""Lists, counters, filters, searches and suggestions: each says what the oracle says, no more."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.urls import reverse

from grids.models import Area
from petitions.models import Petition
from petitions.states import OPEN
from petitions.web import filters, keyset_pagination
from tests.petitions import conftest
from tests.support import access_matrix, oracle
from tests.support.access_fixtures import FACTS, NOW, World, build, mark_of
from tests.support.cast import Stage
from tests.support.oracle import counts_as, is_within, sees_body, sees_case, sees_place

stage = conftest.stage
WITH_POST = [name for name in oracle.SEATS if oracle.has_case_post(name)]
WITHOUT = [name for name in oracle.SEATS if not oracle.has_case_post(name)]
EVERY = 6  # of the wider questions the short form asks one in so many of each person
STANDING = [place for place in oracle.PLACES if place != "gone"]
Question = Callable[["Asking"], Iterator[str]]


@pytest.fixture
def world(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.ERROR)
    with time_machine.travel(NOW, tick=False):
        yield build(stage)


class Asking:
    """One person with a post, looking at lists; every answer is searched for hidden cases."""

    def __init__(self, world: World, who: str) -> None:
        self.world, self.who = world, who
        self.visitor = world.visitors[who]
        self.names = {case.pk: name for name, case in world.cases.items()}
        self.cases = {name: fact for name, fact in FACTS.items() if sees_case(who, fact)}
        self.open = {name for name, fact in self.cases.items() if fact.status in OPEN}
        self.told: list[str] = []

    def get(self, url: str, typed: str = "") -> Any:
        """Ask for an address; what was typed may be repeated, any other word of a case may not."""
        answer = self.visitor.ask("GET", url)
        body = answer.content.decode().replace(typed, "") if typed else answer.content.decode()
        self.told += [f"{url}: {name}" for name in self.world.told_of(self.who, body.encode())]
        return answer

    def listed(self, query: str, typed: str = "") -> set[str]:
        """Return the cases on the list page, and see that its count says as much."""
        answer = self.get(f"/petitions/?size=100&{query}", typed)
        if answer.status_code == 302:  # a whole number opens its case
            return {self.names[int(answer["Location"].strip("/").split("/")[1])]}
        found = {self.names[row.id] for row in answer.context["rows"]}
        assert answer.context["count"] == len(found), query
        return found

    def found(self, address: str, typed: str = "") -> list[dict[str, Any]]:
        """Return the rows a program is given."""
        answer = self.get(f"/api/v1/{address}", typed)
        assert answer.status_code == 200, (address, answer.content)
        page: dict[str, Any] = json.loads(answer.content)
        assert page["next"] is None, address
        rows: list[dict[str, Any]] = page["results"]
        return rows


def _unlike(what: str, found: object, expected: object) -> Iterator[str]:
    if found != expected:
        yield f"{what}: {found}, not {expected}"


# --- What everybody is asked ------------------------------------------------------------------


def _lists(one: Asking) -> Iterator[str]:
    yield from _unlike("list", one.listed("state=all"), set(one.cases))
    yield from _unlike("open list", one.listed(""), one.open)
    rows = {one.names[row["id"]] for row in one.found("petitions/?limit=100")}
    yield from _unlike("program's list", rows, set(one.cases))
    events = {one.names[row["petition"]] for row in one.found("events/?limit=100")}
    yield from _unlike("events", events, set(one.cases))


def _counters(one: Asking) -> Iterator[str]:
    for tile in one.get("/home/").context["tiles"]:
        name = tile["url"].partition("?")[2].partition("=")[0]
        expected = sum(counts_as(name, one.who, fact) for fact in one.cases.values())
        yield from _unlike(f"counter {name}", tile["count"], expected)


# --- What is asked in turn --------------------------------------------------------------------


def _counted_lists(one: Asking) -> Iterator[str]:
    for name in filters.NAMED_FILTERS:
        if name != "due_today":
            wanted = {n for n, fact in one.cases.items() if counts_as(name, one.who, fact)}
            yield from _unlike(f"list {name}", one.listed(f"{name}=1"), wanted)


def _overview(one: Asking) -> Iterator[str]:
    answer = one.get("/overview/")
    if answer.status_code == 403:
        return
    field = answer.context["field"]
    for line in answer.context["lines"]:
        pk = int(line.cells[0].url.partition(f"{field}=")[2].partition("&")[0])
        inside = [
            one.cases[n] for n in one.open if getattr(one.world.cases[n], f"{field}_id") == pk
        ]
        for cell in line.cells:
            if cell.column in {"open", "overdue", "escalated"}:
                expected = sum(counts_as(cell.column, one.who, fact) for fact in inside)
                yield from _unlike(f"{line.name} {cell.column}", cell.count, expected)


def _panels(one: Asking) -> Iterator[str]:
    areas, orgs = one.world.stage.town.areas, one.world.stage.town.orgs
    for place in filter(lambda place: sees_place(one.who, place), STANDING):
        inside = [f for f in one.cases.values() if is_within(f.place, place)]
        yield from _panel(one, areas[place].get_absolute_url(), inside)
    for body in filter(lambda body: sees_body(one.who, body), orgs):
        theirs = [fact for fact in one.cases.values() if fact.handler == body]
        yield from _panel(one, orgs[body].get_absolute_url(), theirs)


def _panel(one: Asking, url: str, facts: list[oracle.Case]) -> Iterator[str]:
    panels = one.get(url).context["panels"]
    (figures,) = [panel.data for panel in panels if panel.template.startswith("petitions/")]
    for name in ("open", "overdue"):
        expected = sum(counts_as(name, one.who, fact) for fact in facts)
        yield from _unlike(f"{url} {name}", figures[name], expected)


def _searches(one: Asking) -> Iterator[str]:
    yield from _unlike("q=渗漏", one.listed(f"q={quote('渗漏')}"), set(one.cases))
    for number, name in enumerate(FACTS):
        if not access_matrix.IS_FULL and number % EVERY:
            continue
        wanted = {name} & set(one.cases)
        for typed in (mark_of(name), one.world.cases[name].number):
            asked = f"q={quote(typed)}&state=all"
            yield from _unlike(f"q={typed}", one.listed(asked, typed) & {name}, wanted)
            rows = one.found(f"petitions/?limit=100&q={quote(typed)}", typed)
            yield from _unlike(f"q={typed}", {one.names[r["id"]] for r in rows} & {name}, wanted)


def _filters(one: Asking) -> Iterator[str]:
    areas, orgs = one.world.stage.town.areas, one.world.stage.town.orgs
    for place, area in areas.items():
        inside = {n for n, fact in one.cases.items() if is_within(fact.place, place)}
        wanted = inside if sees_place(one.who, place) else set()
        yield from _unlike(f"place {place}", one.listed(f"state=all&place={area.pk}"), wanted)
    for body, org in orgs.items():
        wanted = {n for n, fact in one.cases.items() if fact.handler == body}
        asked = f"state=all&organisation={org.pk}"
        yield from _unlike(f"organisation {body}", one.listed(asked), wanted)
    for community in ("yingbin", "daqiao"):
        wanted = {n for n, fact in one.cases.items() if is_within(fact.place, community)}
        asked = f"state=all&community={areas[community].pk}"
        yield from _unlike(f"community {community}", one.listed(asked), wanted)
    for name, case in one.world.cases.items():
        rows = one.found(f"events/?petition={case.pk}")
        yield from _unlike(f"events of {name}", bool(rows), name in one.cases)


def _suggestions(one: Asking) -> Iterator[str]:
    keys = {area.pk: key for key, area in one.world.stage.town.areas.items()}
    for typed, meant in SUGGESTED.items():
        answer = one.get(f"{reverse('grids:suggest')}?q={quote(typed)}", typed)
        found = {keys[row["id"]] for row in json.loads(answer.content)["results"]}
        reached = {key for key in meant if sees_place(one.who, key)}
        yield from _unlike(f"suggested for {typed}", found, reached)
    for address, keep in (("areas/", STANDING), ("buildings/", ["b46", "b47", "b1"])):
        found = {keys[row["id"]] for row in one.found(f"{address}?limit=100")}
        yield from _unlike(address, found, {key for key in keep if sees_place(one.who, key)})
    bodies = {org.pk: key for key, org in one.world.stage.town.orgs.items()}
    found = {bodies[row["id"]] for row in one.found("organisations/?limit=100")}
    wanted = {key for key in bodies.values() if key != "gone" and sees_body(one.who, key)}
    yield from _unlike("organisations/", found, wanted)


SUGGESTED = {
    "46号楼": {"b46"},
    "河畔新区": {"hzxq", "b1"},
    "大桥": {"daqiao", "d1", "hzxq", "b1"},
    "阜兴花苑": {"fxhy", "b46", "b47"},
}


def _choices(one: Asking) -> Iterator[str]:
    """The bodies a form offers are those within reach, and never more."""
    keys = {org.pk: key for key, org in one.world.stage.town.orgs.items()}
    for name, act, field in OFFERED:
        answer = one.get(f"/petitions/{one.world.cases[name].pk}/{act}/")
        if answer.status_code != 200 or answer.context is None:
            continue
        offered = {keys[row.pk] for row in answer.context["form"].fields[field].queryset}
        outside = {key for key in offered if not sees_body(one.who, key)}
        yield from _unlike(f"{act} offers", outside, set())
        assert "gone" not in offered


OFFERED = (
    ("returned", "reassign", "organisation"),
    ("own", "return", "proposed"),
    ("grid", "dispatch", "group"),
    ("answer owed", "answer", "department"),
)
TO_ALL: tuple[Question, ...] = (_lists, _counters)
IN_TURN: tuple[Question, ...] = (
    *(_counted_lists, _overview, _panels, _searches, _filters, _suggestions, _choices),
)


def _asked(one: Asking, turn: int) -> Iterator[str]:
    chosen = [
        q for at, q in enumerate(IN_TURN) if access_matrix.IS_FULL or (at + turn) % EVERY == 0
    ]
    for question in (*TO_ALL, *chosen):
        yield from question(one)


@pytest.mark.slow
def test_lists_and_counters_say_what_the_oracle_says(world: World) -> None:
    wrong = []
    for turn, who in enumerate(WITH_POST):
        one = Asking(world, who)
        wrong += [f"{who} {line}" for line in _asked(one, turn)]
        wrong += [f"{who} is told by {line}" for line in one.told]
    assert wrong == []


@pytest.mark.parametrize("who", WITHOUT)
def test_whoever_has_no_post_gets_no_list_at_all(world: World, who: str) -> None:
    for url in ("/home/", "/petitions/", "/overview/", "/api/v1/petitions/", "/api/v1/events/"):
        answer = world.visitors[who].ask("GET", url)
        assert answer.status_code in {302, 401, 403}, url
        assert world.found_in(answer.content) == []


# --- Planted mistakes -------------------------------------------------------------------------


def test_a_filter_that_replaces_the_scope_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replacing(_self: Any, _rows: Any, _name: str, pk: int) -> Any:
        return Petition.objects.filter(path__startswith=Area.objects.get(pk=pk).path)

    monkeypatch.setattr(filters.PetitionFilter, "keep_below", replacing)
    one = Asking(world, "clerk")
    with pytest.raises(AssertionError):
        assert list(_filters(one)) == []
    assert any("foreign" in line for line in one.told)


def test_a_count_over_all_cases_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        keyset_pagination, "bounded_count", lambda *_asked: Petition.objects.count()
    )
    with pytest.raises(AssertionError):
        list(_lists(Asking(world, "clerk")))
