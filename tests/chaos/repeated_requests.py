"""Repeated requests with the same idempotency key file one report.

Connections that the client cuts at random points, simultaneous duplicates, and changed bodies under
a used key; by API, and by the page with its hidden key.
"""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from tests.chaos import checks, fixtures, http_clients
from tests.chaos.cluster import Cluster
from tests.chaos.http_clients import Browser, PartnerClient, Response
from tests.chaos.results import ChaosResult

TWINS = 20
AT_A_TIME = 50  # keys in one phase
LONGEST_DELAY = 0.12  # seconds after which a line is cut, at most: most responses_by_key take less
BY_TEXT = """
    SELECT text, count(*) FROM petitions_petition WHERE text LIKE %s GROUP BY text"""
KEYS = "SELECT count(*) FROM petitions_idempotencykey WHERE key LIKE %s"


def run(scale: float) -> ChaosResult:
    """Run all four phases and judge."""
    result = ChaosResult("repeated_requests", scale)
    with Cluster("repeated_requests", webs=2, workers=1, beats=1) as cluster:
        cluster.start()
        exercise(result, cluster, scale)
        cluster.wait_until(lambda: cluster.scalar(OWED) == 0, 40)
        result.expect_zero(checks.all_checks(cluster))
    return result


OWED = "SELECT count(*) FROM petitions_outbox WHERE done_at IS NULL"


def exercise(result: ChaosResult, cluster: Cluster, scale: float) -> None:
    """Cut, double and change what is sent to a running cluster."""
    partner = fixtures.partner(cluster)
    responses: Counter[int] = Counter()
    with result.phase("cut lines"):
        _cut(result, cluster, partner, max(20, round(500 * scale)), responses)
    sent = _twins(result, cluster, partner, max(6, round(200 * scale)), responses)
    with result.phase("changed bodies"):
        _change(result, cluster, partner, sent, responses)
    with result.phase("by page"):
        _by_page(result, cluster, max(4, round(40 * scale)), responses)
    result.at_most(
        "responses_by_key of 500 and above", sum(responses[one] for one in responses if one >= 500)
    )
    result.figures["answers"] = dict(sorted(responses.items()))


def _cut(
    result: ChaosResult,
    cluster: Cluster,
    partner: PartnerClient,
    count: int,
    responses: Counter[int],
) -> None:
    """Cut each line once, at some moment, then send the same until it is answered."""
    rng = random.Random(3)
    plans = [
        (f"cut-{number:05}", http_clients.DISCONNECTS[number % 3], rng.random() * LONGEST_DELAY)
        for number in range(count)
    ]

    def one(plan: tuple[str, str, float]) -> tuple[str, Response]:
        key, cut, delay = plan
        sent = partner.report(key, photos=1 if key.endswith("0") else 0)
        partner.submit(sent, key, cut=cut, delay=delay)
        return key, partner.submit_until_accepted(sent, key, responses)

    with ThreadPoolExecutor(12) as crowd:
        responses_by_key = dict(crowd.map(one, plans))
    ids = {key: response.data.get("id") for key, response in responses_by_key.items()}
    result.at_least("cut lines answered at last", _accepted(responses_by_key.values()), count)
    _once(result, cluster, "cut", count)
    rows = dict(cluster.rows("SELECT text, id FROM petitions_petition WHERE text LIKE 'cut-%%'"))
    result.at_most("cut: answered with another case", sum(rows.get(key) != ids[key] for key in ids))


