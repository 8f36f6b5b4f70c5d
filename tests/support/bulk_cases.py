"""Many cases by SQL: copies of the existing ones with their events, triggers enabled."""

from __future__ import annotations

from django.db import connection, models

from petitions.models import Event, Petition
from tests.support.database_roles import as_owner


def _names(model: type[models.Model]) -> list[str]:
    return [str(field.column) for field in model._meta.concrete_fields]


def _insert(model: type[models.Model], changed: dict[str, str], rows: str) -> str:
    columns = [column for column in _names(model) if column in changed or column != "id"]
    chosen = ", ".join(changed.get(column, f'one."{column}"') for column in columns)
    into = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {model._meta.db_table} ({into}) SELECT {chosen} FROM {rows}"


def multiply_cases(target: int) -> int:
    """Copy the existing cases and their events until there are at least `target`; return the count.

    Copies get higher ids, new uuids and codes, and a slightly earlier filing time.
    """
    seeds = Petition.objects.count()
    first = Petition.objects.order_by("-id").values_list("id", flat=True)[0]
    copies = -((seeds - target) // seeds)
    case = _insert(
        Petition,
        {
            "id": f"{first} * turn + one.id",
            "uuid": "gen_random_uuid()",
            "tracking_hash": "md5(random()::text) || md5(random()::text)",
            "created_at": "one.created_at - turn * interval '7 minutes'",
        },
        f"petitions_petition one, generate_series(1, {copies}) turn WHERE one.id <= {first}",
    )
    event = _insert(
        Event,
        {"petition_id": f"{first} * turn + one.petition_id"},
        f"petitions_event one, generate_series(1, {copies}) turn WHERE one.petition_id <= {first}"
        " ORDER BY turn, one.petition_id, one.version",
    )
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(case)
        cursor.execute(event)
        cursor.execute("UPDATE petitions_outbox SET done_at = now() WHERE done_at IS NULL")
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('petitions_petition', 'id'),"
            " (SELECT max(id) FROM petitions_petition))"
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("ANALYZE petitions_petition")
        cursor.execute("ANALYZE petitions_event")
    return Petition.objects.count()
