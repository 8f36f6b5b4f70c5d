"""Nothing asks for cases without the viewer's scope: not a search, a count or a suggestion."""

# django-filter has no types of its own.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from petitions.enums import Verb
from petitions.models import Petition
from petitions.rules import tracking_codes
from petitions.web.filters import NAMED_FILTERS, EventFilter, PetitionFilter
from tests.support import scope_rules
from tests.support.access_fixtures import Visitor, log_in_visitors
from tests.support.cast import Stage
from tests.support.clients import TRANSACTION_STATEMENT

WHO = "clerk"  # one post, for the whole of its community
HIDDEN_WORD, ABSENT_WORD = "鲲鹏", "麒麟"
LIST, API, EVENTS = "/petitions/", "/api/v1/petitions/", "/api/v1/events/"
PREVIEW = "/petitions/new/preview/"


@pytest.fixture
def hidden(stage: Stage) -> Petition:
    stage.file()
    return stage.file(
        place=stage.town.areas["b1"], text=f"{HIDDEN_WORD}店门口漏水", external_number="GD20260001"
    ).petition


@pytest.fixture
def visitor(stage: Stage, hidden: Petition) -> Visitor:
    return log_in_visitors(stage)[WHO]


def _values(stage: Stage, hidden: Petition) -> dict[str, str]:
    """Return a value for every filter, of the hidden case where the filter can name it."""
    ids = {
        name: str(getattr(hidden, f"{name}_id"))
        for name in ("organisation", "subdistrict", "community", "grid", "place")
    }
    return (
        dict.fromkeys(NAMED_FILTERS, "1")
        | ids
        | {
            "q": HIDDEN_WORD,
            "state": "all",
            "status": hidden.status,
            "urgency": hidden.urgency,
            "category": hidden.category.code,
            "channel": hidden.channel,
            "filed_from": "2020-01-01",
            "filed_to": "2099-01-01",
            "doer": ids["organisation"],
            "late_doer": ids["organisation"],
            "after": "0",
            "petition": str(hidden.pk),
            "verb": Verb.FILE.value,
        }
    )


def _addresses(stage: Stage, hidden: Petition) -> Iterator[str]:
    values = _values(stage, hidden)
    for name in PetitionFilter.get_filters():
        yield f"{LIST}?{name}={values[name]}"
        yield f"{API}?{name}={values[name]}"
    for name in EventFilter.get_filters():
        yield f"{EVENTS}?{name}={values[name]}"
    code = tracking_codes.code_for(hidden.uuid)
    numbers = (hidden.number, str(hidden.pk), f"{hidden.pk:06d}", hidden.external_number, code)
    for typed in (*numbers, "漏水", "店门口 漏水", "fxhy46", hidden.organisation.name):
        yield f"{LIST}?q={typed}"
        yield f"{API}?q={typed}"
    own = stage.town.building.pk
    yield "/home/"
    yield "/overview/"
    yield f"/places/{own}/"
    yield "/places/suggest/?q=46"
    yield f"/organisations/{stage.town.orgs['branch'].pk}/"
    yield f"{PREVIEW}?place={own}"


def _statements(visitor: Visitor, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        if url.startswith(PREVIEW):  # its words must not stand in an address
            answer = visitor.ask("POST", PREVIEW, dict(parse_qsl(url.partition("?")[2])))
        else:
            answer = visitor.ask("GET", url)
    assert answer.status_code in {200, 403}, (url, answer.status_code)
    sql = [query["sql"] for query in captured.captured_queries]
    return [statement for statement in sql if not TRANSACTION_STATEMENT.match(statement)]


def test_every_statement_about_cases_holds_the_scope(
    stage: Stage, hidden: Petition, visitor: Visitor
) -> None:
    path = stage.town.areas["yingbin"].path
    visible = Petition.objects.visible_to(stage.cast[WHO]).values_list("pk", flat=True)
    assert hidden.pk not in set(visible)
    found = {
        url: unscoped
        for url in _addresses(stage, hidden)
        if (
            unscoped := scope_rules.statements_without_scope(
                _statements(visitor, url), path, visible
            )
        )
    }
    assert found == {}


@pytest.mark.parametrize("address", [LIST, API])
def test_a_hidden_word_costs_the_statements_of_an_absent_one(
    visitor: Visitor, address: str
) -> None:
    hidden_word, absent_word = (
        [
            statement.replace(word, "*")
            for statement in _statements(visitor, f"{address}?q={word}")
            if scope_rules.is_about_cases(statement)
        ]
        for word in (HIDDEN_WORD, ABSENT_WORD)
    )
    assert hidden_word
    assert [len(statement) for statement in hidden_word] == [
        len(statement) for statement in absent_word
    ]


def test_the_rule_reports_a_statement_without_scope() -> None:
    scoped = (
        'SELECT 1 FROM "petitions_petition" WHERE "petitions_petition"."path" LIKE \'1.2.%\''
        ' AND NOT "petitions_petition"."is_sealed"'
    )
    planted = {
        'SELECT 1 FROM "petitions_petition" WHERE "search" @@ \'x\'': False,
        'SELECT 1 FROM "petitions_note" WHERE "petition_id" IN (3, 4)': False,
        'SELECT 1 FROM "petitions_note" WHERE "petition_id" IN (3)': True,
        'SELECT 1 FROM "grids_area" WHERE "id" = 4': True,
        scoped: True,
        scoped.replace("1.2.", "1.3."): False,
    }
    reported = scope_rules.statements_without_scope(planted, "1.2.", [3])
    assert reported == [sql for sql, is_allowed in planted.items() if not is_allowed]
