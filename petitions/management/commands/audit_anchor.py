"""Write an anchor of the audit trail now, for example after a restore without the backup tool."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.lib import clock
from config.lib.audit import anchors
from config.lib.audit.anchors import AnchorKind
from members.accounts import audit_log
from petitions.ops import audit_trail


class Command(BaseCommand):
    """Append new rows to the chains, then write their heads to the file of anchors."""

    help = "Write an anchor of the audit trail; --restored says that the database was set back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the reason why earlier anchors do not bind any more."""
        parser.add_argument(
            "--restored",
            metavar="REASON",
            help="the database was restored on purpose: anchors written before bind no more",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the anchor; refuse when the chains do not contain the earlier ones."""
        reason = options["restored"]
        if reason:
            audit_log.write_command("audit_anchor --restored")
        audit_trail.extend()
        if reason:
            audit_trail.write_anchor(AnchorKind.RESTORED, clock.now(), reason)
        elif audit_trail.keep_anchors(clock.now()):
            audit_trail.write_anchor(AnchorKind.DAILY, clock.now())
        else:
            raise CommandError(
                "The chains do not contain what was anchored before; see check_integrity."
            )
        for table, head in audit_trail.current_heads().items():
            self.stdout.write(f"{table}: block {head.number}, up to row {head.last_id}")
        self.stdout.write(f"Written in {anchors.folder()}.")
