"""Access matrix: role × route × object × method, generated from the URL configuration."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from grids.models import Area
from members.models import User
from petitions.api.throttling import WriteThrottle
from petitions.casework import case_detail, case_page
from petitions.casework import photo_pages as photo_views
from petitions.models import Petition, PetitionQuerySet
from tests.support import access_matrix, oracle, route_list
from tests.support.access_fixtures import FACTS, NOW, AccessFixtures, build, requests
from tests.support.access_matrix import ScopedRoute
from tests.support.cast import Stage
from tests.support.route_list import Access
from tests.support.run_report import ReportFigure

EVERYBODY = tuple(oracle.POSTS)
HALVES = ("pages", "programs")
TURNS = [((name,), half) for name in EVERYBODY for half in HALVES]
if not access_matrix.IS_FULL:
    TURNS = [(EVERYBODY, "")]


@pytest.fixture
def fixtures(stage: Stage, monkeypatch: pytest.MonkeyPatch, settings: Any) -> AccessFixtures:
    settings.PHOTOS_BY_ACCEL = True  # no file is read; only access is tested
    monkeypatch.setattr(WriteThrottle, "allow_request", lambda *_args: True)
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.ERROR)
    requests.clear()
    return build(stage)


# --- The table is complete --------------------------------------------------------------------


def test_every_route_has_an_entry_and_every_entry_a_route() -> None:
    names = {route.name for route in route_list.routes()}
    assert sorted(name for name in names if route_list.access_of(name) is None) == []
    assert sorted(set(route_list.TABLE) - names) == []


def test_new_route_has_no_entry() -> None:
    for name in ("petitions:planted", "api:planted", "admin:petitions_petition_change"):
        assert route_list.access_of(name) is None


def test_every_route_with_a_parameter_is_in_a_matrix() -> None:
    keyed = {route.name for route in route_list.routes() if route.parameters}
    here = access_matrix.PAGE_ACCESS | access_matrix.TOKEN_ACCESS
    residents = {Access.DRAFT, Access.JOIN, Access.FOLLOWED_PHOTO}  # tests/test_access_residents.py
    admin_pages = {
        *(Access.ADMIN_ROW, Access.ADMIN_DELETE, Access.ADMIN_END),
        *(Access.ADMIN, Access.NOBODY),
    }
    left = {
        name for name in keyed if route_list.access_of(name) not in here | residents | admin_pages
    }
    by_key = {"account_reset_password_from_key"}  # the link of a mail
    assert left == {"petitions:at_place"} | by_key


# --- The oracle knows the town ----------------------------------------------------------------


def test_oracle_matches_the_town(fixtures: AccessFixtures) -> None:
    town = fixtures.stage.town
    assert {key: area.parent and area.parent.pk for key, area in town.areas.items()} == {
        key: above and town.areas[above].pk for key, above in oracle.PLACES.items()
    }
    for key, body in town.orgs.items():
        above = oracle.ORGANISATIONS[key]
        assert body.parent_id == (town.orgs[above].pk if above else None)
        assert body.area_id == town.areas[oracle.AREA_OF[key]].pk
        served = {town.areas[place].pk for place in oracle.SERVES.get(key, ())}
        assert set(body.responsibilities.values_list("area", flat=True)) == served
        assert body.level == oracle.LEVELS[key]


def test_oracle_matches_the_cases(fixtures: AccessFixtures) -> None:
    town, cast = fixtures.stage.town, fixtures.stage.cast

    def pk(body: str | None) -> int | None:
        return town.orgs[body].pk if body else None

    for name, fact in FACTS.items():
        case = Petition.objects.get(pk=fixtures.cases[name].pk)
        assert (case.status, case.place_id) == (fact.status, town.areas[fact.place].pk), name
        assert (case.organisation_id, case.assigned_group_id) == (pk(fact.handler), pk(fact.group))
        assert (case.supervisor_id, case.is_answer_owed) == (pk(fact.above), fact.is_answer_owed), (
            name
        )
        assert case.about_organisation_id == pk(fact.about)
        tasks = {(row.doer_id, row.orderer_id, row.state) for row in case.tasks.all()}
        assert tasks == {(pk(row.doer), pk(row.orderer), row.state) for row in fact.tasks}, name
        assert case.doer_ids == sorted({pk(row.doer) or 0 for row in fact.tasks}), name
        assert case.assignee_ids == [cast[name].pk for name in fact.people], name
        assert case.is_sealed == fact.is_sealed, name
        assert case.arbiter_id == pk(fact.arbiter), name
        assert case.resolved_by_id == (cast[fact.resolver].pk if fact.resolver else None), name
        assert case.returned_by_id == (cast[fact.returner].pk if fact.returner else None), name
        assert case.filed_by_id == (cast[fact.filer].pk if fact.filer else None), name


def test_every_case_is_visible_to_some_and_hidden_from_others() -> None:
    for name, fact in FACTS.items():
        seen = {who for who in EVERYBODY if oracle.sees_case(who, fact)}
        assert seen, name
        assert seen < set(EVERYBODY), name


# --- The matrix -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("names", "half"), TURNS, ids=[f"{n[0]} {h}" for n, h in TURNS])
@time_machine.travel(NOW, tick=False)  # what depends on the time of a request must not differ
def test_matrix(
    fixtures: AccessFixtures, names: tuple[str, ...], half: str, report_figure: ReportFigure
) -> None:
    before = {case.pk: case.version for case in Petition.objects.all()}
    problems = [
        line
        for name in names
        for line in access_matrix.wrong(
            fixtures, fixtures.visitors[name], EVERYBODY.index(name), half
        )
    ]
    who = f"{names[0]} ({half})" if half else f"{len(names)} roles"
    report_figure(f"{sum(requests.values())} requests by {who}: {dict(requests)}")
    assert problems == []
    assert {case.pk: case.version for case in Petition.objects.all()} == before


# --- Planted mistakes -------------------------------------------------------------------------


def _only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Limit the matrix to some routes, in its full form."""
    every = access_matrix.scoped

    def some(fixtures: AccessFixtures) -> Iterator[ScopedRoute]:
        return (route for route in every(fixtures) if route.name in names)

    monkeypatch.setattr(access_matrix, "scoped", some)
    monkeypatch.setattr(access_matrix, "IS_FULL", True)
    monkeypatch.setattr(access_matrix, "OTHER", ())


