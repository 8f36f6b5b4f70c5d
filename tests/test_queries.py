"""Query counts of every page and verb: at most twelve, with 100 and with 10,000 cases."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings

from petitions.api.throttling import WriteThrottle
from petitions.enums import Status, Verb
from tests.support import task_steps
from tests.support.api_client import Program
from tests.support.bulk_cases import multiply_cases
from tests.support.cast import PATHS, Stage
from tests.support.clients import BUDGET, counted, login
from tests.support.run_report import ReportFigure
from tests.support.verb_cases import VERB_CASES, VerbCase, url_of

S = Status
FREQUENT = "state=all&q=水质"
FILTERS = (
    "",
    "state=all",
    FREQUENT,
    "overdue=1&urgency=urgent",
    "status=submitted&status=closed&category=WS01",
    "state=all&sort=due",
)


class Count:
    """How many questions each thing asked."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.numbers = stage, dict[str, int]()
        self.asked: dict[str, list[str]] = {}

    def measure(self, name: str, ask: Callable[[], Any], statuses: set[int]) -> None:
        """Count one request, which must succeed."""
        with counted() as asked:
            answer = ask()
        assert answer.status_code in statuses, f"{name}: {answer.content.decode()[:2000]}"
        self.numbers[name], self.asked[name] = len(asked), list(asked)

    def pages(self) -> None:
        """Look at everything."""
        petition = self.stage.at(S.IN_PROGRESS)
        for who in ("clerk", "secretary", "official"):
            client = login(self.stage, who)
            for name in ("home", "desk", "overview") if who != "secretary" else ("home",):
                url = reverse(f"petitions:{name}")
                self.measure(f"{name} ({who})", partial(client.get, url), {200})
            for query in FILTERS:
                url = f"{reverse('petitions:list')}?{query}"
                self.measure(f"list?{query} ({who})", partial(client.get, url), {200})
            for name in ("case", "print", "resolve" if who == "secretary" else "note"):
                url = reverse(f"petitions:{name}", args=[petition.pk])
                self.measure(f"{name} ({who})", partial(client.get, url), {200})
        client = login(self.stage, "clerk")
        url, asked = reverse("petitions:desk_preview"), {"place": self.stage.town.building.pk}
        self.measure("desk preview", lambda: client.post(url, asked), {200})
        program = Program(self.stage.cast["clerk"])
        for path in ("/petitions/", f"/petitions/{petition.pk}/", "/events/", "/areas/", "/me/"):
            name = path.replace(str(petition.pk), "1")
            self.measure(f"program {name}", partial(program.get, path), {200})

    def verbs(self) -> None:
        """Do everything, by page and by program."""
        for case in VERB_CASES:
            self._by_page(case)
            self._by_program(case)

    def _by_page(self, case: VerbCase) -> None:
        petition, client = case.case(self.stage), login(self.stage, case.by)
        data = case.form_data(self.stage, petition)
        post = partial(client.post, url_of(petition, case.verb), data)
        self.measure(f"{case.verb} by page", post, {200 if case.verb == Verb.REVEAL else 302})

    def _by_program(self, case: VerbCase) -> None:
        petition, program = case.case(self.stage), Program(self.stage.cast[case.by])
        seen = f'"v{petition.version}"'
        post = partial(case.send, program, self.stage, petition, If_Match=seen)
        self.measure(f"{case.verb} by program", post, {200})

    def filing(self) -> None:
        """Save the desk's form, and file by program."""
        report, client = self.stage.report(), login(self.stage, "clerk")
        form = {
            "key": str(uuid.uuid4()),
            "where": report.place.full_name,
            "place": report.place.pk,
            "what": report.category.name,
            "category": report.category.pk,
            "text": "水是黄的",
            "name": "示例居民",
            "phone": "190-0000-1234",
            "channel": "desk",
        }
        url = reverse("petitions:desk")
        self.measure("desk, saved", lambda: client.post(url, form), {302})
        program = Program(self.stage.cast["clerk"])
        body = {"place": report.place.pk, "category": "WS01", "text": "水是黄的"}
        key = str(uuid.uuid4())
        self.measure(
            "filed by program",
            lambda: program.post("/petitions/", body, Idempotency_Key=key),
            {201},
        )


def _all(stage: Stage) -> Count:
    count = Count(stage)
    for _turn in range(2):  # the first turn also fills what a process keeps for a minute
        count.pages()
        count.filing()
    count.verbs()
    return count


@pytest.mark.slow
def test_query_counts_do_not_grow_with_the_cases(
    stage: Stage,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    report_figure: ReportFigure,
) -> None:
    settings.DEMO, settings.MEDIA_ROOT = True, tmp_path
    settings.REVEALS_PER_DAY = 10**6  # the copied cases hold reveals of today
    monkeypatch.setattr(logging.getLogger("request"), "level", logging.ERROR)
    monkeypatch.setattr(WriteThrottle, "allow_request", lambda *_args: True)
    for status in PATHS:
        stage.at(status)
    task_steps.acknowledged(stage)
    sizes = [multiply_cases(100)]
    few = _all(stage)
    sizes.append(multiply_cases(10_000))
    many = _all(stage)
    report_figure(f"queries at {sizes[0]} and {sizes[1]} cases")
    for name, number in sorted(many.numbers.items(), key=lambda item: -item[1]):
        report_figure(f"  {few.numbers[name]:3} {number:3}  {name}")
    over = {name for name, number in many.numbers.items() if number > BUDGET}
    assert {name: [sql[:110] for sql in many.asked[name]] for name in over} == {}
    frequent = {name for name in few.numbers if FREQUENT in name}
    assert frequent
    # A word that ten thousand cases hold is not counted: one question fewer than at a hundred.
    assert many.numbers == few.numbers | {name: few.numbers[name] - 1 for name in frequent}
