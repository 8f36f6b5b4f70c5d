"""Grows history: ended cases with their events, copied into past years by SQL."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from petitions.models import Event, Petition
from petitions.states import FINAL

YEARS = 10
TOLD_LONG_AGO = "UPDATE petitions_outbox SET done_at = created_at WHERE done_at IS NULL"
CHANGED = {
    "id": "%(base)s + copy * %(span)s + id",
    "uuid": "gen_random_uuid()",
    "tracking_hash": "md5(random()::text) || md5(random()::text)",
    "created_at": "created_at - copy * %(step)s * interval '1 day'",
    "resolved_at": "resolved_at - copy * %(step)s * interval '1 day'",
    "closed_at": "closed_at - copy * %(step)s * interval '1 day'",
    "merged_into_id": "merged_into_id",
}


def history(target: int) -> int:
    """Copy ended cases and their events until there are about `target` cases; returns how many.

    The database's guards stay on: every copy has a complete and legal story.
    """
    seeds = Petition.objects.filter(status__in=FINAL, is_sample=True).count()
    present = Petition.objects.count()
    copies = max(0, (target - present) // max(seeds, 1))
    if not copies:
        return present
    span = Petition.objects.order_by("-id").values_list("id", flat=True)[0]
    values: dict[str, Any] = {
        "base": 0,
        "span": span,
        "step": YEARS * 365 / copies,
        "copies": copies,
    }
    values["final"] = [str(status) for status in FINAL]
    for first in range(1, copies + 1, 10):
        with transaction.atomic(), connection.cursor() as cursor:
            values |= {"first": first, "last": min(first + 9, copies)}
            cursor.execute(_copy_cases(), values)
            cursor.execute(_copy_events(), values)
            cursor.execute(TOLD_LONG_AGO)
    _after(span)
    return Petition.objects.count()


def _columns(model: type[Petition] | type[Event]) -> list[str]:
    return [str(field.column) for field in model._meta.concrete_fields]  # noqa: SLF001 - the public list of columns


def _copy_cases() -> str:
    columns = _columns(Petition)
    chosen = ", ".join(CHANGED.get(column, f'"{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    return f"""
        INSERT INTO petitions_petition ({names})
        SELECT {chosen} FROM petitions_petition,
            generate_series(%(first)s, %(last)s) AS copy
        WHERE is_sample AND status = ANY(%(final)s) AND id <= %(span)s"""


def _copy_events() -> str:
    columns = [column for column in _columns(Event) if column != "id"]
    changed = {
        "petition_id": "%(base)s + copy * %(span)s + e.petition_id",
        "at": "e.at - copy * %(step)s * interval '1 day'",
    }
    chosen = ", ".join(changed.get(column, f'e."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    return f"""
        INSERT INTO petitions_event ({names})
        SELECT {chosen} FROM petitions_event e
        JOIN petitions_petition p ON p.id = e.petition_id AND p.id <= %(span)s
            AND p.is_sample AND p.status = ANY(%(final)s),
            generate_series(%(first)s, %(last)s) AS copy
        ORDER BY copy, e.petition_id, e.version"""


def _after(span: int) -> None:
    """Set the sequence past the copies and let the planner know the new sizes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('petitions_petition', 'id'),"
            " greatest(%s, (SELECT max(id) FROM petitions_petition)))",
            [span],
        )
        cursor.execute("VACUUM ANALYZE petitions_petition")
        cursor.execute("VACUUM ANALYZE petitions_event")
