"""Whoever sends again files once: bar 3.

Lines that the client cuts at random moments, twins that arrive together, bodies changed under a
used key; by the API, and by the page with its hidden number.
"""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from tests.chaos import checks, fixtures, http_clients
from tests.chaos.cluster import Rig
from tests.chaos.http_clients import Answer, Browser, Partner
from tests.chaos.results import Outcome

TWINS = 20
AT_A_TIME = 50  # keys in one phase
LONGEST_DELAY = 0.12  # seconds after which a line is cut, at most: most answers take less
BY_TEXT = """
    SELECT text, count(*) FROM petitions_petition WHERE text LIKE %s GROUP BY text"""
KEYS = "SELECT count(*) FROM petitions_idempotencykey WHERE key LIKE %s"


def run(scale: float) -> Outcome:
    """Run all four phases and judge."""
    out = Outcome("repeats", scale)
    with Rig("repeats", webs=2, workers=1, beats=1) as rig:
        rig.start()
        go(out, rig, scale)
        rig.tend_until(lambda: rig.one(OWED) == 0, 40)
        out.verdict(checks.over_everything(rig))
    return out


OWED = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"


def go(out: Outcome, rig: Rig, scale: float) -> None:
    """Cut, double and change what is sent to a running rig."""
    partner = fixtures.partner(rig)
    heard: Counter[int] = Counter()
    with out.phase("cut lines"):
        _cut(out, rig, partner, max(20, round(500 * scale)), heard)
    sent = _twins(out, rig, partner, max(6, round(200 * scale)), heard)
    with out.phase("changed bodies"):
        _change(out, rig, partner, sent, heard)
    with out.phase("by page"):
        _by_page(out, rig, max(4, round(40 * scale)), heard)
    out.at_most("answers of 500 and above", sum(heard[one] for one in heard if one >= 500))
    out.figures["answers"] = dict(sorted(heard.items()))


def _cut(out: Outcome, rig: Rig, partner: Partner, count: int, heard: Counter[int]) -> None:
    """Cut each line once, at some moment, then send the same until it is answered."""
    chance = random.Random(3)
    plans = [
        (f"cut-{number:05}", http_clients.CUTS[number % 3], chance.random() * LONGEST_DELAY)
        for number in range(count)
    ]

    def one(plan: tuple[str, str, float]) -> tuple[str, Answer]:
        key, cut, delay = plan
        sent = partner.report(key, photos=1 if key.endswith("0") else 0)
        partner.file(sent, key, cut=cut, delay=delay)
        return key, partner.file_until(sent, key, heard)

    with ThreadPoolExecutor(12) as crowd:
        answers = dict(crowd.map(one, plans))
    ids = {key: answer.said.get("id") for key, answer in answers.items()}
    out.at_least("cut lines answered at last", _accepted(answers.values()), count)
    _once(out, rig, "cut", count)
    rows = dict(rig.rows("SELECT text, id FROM petitions_petition WHERE text LIKE 'cut-%%'"))
    out.at_most("cut: answered with another case", sum(rows.get(key) != ids[key] for key in ids))


def _twins(
    out: Outcome, rig: Rig, partner: Partner, count: int, heard: Counter[int]
) -> dict[str, tuple[dict[str, str], bytes]]:
    """Send each report twenty times at once; all must be answered alike, at once or later."""
    sent = {f"twin-{number:05}": partner.report(f"twin-{number:05}") for number in range(count)}
    early: Counter[str] = Counter()
    different = 0
    keys = list(sent)
    for start in range(0, count, AT_A_TIME):
        with out.phase(f"twins from {start}"), ThreadPoolExecutor(TWINS) as crowd:
            for key in keys[start : start + AT_A_TIME]:
                firsts = list(crowd.map(partner.file, [sent[key]] * TWINS, [key] * TWINS))
                heard.update(one.status for one in firsts)
                early.update(_word(one) for one in firsts)
                late = partner.file_until(sent[key], key, heard)
                bodies = {one.body for one in (*firsts, late) if one.status == HTTPStatus.CREATED}
                different += len(bodies) != 1
    out.at_most("twins: keys answered in more than one way", different)
    out.at_most("twins: neither accepted nor told to wait", early["otherwise"])
    out.figures["twins"] = dict(early)
    _once(out, rig, "twin", count)
    return sent


def _word(answer: Answer) -> str:
    if answer.status == HTTPStatus.CREATED:
        return "accepted"
    is_twin = answer.status == HTTPStatus.CONFLICT and answer.said.get("code") == "still_running"
    return "told to wait" if is_twin and "retry-after" in answer.headers else "otherwise"


def _change(
    out: Outcome,
    rig: Rig,
    partner: Partner,
    sent: dict[str, tuple[dict[str, str], bytes]],
    heard: Counter[int],
) -> None:
    """Send other words under each used key, then the first words once more."""
    before = {key: partner.file(report, key).body for key, report in sent.items()}
    refused = differing = 0
    for key, report in sent.items():
        answer = partner.file(partner.report(f"changed-{key}"), key)
        heard[answer.status] += 1
        refused += answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
        differing += partner.file(report, key).body != before[key]
    out.at_least("changed bodies refused", refused, len(sent))
    out.at_most("changed: first answer no longer given", differing)
    out.at_most("changed: filed all the same", len(rig.rows(BY_TEXT, "changed-%")))


def _by_page(out: Outcome, rig: Rig, count: int, heard: Counter[int]) -> None:
    """Press the button of the check page several times at once, and cut some of the lines."""
    place, category, chance = fixtures.place(rig), fixtures.category(rig), random.Random(5)

    def press(work: tuple[Browser, dict[str, str], str]) -> int:
        browser, form, cut = work
        answer = browser.open("/report/check/", form, cut=cut, delay=chance.random() * 0.1)
        return answer.status

    ends: Counter[int] = Counter()
    with ThreadPoolExecutor(6) as crowd:
        for number in range(count):
            ports = [web.port for web in rig.webs]
            browser = Browser(ports[number % len(ports)], f"203.0.113.{number % 250}")
            form = browser.fill_in(place, category, f"page-{number:05}")
            presses = []
            for way in range(6):
                again = Browser(chance.choice(ports), browser.address)
                again.cookies = dict(browser.cookies)
                presses.append((again, form, http_clients.CUTS[2] if way % 3 == 0 else ""))
            heard.update(one for one in crowd.map(press, presses) if one)
            last = Browser(ports[0], browser.address)
            last.cookies = dict(browser.cookies)
            ends[last.open("/report/check/", form).status] += 1
            ends[last.open("/report/receipt/").status] += 1
    out.figures["by page, last press and receipt"] = dict(ends)
    _once(out, rig, "page", count)


def _accepted(answers: object) -> int:
    return sum(one.status == HTTPStatus.CREATED for one in answers)  # type: ignore[attr-defined]


def _once(out: Outcome, rig: Rig, word: str, count: int) -> None:
    """Hold against the rows: as many texts as keys, each filed exactly once."""
    rows = rig.rows(BY_TEXT, f"{word}-%")
    out.at_least(f"{word}: filed", len(rows), count)
    out.at_most(f"{word}: filed more than once", sum(times > 1 for _text, times in rows))
