"""Run the integrity checks over the whole database; exit 1 if a row violates one."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from petitions.models import Petition
from petitions.ops import integrity

MOST_NAMED = 100  # findings that are named; the counts above include all


class Command(BaseCommand):
    """Print each check with the number of rows that violate it, and what the audit doubts."""

    help = "Check the whole database: deadlines, escalations, events, outbox, photos, audit trail."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the option that skips the photo files."""
        parser.add_argument("--without-photos", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the counts; exit 1 if one is not 0."""
        report = integrity.report(with_photos=not options["without_photos"])
        counts = report.counts | {"replay_differs": len(integrity.replay_all())}
        for name, count in counts.items():
            self.stdout.write(f"  {count:>8}  {name.replace('_', ' ')}")
        for line in integrity.explanations():
            self.stdout.write(f"  {line}")
        for name, ids in report.cases.items():
            cases = Petition.objects.filter(pk__in=ids).order_by("pk")
            numbers = ", ".join(case.number for case in cases.only("created_at"))
            self.stdout.write(f"  {name.replace('_', ' ')}: {numbers}")
        for finding in report.findings[:MOST_NAMED]:
            self.stdout.write(f"  {finding.doubt.replace('_', ' ')}: {finding.where}")
        if len(report.findings) > MOST_NAMED:
            self.stdout.write(f"  … and {len(report.findings) - MOST_NAMED} more.")
        if any(counts.values()):
            sys.exit(1)
