"""Ask whether everything promised holds over the whole database; exit 1 if anything does not."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from petitions.ops import integrity


class Command(BaseCommand):
    """Print each promise with the number of rows that break it."""

    help = "Check the whole database: limits, escalations, events, outbox, photos, keys."

    def add_arguments(self, parser: CommandParser) -> None:
        """Photos are read from disk unless left out."""
        parser.add_argument("--without-photos", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the verdict; exit 1 when a number is not 0."""
        found = integrity.check(with_photos=not options["without_photos"])
        found["replay_differs"] = len(integrity.replay_all())
        for name, count in found.items():
            self.stdout.write(f"  {count:>8}  {name.replace('_', ' ')}")
        if any(found.values()):
            sys.exit(1)
