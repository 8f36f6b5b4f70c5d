"""Organisations and places by id, cached in the process for one version of the registers.

The pages of cases name few organisations and places again and again. Joined, their tables took
more time for SQL text and planning than everything else the statement did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, QuerySet

from branches.models import Organisation
from config.lib.register_cache import RegisterCache
from grids.models import Area

MAX_ROWS = 5_000  # of each kind; a few megabytes


@dataclass
class _Rows:
    """Rows by id, of one version of the registers."""

    organisations: dict[int, Organisation] = field(default_factory=dict)
    areas: dict[int, Area] = field(default_factory=dict)


_CACHE = RegisterCache(_Rows)


def attach(
    rows: Sequence[Model],
    *,
    organisations: Sequence[str] = (),
    areas: Sequence[str] = (),
) -> None:
    """Set the named foreign keys of `rows` to cached organisations and places.

    Replaces `select_related`. No query where everything is cached, one for each kind otherwise.
    Callers share the rows and must not modify them.
    """
    cache = _CACHE.get()
    _attach(rows, organisations, cache.organisations, Organisation.objects.all())
    _attach(rows, areas, cache.areas, Area.objects.all())


def organisations(ids: Iterable[int]) -> dict[int, Organisation]:
    """Return organisations by id from the cache, without those that do not exist."""
    cache, wanted = _CACHE.get().organisations, set(ids)
    _fill(cache, wanted, Organisation.objects.all())
    return {pk: cache[pk] for pk in wanted if pk in cache}


def _attach(
    rows: Sequence[Model],
    names: Sequence[str],
    cache: dict[int, Any],
    table: QuerySet[Any],
) -> None:
    """Set foreign keys from `cache`, which is filled where it lacks a row."""
    ids = {getattr(row, f"{name}_id") for row in rows for name in names} - {None}
    _fill(cache, ids, table)
    for row in rows:
        for name in names:
            if (target := cache.get(getattr(row, f"{name}_id"))) is not None:
                setattr(row, name, target)


def _fill(cache: dict[int, Any], ids: set[int], table: QuerySet[Any]) -> None:
    """Read what the cache lacks of `ids`; a full cache starts anew."""
    missing = ids - cache.keys()
    if not missing:
        return
    if len(cache) + len(missing) > MAX_ROWS:
        cache.clear()
        missing = ids
    cache |= table.in_bulk(missing)
