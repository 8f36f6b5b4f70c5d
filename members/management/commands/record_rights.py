"""Record posts, accounts and tokens as they are, after somebody changed them on purpose by SQL."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from members.accounts import audit_log, recorded_rows


class Command(BaseCommand):
    """Record each row that differs from its record, and write a line of the security log."""

    help = (
        "Accept posts, accounts and tokens as they are; check_integrity then reports them no more."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the reason, which the auditor reads."""
        parser.add_argument("reason", metavar="REASON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Record the rows and name them."""
        with transaction.atomic():
            rows = list(recorded_rows.differences())
            recorded_rows.record_found()
            audit_log.write_command("record_rights", options["reason"])
        for row in rows:
            self.stdout.write(f"  {row.table} {row.row}")
        self.stdout.write(f"Recorded: {len(rows)}.")
