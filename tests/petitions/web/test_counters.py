"""Figures equal the rows they count."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, QuerySet, Value
from django.http import HttpRequest, QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.lib.db import compiled_select
from config.lib.db.compiled_select import _statements as statements
from members.models import Post, User
from petitions.enums import STATUSES, Status
from petitions.models import Petition
from petitions.web import counters, list_items
from petitions.web.filters import NAMED_FILTERS, PetitionFilter, named_filter
from petitions.workflow import escalation
from tests.support.access_fixtures import log_in_visitors
from tests.support.cast import Stage

NOW = timezone.now()


def busy(stage: Stage) -> None:
    """A day with something of everything."""
    for status in STATUSES:
        stage.at(status, now=NOW)
        stage.at(status, now=NOW - dt.timedelta(days=20))
    stage.file(place=stage.town.areas["b1"], now=NOW)
    case = stage.at(Status.IN_PROGRESS, now=NOW)
    escalation.escalate(petition=case, by=stage.cast["secretary"], now=NOW, reason="缺钱")


def test_every_counter_equals_its_list_for_everybody(stage: Stage) -> None:
    busy(stage)
    for user in stage.cast.values():
        cases = Petition.objects.visible_to(user)
        counts = counters.open_cases(list(NAMED_FILTERS), user, NOW, 1).counts
        request = HttpRequest()
        request.user = user
        for name, number in counts.items():
            query = QueryDict(f"state=open&{name}=1")
            listed = PetitionFilter(query, cases, request=request, now=NOW).qs
            assert listed.count() == number, (user.username, name)


def test_a_compiled_statement_finds_what_a_fresh_one_finds(stage: Stage) -> None:
    """For everybody, at two instants and after a change of posts; nobody gets another's rows."""
    busy(stage)
    log_in_visitors(stage)
    for later in (dt.timedelta(), dt.timedelta(days=3)):
        now = NOW + later
        for user in stage.cast.values():
            names = counters.counters_for(user)
            cases = Petition.objects.visible_to(user)
            fresh = cases.open().aggregate(
                **{name: Count("pk", filter=named_filter(name, user, now)) for name in names}
            )
            ordered = list_items.urgent_first(cases.open(), user, now)[:10]
            found = counters.open_cases(names, user, now, 10)
            assert found.counts == fresh, user.username
            assert found.urgent_ids == [case.pk for case in ordered], user.username
    assert any(isinstance(row, compiled_select._Statement) for row in statements.values())


def test_a_lost_post_changes_the_statement(stage: Stage) -> None:
    busy(stage)
    assert counters.open_cases(["mine"], stage.cast["secretary"], NOW, 10).urgent_ids
    Post.objects.filter(user=stage.cast["secretary"]).delete()
    former = User.objects.get(pk=stage.cast["secretary"].pk)
    found = counters.open_cases(["overdue", "mine"], former, NOW, 10)
    assert found == counters.CountedCases({"overdue": 0, "mine": 0}, [])


def test_a_fixed_distance_from_the_instant_is_filled_in(stage: Stage) -> None:
    busy(stage)

    def build(now: dt.datetime) -> QuerySet[Petition, Any]:
        return Petition.objects.filter(due_at__lte=now + dt.timedelta(days=1)).values_list("pk")

    for later in (dt.timedelta(), dt.timedelta(days=3)):
        now = NOW + later
        found = compiled_select.rows("distance", build, now)
        assert sorted(found) == sorted(build(now))
        assert compiled_select.count("distance", build, now) == len(found) > 0


def test_rows_by_ids_are_those_of_a_fresh_query(stage: Stage) -> None:
    busy(stage)
    ids = list(Petition.objects.values_list("pk", flat=True))

    def build(now: dt.datetime, wanted: Sequence[int]) -> QuerySet[Petition]:
        rows = Petition.objects.filter(pk__in=wanted, created_at__lte=now)
        return list_items.for_list(rows.annotate(seven=Value(7))).order_by("-id")

    for wanted in (ids[:3], ids[4:7], [ids[1], -5], [ids[0]], []):
        for now in (NOW, NOW - dt.timedelta(days=10)):
            rows = compiled_select.by_ids("rows", build, now, wanted)
            assert rows == list(build(now, wanted))
        assert all(row.seven == 7 for row in rows)
    kept = [key for key in statements if isinstance(key, tuple) and key[:2] == ("by ids", "rows")]
    assert len(kept) == 3  # for one, two and three ids


def test_an_instant_that_follows_otherwise_is_not_taken_for_a_constant() -> None:
    def build(now: dt.datetime) -> QuerySet[Petition, Any]:
        midnight = now.replace(hour=0, minute=0, second=0)
        return Petition.objects.filter(due_at__lte=midnight).values_list("pk")

    with pytest.raises(compiled_select.NotReusable):
        compiled_select.compile_once(build)


def test_all_counters_in_one_query(stage: Stage) -> None:
    user = stage.cast["official"]
    assert user.scope.posts  # read before the queries are counted
    with CaptureQueriesContext(connection) as asked:
        counters.open_cases(list(NAMED_FILTERS), user, NOW, 10)
    assert len(asked) == 1


def test_counters_fit_the_posts(stage: Stage) -> None:
    cast = stage.cast
    assert "returned" in counters.counters_for(cast["clerk"])
    assert "waiting" not in counters.counters_for(cast["secretary"])
    assert "waiting" in counters.counters_for(cast["community"])
    assert counters.counters_for(cast["member"]) == ["overdue", "due_soon", "mine"]


def test_overview_rows_equal_their_lists(stage: Stage) -> None:
    busy(stage)
    user = stage.cast["official"]
    cases = Petition.objects.visible_to(user)
    for field in ("subdistrict", "community", "organisation"):
        figures = counters.figures_by(cases, field, user, NOW)
        assert sum(row.open for row in figures.values()) == cases.open().count()
        for pk, row in figures.items():
            mine = cases.open().filter(**{field: pk})
            assert row.open == mine.count()
            assert row.overdue == mine.overdue(NOW).count()
            assert row.escalated == mine.filter(is_answer_owed=True).count()
            assert row.oldest_at == min(mine.values_list("created_at", flat=True))


def test_total_adds_up() -> None:
    early, late = NOW - dt.timedelta(days=2), NOW
    rows = [
        counters.Figures(2, 1, 1, 0, late),
        counters.Figures(3, 0, 2, 1, early),
        counters.Figures(),
    ]
    assert counters.total(rows) == counters.Figures(5, 1, 3, 1, early)
    assert counters.total([]) == counters.Figures()