def _twins(
    result: ChaosResult,
    cluster: Cluster,
    partner: PartnerClient,
    count: int,
    responses: Counter[int],
) -> dict[str, tuple[dict[str, str], bytes]]:
    """Send each report twenty times at once; all must be answered alike, at once or later."""
    sent = {f"twin-{number:05}": partner.report(f"twin-{number:05}") for number in range(count)}
    early: Counter[str] = Counter()
    different = 0
    keys = list(sent)
    for start in range(0, count, AT_A_TIME):
        with result.phase(f"twins from {start}"), ThreadPoolExecutor(TWINS) as crowd:
            for key in keys[start : start + AT_A_TIME]:
                firsts = list(crowd.map(partner.submit, [sent[key]] * TWINS, [key] * TWINS))
                responses.update(one.status for one in firsts)
                early.update(_word(one) for one in firsts)
                late = partner.submit_until_accepted(sent[key], key, responses)
                bodies = {one.body for one in (*firsts, late) if one.status == HTTPStatus.CREATED}
                different += len(bodies) != 1
    result.at_most("twins: keys answered in more than one way", different)
    result.at_most("twins: neither accepted nor told to wait", early["otherwise"])
    result.figures["twins"] = dict(early)
    _once(result, cluster, "twin", count)
    return sent


def _word(response: Response) -> str:
    if response.status == HTTPStatus.CREATED:
        return "accepted"
    is_twin = (
        response.status == HTTPStatus.CONFLICT and response.data.get("code") == "still_running"
    )
    return "told to wait" if is_twin and "retry-after" in response.headers else "otherwise"


def _change(
    result: ChaosResult,
    cluster: Cluster,
    partner: PartnerClient,
    sent: dict[str, tuple[dict[str, str], bytes]],
    responses: Counter[int],
) -> None:
    """Send other words under each used key, then the first words once more."""
    before = {key: partner.submit(report, key).body for key, report in sent.items()}
    refused = differing = 0
    for key, report in sent.items():
        response = partner.submit(partner.report(f"changed-{key}"), key)
        responses[response.status] += 1
        refused += response.status == HTTPStatus.UNPROCESSABLE_ENTITY
        differing += partner.submit(report, key).body != before[key]
    result.at_least("changed bodies refused", refused, len(sent))
    result.at_most("changed: first response no longer given", differing)
    result.at_most("changed: filed all the same", len(cluster.rows(BY_TEXT, "changed-%")))


def _by_page(result: ChaosResult, cluster: Cluster, count: int, responses: Counter[int]) -> None:
    """Press the button of the check page several times at once, and cut some of the lines."""
    place, category, rng = fixtures.place(cluster), fixtures.category(cluster), random.Random(5)

    def press(work: tuple[Browser, dict[str, str], str]) -> int:
        browser, form, cut = work
        response = browser.open("/report/check/", form, cut=cut, delay=rng.random() * 0.1)
        return response.status

    ends: Counter[int] = Counter()
    with ThreadPoolExecutor(6) as crowd:
        for number in range(count):
            ports = [web.port for web in cluster.webs]
            browser = Browser(ports[number % len(ports)], f"203.0.113.{number % 250}")
            form = browser.fill_in(place, category, f"page-{number:05}")
            presses = []
            for way in range(6):
                again = Browser(rng.choice(ports), browser.address)
                again.cookies = dict(browser.cookies)
                presses.append((again, form, http_clients.DISCONNECTS[2] if way % 3 == 0 else ""))
            responses.update(one for one in crowd.map(press, presses) if one)
            last = Browser(ports[0], browser.address)
            last.cookies = dict(browser.cookies)
            ends[last.open("/report/check/", form).status] += 1
            ends[last.open("/report/receipt/").status] += 1
    result.figures["by page, last press and receipt"] = dict(ends)
    _once(result, cluster, "page", count)


def _accepted(answers: object) -> int:
    return sum(one.status == HTTPStatus.CREATED for one in answers)  # type: ignore[attr-defined]


def _once(result: ChaosResult, cluster: Cluster, word: str, count: int) -> None:
    """Hold against the rows: as many texts as keys, each filed exactly once."""
    rows = cluster.rows(BY_TEXT, f"{word}-%")
    result.at_least(f"{word}: filed", len(rows), count)
    result.at_most(f"{word}: filed more than once", sum(times > 1 for _text, times in rows))
