"""The service standards in force, held in the process for a minute; the table is the truth."""

from __future__ import annotations

import time

from petitions.models import Standard

HOLD_SECONDS = 60
_held: dict[str, tuple[float, dict[tuple[str, str], Standard]]] = {}


class NoStandard(LookupError):
    """No service standard covers the place: the catalogue was never loaded."""


def clear_cache() -> None:
    """Drop what is held, after the table was changed in this process."""
    _held.clear()


def _all() -> dict[tuple[str, str], Standard]:
    held = _held.get("all")
    if held is None or time.monotonic() - held[0] > HOLD_SECONDS:
        rows = Standard.objects.select_related("region")
        held = (time.monotonic(), {(row.region.path, row.urgency): row for row in rows})
        _held["all"] = held
    return held[1]


def for_place(path: str, urgency: str) -> Standard:
    """Return the standard of the nearest region at or above the place with `path`."""
    rows = _all()
    parts = [part for part in path.split(".") if part]
    for depth in range(len(parts), 0, -1):
        found = rows.get((".".join(parts[:depth]) + ".", urgency))
        if found is not None:
            return found
    raise NoStandard(urgency)
