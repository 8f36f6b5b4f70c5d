"""The service standards in force, cached per process and register version."""

from __future__ import annotations

from config.lib.register_cache import RegisterCache
from petitions.models import Standard


class NoStandard(LookupError):
    """No service standard covers the place: the catalogue was never loaded."""


def _read() -> dict[tuple[str, str], Standard]:
    """Return all standards by path of their region and urgency."""
    rows = Standard.objects.select_related("region")
    return {(row.region.path, row.urgency): row for row in rows}


_CACHE = RegisterCache(_read)


def for_place(path: str, urgency: str) -> Standard:
    """Return the standard of the nearest region at or above the place with `path`.

    Raises NoStandard if there is none for the urgency.
    """
    standards = _CACHE.get()
    parts = [part for part in path.split(".") if part]
    for depth in range(len(parts), 0, -1):
        standard = standards.get((".".join(parts[:depth]) + ".", urgency))
        if standard is not None:
            return standard
    raise NoStandard(urgency)
