"""Canaries: marked cases pass through every flow, then every sink is searched."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest

from tests.privacy import sinks
from tests.privacy.canaries import INSIDE, WORDS, Canaries, CanarySearch, MarkedCase
from tests.privacy.flows import Town
from tests.privacy.scale import IS_FULL
from tests.support.stack import Stack

pytestmark = pytest.mark.slow

CASES, LOOKED_AT = (200, 12) if IS_FULL else (6, 1)
FIRST = 0 if IS_FULL else 9000  # of a stack that others use as well
DELIVER = "from members.tasks import daily_digest, deliver_due; daily_digest(); deliver_due()"
SEND_SMS = (
    "from petitions.ops.scheduled_tasks import drain_outbox, text_residents;"
    "drain_outbox(); text_residents()"
)
DELETE_EXPIRED = (
    "import datetime; from django.utils import timezone; from petitions.workflow import contact;"
    "print(contact.delete_expired(now=timezone.now() + datetime.timedelta(days=181)))"
)


@pytest.fixture(scope="module")
def marked(stack: Stack, token: str) -> tuple[Town, list[MarkedCase]]:
    """The town after all cases were handled and every user opened the pages."""
    town = Town(stack, token)
    cases = [MarkedCase(number) for number in range(FIRST, FIRST + CASES)]
    began = time.monotonic()
    for case in cases:
        town.file(case)
        town.handle(case)
        town.follow(case)
    sinks.look_round(town, LOOKED_AT)
    for words in (SEND_SMS, DELIVER) if IS_FULL else ():
        ran = stack.manage("shell", "-c", words)
        assert ran.returncode == 0, ran.stderr
        (stack.at.logs / "said.log").write_text(ran.stdout + ran.stderr)
    print(f"\ncanaries: {CASES} cases driven in {time.monotonic() - began:.0f} s")
    return town, cases


def _wrong(sink: str, canaries_found: Canaries, numbers: set[int]) -> list[str]:
    may = sinks.allowed(sink)
    return [
        f"{sink}: {kind} of {sorted(cases & numbers)[:5]}"
        for kind, cases in canaries_found.items()
        if kind not in may and cases & numbers
    ]


def test_canaries_are_only_in_allowed_sinks(marked: tuple[Town, list[MarkedCase]]) -> None:
    town, cases = marked
    search, numbers = CanarySearch(cases), {case.number for case in cases}
    searched: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    wrong: list[str] = []
    for sink, canaries_found in sinks.everywhere(town, search):
        searched[sink] += 1
        for kind, where in canaries_found.items():
            hits[kind] += bool(where & numbers)
        wrong += _wrong(sink, canaries_found, numbers)
    print(f"\ncanaries: {searched.total()} looks into {len(searched)} sinks; allowed: {dict(hits)}")
    assert not wrong, "\n".join(wrong)
    assert _blind(searched) == []
    assert {WORDS, INSIDE, "name", "phone", "code"} <= set(hits), "the search has seen nothing"


def _blind(searched: Counter[str]) -> list[str]:
    """Return the required sinks that the search did not visit."""
    needed = (
        *("log web.log", "log worker.log", "log beat.log", "log postgres.log", "log valkey.log"),
        *("table petitions_contact.cipher", "table petitions_event.data", "files of the queue"),
        *("photo ", "key of the queue"),
        *(("outbox sms.jsonl", "files of the database") if IS_FULL else ()),
        *("table django_session.session_data", "resident read /metrics", "resident read /readyz"),
        *("resident read /api/v#/schema/", "outsider read /petitions/", "auditor read /home/"),
    )
    return [prefix for prefix in needed if not any(sink.startswith(prefix) for sink in searched)]


def test_the_branch_complained_about_reads_nothing_of_it(
    marked: tuple[Town, list[MarkedCase]],
) -> None:
    town, cases = marked
    hidden = {case.number for case in cases if case.is_about_branch}
    search, leaks = CanarySearch(cases), []
    for name in {"secretary", "leader", "member"} & set(town.people):
        for path, body in town.people[name].seen or ():
            canaries_found = search.look(body)
            if any(numbers & hidden for numbers in canaries_found.values()):
                leaks.append(f"{name} {path}")
    assert hidden
    assert leaks == []


def test_allowed_sinks_have_a_reason() -> None:
    for pattern, kinds, why in sinks.ALLOWED:
        re.compile(pattern)
        assert kinds
        assert why


@pytest.mark.skipif(not IS_FULL, reason="empties the contacts of a stack that others use as well")
def test_expired_contacts_are_deleted(marked: tuple[Town, list[MarkedCase]]) -> None:
    town, _cases = marked
    count = "SELECT count(*) FROM petitions_contact c JOIN petitions_petition p"
    count += " ON p.id = c.petition_id WHERE p.status = 'closed'"
    assert town.stack.value(count)
    ran = town.stack.manage("shell", "-c", DELETE_EXPIRED)
    assert ran.returncode == 0, ran.stderr
    assert town.stack.value(count) == 0
