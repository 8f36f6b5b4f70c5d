"""Guessing against the running stack: nothing found, limits exact, headers without effect."""

from __future__ import annotations

import re
import secrets
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from petitions.rules import tracking_codes
from tests.privacy.flows import PLACE
from tests.privacy.scale import IS_FULL
from tests.privacy.visitor import Answer, Visitor, fresh_address
from tests.support.stack import Stack

# Away from where the stories of other tests play: in another community of the subdistrict.
ELSEWHERE = """
    SELECT there.place_id FROM petitions_petition there JOIN petitions_petition here
        ON here.subdistrict_id = there.subdistrict_id AND here.community_id <> there.community_id
    WHERE here.place_name = %s AND there.grid_id IS NOT NULL ORDER BY there.place_id LIMIT 1"""
CODES, DIGITS, PAIRS = (5000, 5000, 300) if IS_FULL else (30, 30, 10)
AT_ONCE = 8
PER_ADDRESS, PER_CODE = 5, 10
WINDOW = 15 * 60
FORGED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "Via")
CHANGING = re.compile(rb'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"|value="[\w-]+"')


@pytest.fixture(scope="module")
def guesser(stack: Stack) -> Visitor:
    """Somebody at the tracking page, whose form is open."""
    visitor = Visitor(stack)
    visitor.get("/track/")
    return visitor


@pytest.fixture(scope="module")
def partner(stack: Stack, token: str) -> Visitor:
    """The program that files the cases whose codes are guessed."""
    return Visitor(stack, bearer=token)


def _filed(partner: Visitor, phone: str) -> str:
    """File a case and return its code."""
    place = partner.stack.value(ELSEWHERE, PLACE)
    report = {"place": place, "category": "WS01", "text": "示例", "contact": {"phone": phone}}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    answer = partner.send_json("/api/v1/petitions/", report, key)
    while answer.status == 429:  # another harness has filed a lot with the same token
        time.sleep(int(answer.headers["retry-after"]))
        answer = partner.send_json("/api/v1/petitions/", report, key)
    assert answer.status == 201, answer.text
    return str(re.findall(r'"tracking_code":\s*"([^"]+)"', answer.text)[0])


def _guess(guesser: Visitor, code: str, digits: str, address: str = "", **headers: str) -> Answer:
    who = replace(guesser, address=address or fresh_address(), cookies=dict(guesser.cookies))
    return who.post("/track/", {"code": code, "digits": digits}, headers=headers)


def _is_hit(answer: Answer) -> bool:
    return answer.status == 302 or ("没有找到" not in answer.text and answer.status == 200)


def _code() -> str:
    return "".join(
        secrets.choice(tracking_codes.ALPHABET) for _place in range(tracking_codes.LENGTH)
    )


def _within_one_window(seconds: int) -> None:
    """Wait for the next window when this one ends too soon for a count."""
    left = WINDOW - time.time() % WINDOW
    if left < seconds:
        time.sleep(left + 1)


def test_exactly_five_wrong_tries_from_one_address_whatever_is_forged(guesser: Visitor) -> None:
    _within_one_window(20)
    address = fresh_address()

    def attempt(number: int) -> int:
        header = {FORGED[number % len(FORGED)]: f"for=203.0.113.{number}, 203.0.113.{number}"}
        return _guess(guesser, _code(), "0000", address, **header).status

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = list(pool.map(attempt, range(24)))
    assert (statuses.count(200), statuses.count(429)) == (PER_ADDRESS, 24 - PER_ADDRESS)


def test_right_is_let_through_where_strangers_have_guessed(
    guesser: Visitor, partner: Visitor
) -> None:
    _within_one_window(20)
    code, address = _filed(partner, "190-0000-4321"), fresh_address()
    statuses = [_guess(guesser, _code(), "0000", address).status for _i in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert _guess(guesser, code, "4321", address).status == 302


def test_guessing_finds_nothing(guesser: Visitor, partner: Visitor, stack: Stack) -> None:
    """Codes at random, and one code that is known with every number of four digits."""
    code = _filed(partner, "190-0000-0015")
    tries = [(_code(), "0000") for _i in range(CODES)]
    tries += [(code, f"{number:04}") for number in range(DIGITS)]
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda pair: _guess(guesser, *pair), tries[: CODES + PER_CODE]))
        answers += pool.map(lambda pair: _guess(guesser, *pair), tries[CODES + PER_CODE :])
    hits = [answer for answer in answers if _is_hit(answer)]
    assert {answer.status for answer in answers} == {200}
    assert hits == []
    assert "没有找到" in _guess(guesser, code, "0015").text
    counted = stack.rows(
        "SELECT max(count) FROM petitions_guesscount WHERE bucket LIKE 'digits:%%'"
    )
    assert counted == [(PER_CODE,)]
    print(
        f"\nguesses: {len(answers)} in {time.monotonic() - began:.0f} s, {len(hits)} hits;"
        f" digits of one code looked at: {counted[0][0]}"
    )


def test_a_wrong_code_and_wrong_digits_are_answered_alike(
    guesser: Visitor, partner: Visitor
) -> None:
    took: dict[str, list[float]] = {"code": [], "digits": []}
    alike = set()
    for number in range(PAIRS):
        if number % (PER_CODE - 1) == 0:
            known = _filed(partner, "190-0000-7777")
        for kind, code in (("code", _code()), ("digits", known)):
            began = time.perf_counter()
            answer = _guess(guesser, code, "1111")
            took[kind].append((time.perf_counter() - began) * 1000)
            alike.add((answer.status, CHANGING.sub(b"", answer.body)))
            assert sorted(answer.headers) == sorted(_guess(guesser, _code(), "1111").headers)
    assert len(alike) == 1
    medians = {kind: statistics.median(times) for kind, times in took.items()}
    print(
        f"\ntiming: {PAIRS} pairs, wrong code {medians['code']:.2f} ms, wrong digits"
        f" {medians['digits']:.2f} ms, difference {medians['digits'] - medians['code']:+.2f} ms"
    )
