"""Lists, counters, filters, searches and suggestions show exactly what the oracle expects."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.urls import reverse

from branches.enums import OrgLevel
from grids.models import Area
from petitions.models import Petition
from petitions.states import OPEN
from petitions.web import filters
from petitions.worklist.case_list import Matches
from tests.support import access_matrix, oracle
from tests.support.access_fixtures import FACTS, NOW, AccessFixtures, build, marker_of
from tests.support.cast import Stage
from tests.support.counter_oracle import counts_as
from tests.support.oracle import is_within, sees_case, sees_organisation, sees_place

WITH_POST = [name for name in oracle.POSTS if oracle.has_case_post(name)]
WITHOUT = [name for name in oracle.POSTS if not oracle.has_case_post(name)]
EVERY = 6  # of the wider questions the short form asks one in so many of each person
STANDING = [place for place in oracle.PLACES if place != "gone"]
Question = Callable[["ListReader"], Iterator[str]]


@pytest.fixture
def fixtures(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[AccessFixtures]:
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.ERROR)
    with time_machine.travel(NOW, tick=False):
        yield build(stage)


class ListReader:
    """A person who opens lists; every response is searched for hidden cases."""

    def __init__(self, fixtures: AccessFixtures, who: str) -> None:
        self.fixtures, self.who = fixtures, who
        self.visitor = fixtures.visitors[who]
        self.names = {case.pk: name for name, case in fixtures.cases.items()}
        self.cases = {name: fact for name, fact in FACTS.items() if sees_case(who, fact)}
        self.open = {name for name, fact in self.cases.items() if fact.status in OPEN}
        self.leaks: list[str] = []

    def get(self, url: str, typed: str = "") -> Any:
        """Request a URL; the response may repeat typed text but no other word of a hidden case."""
        answer = self.visitor.ask("GET", url)
        body = answer.content.decode().replace(typed, "") if typed else answer.content.decode()
        self.leaks += [
            f"{url}: {name}" for name in self.fixtures.hidden_cases_in(self.who, body.encode())
        ]
        return answer

    def listed_cases(self, query: str, typed: str = "") -> set[str]:
        """Return the cases of the list page and check its count."""
        answer = self.get(f"/petitions/?size=100&{query}", typed)
        if answer.status_code == 302:  # a whole number opens its case
            return {self.names[int(answer["Location"].strip("/").split("/")[1])]}
        actual = {self.names[row.id] for row in answer.context["cases"]}
        assert answer.context["count"] == len(actual), query
        return actual

    def api_rows(self, address: str, typed: str = "") -> list[dict[str, Any]]:
        """Return the rows of an API response."""
        answer = self.get(f"/api/v1/{address}", typed)
        assert answer.status_code == 200, (address, answer.content)
        page: dict[str, Any] = json.loads(answer.content)
        assert page["next"] is None, address
        rows: list[dict[str, Any]] = page["results"]
        return rows


def _difference(what: str, actual: object, expected: object) -> Iterator[str]:
    if actual != expected:
        yield f"{what}: {actual}, not {expected}"


# --- What everybody is asked ------------------------------------------------------------------


def _lists(reader: ListReader) -> Iterator[str]:
    yield from _difference("list", reader.listed_cases("state=all"), set(reader.cases))
    yield from _difference("open list", reader.listed_cases(""), reader.open)
    rows = {reader.names[row["id"]] for row in reader.api_rows("petitions/?limit=100")}
    yield from _difference("program's list", rows, set(reader.cases))
    events = {reader.names[row["petition"]] for row in reader.api_rows("events/?limit=100")}
    yield from _difference("events", events, set(reader.cases))


def _counters(reader: ListReader) -> Iterator[str]:
    for tile in reader.get("/home/").context["tiles"]:
        name = tile["url"].partition("?")[2].partition("=")[0]
        expected = sum(counts_as(name, reader.who, fact) for fact in reader.cases.values())
        yield from _difference(f"counter {name}", tile["count"], expected)


# --- What is asked in turn --------------------------------------------------------------------


def _counted_lists(reader: ListReader) -> Iterator[str]:
    for name in filters.NAMED_FILTERS:
        if name != "due_today":
            wanted = {n for n, fact in reader.cases.items() if counts_as(name, reader.who, fact)}
            yield from _difference(f"list {name}", reader.listed_cases(f"{name}=1"), wanted)


def _overview(reader: ListReader) -> Iterator[str]:
    answer = reader.get("/overview/")
    if answer.status_code == 403:
        return
    field = answer.context["field"]
    for line in answer.context["rows"]:
        pk = int(line.cells[0].url.partition(f"{field}=")[2].partition("&")[0])
        inside = [
            reader.cases[n]
            for n in reader.open
            if getattr(reader.fixtures.cases[n], f"{field}_id") == pk
        ]
        for cell in line.cells:
            if cell.column in {"open", "overdue", "escalated"}:
                expected = sum(counts_as(cell.column, reader.who, fact) for fact in inside)
                yield from _difference(f"{line.name} {cell.column}", cell.count, expected)
    for row in answer.context["doers"]:
        tasks = [task for fact in reader.cases.values() for task in fact.tasks if task.is_owed]
        expected_tasks = (len(tasks), sum(task.is_overdue for task in tasks))
        yield from _difference(f"tasks of {row.name}", (row.open, row.overdue), expected_tasks)


def _panels(reader: ListReader) -> Iterator[str]:
    areas, orgs = reader.fixtures.stage.town.areas, reader.fixtures.stage.town.orgs
    for place in filter(lambda place: sees_place(reader.who, place), STANDING):
        inside = [f for f in reader.cases.values() if is_within(f.place, place)]
        yield from _panel(reader, areas[place].get_absolute_url(), inside)
    for body in filter(lambda body: sees_organisation(reader.who, body), orgs):
        if oracle.LEVELS[body] == OrgLevel.DEPARTMENT:
            yield from _panel_of_tasks(reader, orgs[body].get_absolute_url(), body)
            continue
        theirs = [fact for fact in reader.cases.values() if fact.handler == body]
        yield from _panel(reader, orgs[body].get_absolute_url(), theirs)


def _figures(reader: ListReader, url: str) -> dict[str, Any]:
    panels = reader.get(url).context["panels"]
    (figures,) = [panel.data for panel in panels if panel.template.startswith("petitions/")]
    return dict(figures)


def _panel(reader: ListReader, url: str, facts: list[oracle.Case]) -> Iterator[str]:
    figures = _figures(reader, url)
    for name in ("open", "overdue"):
        expected = sum(counts_as(name, reader.who, fact) for fact in facts)
        yield from _difference(f"{url} {name}", figures[name], expected)


def _panel_of_tasks(reader: ListReader, url: str, body: str) -> Iterator[str]:
    figures = _figures(reader, url)
    owed = {
        name: [task for task in fact.tasks if task.doer == body and task.is_owed]
        for name, fact in reader.cases.items()
    }
    expected = {
        "open": {name for name, tasks in owed.items() if tasks},
        "overdue": {n for n, tasks in owed.items() if any(task.is_overdue for task in tasks)},
    }
    for name, cases in expected.items():
        yield from _difference(f"{url} {name}", figures[name], len(cases))
        query = figures[f"{name}_url"].partition("?")[2]
        yield from _difference(f"{url} {name} list", reader.listed_cases(query), cases)


def _searches(reader: ListReader) -> Iterator[str]:
    yield from _difference("q=渗漏", reader.listed_cases(f"q={quote('渗漏')}"), set(reader.cases))
    for number, name in enumerate(FACTS):
        if not access_matrix.IS_FULL and number % EVERY:
            continue
        wanted = {name} & set(reader.cases)
        for typed in (marker_of(name), reader.fixtures.cases[name].number):
            query = f"q={quote(typed)}&state=all"
            yield from _difference(f"q={typed}", reader.listed_cases(query, typed) & {name}, wanted)
            rows = reader.api_rows(f"petitions/?limit=100&q={quote(typed)}", typed)
            yield from _difference(
                f"q={typed}", {reader.names[r["id"]] for r in rows} & {name}, wanted
            )


def _filters(reader: ListReader) -> Iterator[str]:
    areas, orgs = reader.fixtures.stage.town.areas, reader.fixtures.stage.town.orgs
    for place, area in areas.items():
        inside = {n for n, fact in reader.cases.items() if is_within(fact.place, place)}
        wanted = inside if sees_place(reader.who, place) else set()
        yield from _difference(
            f"place {place}", reader.listed_cases(f"state=all&place={area.pk}"), wanted
        )
    for body, org in orgs.items():
        wanted = {n for n, fact in reader.cases.items() if fact.handler == body}
        query = f"state=all&organisation={org.pk}"
        yield from _difference(f"organisation {body}", reader.listed_cases(query), wanted)
    for community in ("yingbin", "daqiao"):
        wanted = {n for n, fact in reader.cases.items() if is_within(fact.place, community)}
        query = f"state=all&community={areas[community].pk}"
        yield from _difference(f"community {community}", reader.listed_cases(query), wanted)
    for name, case in reader.fixtures.cases.items():
        rows = reader.api_rows(f"events/?petition={case.pk}")
        yield from _difference(f"events of {name}", bool(rows), name in reader.cases)


def _suggestions(reader: ListReader) -> Iterator[str]:
    keys = {area.pk: key for key, area in reader.fixtures.stage.town.areas.items()}
    for typed, meant in SUGGESTED.items():
        answer = reader.get(f"{reverse('grids:suggest')}?q={quote(typed)}", typed)
        actual = {keys[row["id"]] for row in json.loads(answer.content)["results"]}
        reached = {key for key in meant if sees_place(reader.who, key)}
        yield from _difference(f"suggested for {typed}", actual, reached)
    for address, keep in (("areas/", STANDING), ("buildings/", ["b46", "b47", "b1"])):
        actual = {keys[row["id"]] for row in reader.api_rows(f"{address}?limit=100")}
        yield from _difference(
            address, actual, {key for key in keep if sees_place(reader.who, key)}
        )
    bodies = {org.pk: key for key, org in reader.fixtures.stage.town.orgs.items()}
    actual = {bodies[row["id"]] for row in reader.api_rows("organisations/?limit=100")}
    wanted = {
        key for key in bodies.values() if key != "gone" and sees_organisation(reader.who, key)
    }
    yield from _difference("organisations/", actual, wanted)


SUGGESTED = {
    "46号楼": {"b46"},
    "河畔新区": {"hzxq", "b1"},
    "大桥": {"daqiao", "d1", "hzxq", "b1"},
    "阜兴花苑": {"fxhy", "b46", "b47"},
}


def _choices(reader: ListReader) -> Iterator[str]:
    """The bodies a form offers are those within reach, and never more."""
    keys = {org.pk: key for key, org in reader.fixtures.stage.town.orgs.items()}
    for name, act, field in OFFERED:
        answer = reader.get(f"/petitions/{reader.fixtures.cases[name].pk}/{act}/")
        if answer.status_code != 200 or answer.context is None:
            continue
        offered = {keys[row.pk] for row in answer.context["form"].fields[field].queryset}
        outside = {key for key in offered if not sees_organisation(reader.who, key)}
        yield from _difference(f"{act} offers", outside, set())
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


def _asked(reader: ListReader, turn: int) -> Iterator[str]:
    chosen = [
        q for at, q in enumerate(IN_TURN) if access_matrix.IS_FULL or (at + turn) % EVERY == 0
    ]
    for question in (*TO_ALL, *chosen):
        yield from question(reader)


@pytest.mark.slow
def test_lists_and_counters_match_the_oracle(fixtures: AccessFixtures) -> None:
    wrong = []
    for turn, who in enumerate(WITH_POST):
        reader = ListReader(fixtures, who)
        wrong += [f"{who} {line}" for line in _asked(reader, turn)]
        wrong += [f"{who} is told by {line}" for line in reader.leaks]
    assert wrong == []


@pytest.mark.parametrize("who", WITHOUT)
def test_users_without_post_get_no_list(fixtures: AccessFixtures, who: str) -> None:
    for url in ("/home/", "/petitions/", "/overview/", "/api/v1/petitions/", "/api/v1/events/"):
        answer = fixtures.visitors[who].ask("GET", url)
        assert answer.status_code in {302, 401, 403}, url
        assert fixtures.cases_in(answer.content) == []


# --- Planted mistakes -------------------------------------------------------------------------


def test_a_filter_that_replaces_the_scope_is_noticed(
    fixtures: AccessFixtures, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replacing(_self: Any, _rows: Any, _name: str, pk: int) -> Any:
        return Petition.objects.filter(path__startswith=Area.objects.get(pk=pk).path)

    monkeypatch.setattr(filters.PetitionFilter, "keep_below", replacing)
    reader = ListReader(fixtures, "clerk")
    with pytest.raises(AssertionError):
        assert list(_filters(reader)) == []
    assert any("foreign" in line for line in reader.leaks)


def test_a_count_over_all_cases_is_noticed(
    fixtures: AccessFixtures, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Matches.page

    def page_with_all(*asked: Any) -> Any:
        return original(*asked)[0], Petition.objects.count()

    monkeypatch.setattr(Matches, "page", page_with_all)
    with pytest.raises(AssertionError):
        list(_lists(ListReader(fixtures, "clerk")))
