"""Django's `migrate` with lock timeouts and retries; see config/lib/db/safe_migrate.py."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from config.lib.db import safe_migrate


class Command(migrate.Command):
    """Run Django's `migrate` with lock timeouts and retries."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate; retry when a table is in use."""

        def step() -> None:
            super(Command, self).handle(*args, **options)

        say = self.stdout.write if options["verbosity"] else _nothing
        safe_migrate.migrate_with_retries(connections[options["database"]], step, say)


def _nothing(_text: str) -> None:
    """Discard the text (verbosity 0)."""
