"""Database settings: the application's connection, and the owner's, which migrates."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from config.local.env import env
from config.local.paths import DataPaths

APPLICATION_ROLE, OWNER_ROLE = "zhaozhibu_app", "zhaozhibu"
"""The roles of the embedded server; the second is older, and owns the tables."""

STATEMENT_TIMEOUT_MS = env.int("STATEMENT_TIMEOUT_MS", 15_000)
"""The server cancels longer statements, so that no query blocks a worker or a lock for long."""

LOCK_TIMEOUT_MS = env.int("LOCK_TIMEOUT_MS", 5_000)


def _embedded_url(role: str, at: DataPaths) -> str:
    return f"postgres://{role}@/zhaozhibu?host={quote(str(at.sockets))}&port=5432"


def _credentials(url: dict[str, str]) -> dict[str, str]:
    names = {"USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {name: url[key] for name, key in names.items()}


def application(at: DataPaths) -> dict[str, Any]:
    """Return the connection of web, workers and commands: `DATABASE_URL`, or the embedded server.

    `at` are the folders of the embedded server.
    """
    url: dict[str, str] = env.postgres_url("DATABASE_URL", _embedded_url(APPLICATION_ROLE, at))
    return {
        "ENGINE": "config.lib.db.postgres",
        "NAME": url["dbname"],
        **_credentials(url),
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        # Seconds; longer than the statement timeout, so that the server cancels first.
        "READ_TIMEOUT": STATEMENT_TIMEOUT_MS / 1000 + 5 if STATEMENT_TIMEOUT_MS else None,
        "OPTIONS": {
            "connect_timeout": 3,
            "application_name": "zhaozhibu",
            # Reordering more joins than this costs a page more than it saves: the longest statement
            # was planned for 4.5 ms to run 0.2.
            "options": (
                f"-c join_collapse_limit=4"
                f" -c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
                " -c idle_in_transaction_session_timeout=60000"
            ),
        },
        "TEST": {"NAME": env.str("TEST_DATABASE", "test_zhaozhibu")},
    }


def owner(at: DataPaths, *, is_embedded: bool) -> dict[str, str] | None:
    """Return how the owner connects to the same database; None where there is only one role.

    Migrations, restoring a backup and clearing the sample need the owner: `OWNER_DATABASE_URL`.
    An installation without it uses the role of `DATABASE_URL` for everything.
    """
    default = _embedded_url(OWNER_ROLE, at) if is_embedded else ""
    if not env.str("OWNER_DATABASE_URL", default):
        return None
    url: dict[str, str] = env.postgres_url("OWNER_DATABASE_URL", default)
    return _credentials(url)
