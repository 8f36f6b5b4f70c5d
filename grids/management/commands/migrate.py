"""Django's `migrate` as the owner, with lock timeouts and retries.

See config/lib/db/safe_migrate.py and config/lib/db/roles.py.
"""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from config.lib.db import roles, safe_migrate


class Command(migrate.Command):
    """Run Django's `migrate` as the owner, then give the application its rights."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate; retry when a table is in use. The rights follow the tables."""

        def step() -> None:
            super(Command, self).handle(*args, **options)

        say = self.stdout.write if options["verbosity"] else _nothing
        connection = connections[options["database"]]
        with roles.as_owner(connection):
            safe_migrate.migrate_with_retries(connection, step, say)
            if changed := roles.grant_to_application(connection):
                say(f"  Rights of the application set on {len(changed)} tables.")


def _nothing(_text: str) -> None:
    """Discard the text (verbosity 0)."""
