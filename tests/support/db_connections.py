"""Lines to the test database that a test has left open."""

from django.db import connection


def terminate_connections(database: str) -> None:
    """End every line to a database but ours: a thread of an earlier test may have kept one.

    Only those of clients. The server's own workers end by themselves, and are not ours to end.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
            [database],
        )
