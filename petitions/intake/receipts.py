"""What the session stores of the receipts of this browser."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from config.lib import clock
from petitions.models import Petition
from petitions.web.session_keys import RECEIPT, TRACKED

SHOWN_FOR = dt.timedelta(minutes=15)
MAX_EARLIER = 3


def store(request: HttpRequest, petition_id: int, *, key: str, is_joined: bool = False) -> None:
    """Let this browser show the receipt for a while; the next person may use the same device.

    An own case whose receipt is replaced stays on the new one until its own time is over: no other
    page can show its code again.
    """
    earlier = [row for row in _own_cases(request.session) if row["petition"] != petition_id]
    request.session[RECEIPT] = {
        "petition": petition_id,
        "key": key,
        "is_joined": is_joined,
        "until": (clock.now() + SHOWN_FOR).timestamp(),
        "earlier": earlier[:MAX_EARLIER],
    }


def _own_cases(session: SessionBase) -> list[dict[str, Any]]:
    """Return the own cases whose receipt is still shown, newest first: `petition` and `until`."""
    receipt = session.get(RECEIPT) or {}
    rows = [*receipt.get("earlier", ())]
    if receipt and not receipt.get("is_joined"):
        rows.insert(0, {"petition": receipt["petition"], "until": receipt.get("until", 0)})
    return [row for row in rows if seconds_left(row) > 0]


def seconds_left(receipt: dict[str, Any]) -> int:
    """Return for how many seconds a receipt is still shown; zero or less when it has ended."""
    return int(receipt.get("until", 0) - clock.now().timestamp())


def earlier_cases(receipt: dict[str, Any]) -> list[tuple[Petition, int]]:
    """Return the own cases that a receipt also shows, each with the seconds left."""
    left = {row["petition"]: seconds_left(row) for row in receipt.get("earlier", ())}
    shown = [pk for pk, seconds in left.items() if seconds > 0]
    cases = Petition.objects.in_bulk(shown) if shown else {}
    return [(cases[pk], left[pk]) for pk in shown if pk in cases]


def own_page(request: HttpRequest, petition: Petition) -> str:
    """Return the URL name of what this browser shows of its own case; empty if it is not its own.

    Both pages ask for the tracking code when their time is over.
    """
    receipt = request.session.get(RECEIPT) or {}
    is_own = receipt.get("petition") == petition.pk and not receipt.get("is_joined")
    if is_own or any(row["petition"] == petition.pk for row in receipt.get("earlier", ())):
        return "petitions:receipt"
    tracked_id, is_joined, *_rest = request.session.get(TRACKED) or (None, True)
    return "petitions:track_case" if tracked_id == petition.pk and not is_joined else ""
