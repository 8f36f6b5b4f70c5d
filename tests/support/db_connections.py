"""Connections to the test database that a test left open."""

from django.db import connection


def terminate_connections(database: str) -> None:
    """End every client connection to a database except this one.

    A thread of an earlier test may have left one open. Background workers of the server are left
    alone; they end by themselves.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
            [database],
        )