def test_the_matrix_sees_an_unscoped_page(
    fixtures: AccessFixtures, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unscoped(_viewer: User, pk: int, _cases: Any) -> Petition:
        return case_detail.with_details().get(pk=pk)

    _only(monkeypatch, "petitions:case")
    monkeypatch.setattr(case_page, "get_case", unscoped)
    problems = list(access_matrix.wrong(fixtures, fixtures.visitors["outsider"], 0))
    assert any("GET petitions:case (own)" in line for line in problems)


def test_the_matrix_sees_a_mistake_in_the_rule_itself(
    fixtures: AccessFixtures, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = PetitionQuerySet.visible_to

    def forgets_own_cause(rows: Any, viewer: User) -> Any:
        about = Petition.objects.exclude(about_organisation=None)
        return right(rows, viewer) | rows.filter(pk__in=about, path__startswith="")

    _only(monkeypatch, "api:petition")
    monkeypatch.setattr(PetitionQuerySet, "visible_to", forgets_own_cause)
    problems = list(access_matrix.wrong(fixtures, fixtures.visitors["secretary"], 0))
    assert any("GET api:petition (about the branch)" in line for line in problems)


def test_the_matrix_sees_a_thumbnail_without_a_check(
    fixtures: AccessFixtures, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = photo_views._send

    def unchecked(request: Any, uuid: Any, *, is_thumb: bool) -> Any:
        if is_thumb:
            request.user = fixtures.stage.cast["city"]
        return send(request, uuid, is_thumb=is_thumb)

    _only(monkeypatch, "petitions:thumb", "petitions:photo_file")
    monkeypatch.setattr(photo_views, "_send", unchecked)
    problems = list(access_matrix.wrong(fixtures, fixtures.visitors["outsider"], 0))
    assert any("GET petitions:thumb (own)" in line for line in problems)
    assert not any("photo_file" in line for line in problems)


def test_the_matrix_sees_a_place_beyond_the_territory(
    fixtures: AccessFixtures, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only(monkeypatch, "grids:place")
    everything = lambda rows, _viewer: rows.all()  # noqa: E731
    monkeypatch.setattr(type(Area.objects.all()), "visible_to", everything)
    problems = list(access_matrix.wrong(fixtures, fixtures.visitors["clerk"], 0))
    assert any("GET grids:place (b1)" in line for line in problems)
