"""Figures equal the rows they count."""

import datetime as dt

from django.db import connection
from django.http import HttpRequest, QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from petitions.enums import STATUSES, Status
from petitions.models import Petition
from petitions.web import counters
from petitions.web.filters import NAMED_FILTERS, PetitionFilter
from petitions.workflow import escalation
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
        counts = counters.count(cases, list(NAMED_FILTERS), user, NOW)
        request = HttpRequest()
        request.user = user
        for name, number in counts.items():
            query = QueryDict(f"state=open&{name}=1")
            listed = PetitionFilter(query, cases, request=request, now=NOW).qs
            assert listed.count() == number, (user.username, name)


def test_all_counters_in_one_query(stage: Stage) -> None:
    user = stage.cast["official"]
    cases = Petition.objects.visible_to(user)
    with CaptureQueriesContext(connection) as asked:
        counters.count(cases, list(NAMED_FILTERS), user, NOW)
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
