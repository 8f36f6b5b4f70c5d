"""The list's compiled statements find what fresh ones find, for everybody."""

import datetime as dt

import pytest
from django.db.models import Q
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from config.lib.db import compiled_select
from members.models import Post, User
from petitions import involvement
from petitions.enums import STATUSES, Status
from petitions.models import Category, Petition
from petitions.web.filters import NAMED_FILTERS, PetitionFilter
from petitions.worklist.case_list import Matches
from tests.support.access_fixtures import log_in_visitors
from tests.support.cast import Stage

NOW = timezone.now()
QUERIES = (
    "state=open",
    "state=all",
    "state=closed",
    "state=all&category=WS",
    "state=all&category=NONE",
    "state=all&status=submitted&status=accepted",
    "state=open&urgency=normal&urgency=urgent",
    "state=open&channel=web",
    f"state=all&filed_from={NOW.date()}",
    f"state=all&filed_to={NOW.date() - dt.timedelta(days=1)}",
    "state=open&filed_from=2026-13-45",
    *(f"state=open&{name}=1" for name in NAMED_FILTERS),
)
ORDERS = ("due", "newest", "oldest")


def matches_of(user: User, query: str, now: dt.datetime) -> Matches:
    request = HttpRequest()
    request.user = user
    return Matches(request, QueryDict(query), now)  # type: ignore[arg-type]


def shown(user: User, query: str, word: str, now: dt.datetime) -> tuple[list[int], int]:
    """Return the rows and their number; the rows without counting are the same."""
    page, count = matches_of(user, query, now).page(word, ("", ""), 100, 1000)
    uncounted, none = matches_of(user, query, now).page(word, ("", ""), 100, None)
    assert uncounted.rows == page.rows
    assert none is None
    assert count is not None
    return [row.pk for row in page.rows], count


def fresh(user: User, query: str, now: dt.datetime) -> set[int]:
    request = HttpRequest()
    request.user = user
    cases = Petition.objects.visible_to(user)
    found = PetitionFilter(QueryDict(query), cases, request=request, now=now).qs
    return set(found.values_list("pk", flat=True))


def busy(stage: Stage) -> None:
    for status in STATUSES:
        stage.at(status, now=NOW)
        stage.at(status, now=NOW - dt.timedelta(days=20))
    stage.file(place=stage.town.areas["b1"], now=NOW)


@pytest.mark.slow
def test_everybody_gets_the_rows_of_a_fresh_query(stage: Stage) -> None:
    """At two instants, first compiled, then from the kept statement; nobody gets others' rows."""
    busy(stage)
    log_in_visitors(stage)
    for later in (dt.timedelta(), dt.timedelta(days=3)):
        now = NOW + later
        for user in stage.cast.values():
            for number, query in enumerate(QUERIES):
                wanted = fresh(user, query, now)
                ids, count = shown(user, query, ORDERS[number % 3], now)
                assert set(ids) == wanted, (user.username, query)
                assert (len(ids), count) == (len(wanted), len(wanted)), (user.username, query)
    kept = [row for row in compiled_select._statements.values() if row.sql]
    assert len(kept) > len(QUERIES)


@pytest.mark.parametrize("word", ["newest", "oldest"])
def test_later_pages_hold_all_rows_once_and_lead_back(stage: Stage, word: str) -> None:
    """For everybody, from both ends of the list, by pages of two."""
    for _time in range(5):
        stage.file(now=NOW)
    log_in_visitors(stage)
    for user in stage.cast.values():
        expected = sorted(fresh(user, "state=all", NOW), reverse=word == "newest")
        found: list[int] = []
        after, before = "", ""
        while True:
            page, _count = matches_of(user, "state=all", NOW).page(word, (after, ""), 2, None)
            found += [row.pk for row in page.rows]
            if not page.after:
                break
            after, before = page.after, page.before
        assert found == expected, user.username
        if before:
            back, _count = matches_of(user, "state=all", NOW).page(word, ("", before), 2, None)
            assert [row.pk for row in back.rows] == expected[:2], user.username


@pytest.mark.parametrize("query", ["state=open", "state=all&category=WS"])
def test_a_lost_post_ends_the_statement(stage: Stage, query: str) -> None:
    busy(stage)
    user = stage.cast["secretary"]
    assert shown(user, query, "newest", NOW)[0]
    Post.objects.filter(user=user).delete()
    assert shown(User.objects.get(pk=user.pk), query, "newest", NOW) == ([], 0)


def test_a_full_store_of_statements_starts_anew(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled_select, "MAX_STATEMENTS", 1)
    case = stage.file().petition
    for _time in range(2):
        assert shown(stage.cast["clerk"], "state=open", "newest", NOW) == ([case.pk], 1)


def test_a_new_category_is_in_the_next_list(stage: Stage) -> None:
    user, query = stage.cast["clerk"], "state=all&category=WS"
    assert shown(user, query, "newest", NOW) == ([], 0)
    added = Category.objects.get(code="WS01")
    added.pk, added.code = None, "WS77"
    added.save()
    case = stage.file(category=added).petition
    assert shown(user, query, "newest", NOW) == ([case.pk], 1)


@pytest.mark.parametrize("query", ["q=发浑", "place={place}"])
def test_words_and_places_are_looked_up_each_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    stage.file()
    monkeypatch.setattr(compiled_select, "compile_once", None)
    place = stage.town.areas["fxhy"].pk
    ids, count = shown(stage.cast["clerk"], query.format(place=place), "newest", NOW)
    assert (len(ids), count) == (1, 1)


def test_a_leak_through_a_shared_statement_would_be_noticed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key without the viewer gives the outsider the rows of the clerk."""
    busy(stage)
    monkeypatch.setattr(Matches, "_key", lambda _self: ("everybody",))
    assert shown(stage.cast["clerk"], "state=all", "newest", NOW)[0]
    assert shown(stage.cast["outsider"], "state=all", "newest", NOW)[0]


def test_a_decided_date_sorts_the_list_of_who_decides(stage: Stage) -> None:
    """The order by due date has conditions of the viewer too."""
    case = stage.at(Status.RETURNED, now=NOW)
    for user in stage.cast.values():
        decides = Petition.objects.filter(Q(pk=case.pk), involvement.awaiting_decision_by(user))
        if decides.exists():
            rows = matches_of(user, "state=open", NOW).page("due", ("", ""), 20, 100)[0].rows
            assert [row.pk for row in rows] == [case.pk]
            assert rows[0].page_key == case.decision_due_at  # type: ignore[attr-defined]
