"""Checks of a restored system: rows, files, pages, sweep, integrity."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from config.backup.manifest import Manifest
from tests.drill.residents import AcknowledgedReport, Browser
from tests.support.stack import Stack

PASSWORD = "Demo-2026-grid"
CATCH_UP = 90.0  # seconds for the sweep to handle the deadlines that passed since the backup
OVERDUE = (
    "SELECT count(*) FROM petitions_deadline WHERE state = 'open' AND due_at < clock_timestamp()"
)
EXPIRED = """
    SELECT deadline_id FROM petitions_escalation
    WHERE deadline_id IS NOT NULL AND created_at <= %s"""
# Old cases of the grown history have events, but no deadlines.
SWEPT = """
    SELECT (SELECT count(*) FROM petitions_deadline
            WHERE state = 'fired' AND kind <> 'confirmation'),
        (SELECT count(*) FROM petitions_event e
            WHERE verb IN ('escalate', 'overdue') AND actor = 'clock' AND EXISTS (
                SELECT 1 FROM petitions_deadline d WHERE d.petition_id = e.petition_id))"""
LOST_IN_TABLE = "SELECT count(*) FROM petitions_petition WHERE id = ANY(%s)"


@dataclass
class Verification:
    """A list of checks with their results."""

    restored: Stack
    lines: list[tuple[bool, str]] = field(default_factory=list)

    def check(self, what: str, is_true: bool, found: object = "") -> None:
        """Add the result of one check."""
        self.lines.append((is_true, f"{what}{f': {found}' if found != '' else ''}"))

    @property
    def is_passed(self) -> bool:
        """Whether every check passed."""
        return bool(self.lines) and all(is_true for is_true, _text in self.lines)

    def __str__(self) -> str:
        return "\n".join(
            f"  {'ok   ' if is_true else 'WRONG'} {text}" for is_true, text in self.lines
        )

    def rows(self, sheet: Manifest) -> None:
        """Compare the row counts with the manifest; tables may only have grown."""
        grown = []
        for table, known in sheet.tables.items():
            found = self.restored.value(f'SELECT count(*) FROM "{table}"')
            if found < known:
                grown.append(f"{table} {found} < {known}")
        total = sum(sheet.tables.values())
        self.check(f"no table has fewer rows than the snapshot saw ({total:,})", not grown, grown)
        cases = self.restored.value("SELECT count(*) FROM petitions_petition")
        known = sheet.tables["petitions_petition"]
        self.check("cases are as many as the snapshot saw", cases == known, f"{cases:,}")

    def acknowledged(self, before: list[AcknowledgedReport]) -> None:
        """Check that every report acknowledged before the backup exists."""
        found = self.restored.value(LOST_IN_TABLE, [report.pk for report in before])
        text = f"reports acknowledged before the backup are there ({len(before)})"
        self.check(text, bool(before) and found == len(before), found)

    def photos(self) -> None:
        """Compare every photo with the checksum of its row."""
        media = self.restored.at.var / "media"
        bad = [
            name
            for name, sha256 in self.restored.rows("SELECT name, sha256 FROM petitions_photo")
            if _digest(media / "photos" / name) != sha256 or not (media / "thumbs" / name).exists()
        ]
        number = self.restored.value("SELECT count(*) FROM petitions_photo")
        self.check(f"photo rows have their file with its checksum ({number:,})", not bad, bad[:3])

    def pages(self, report: AcknowledgedReport) -> None:
        """Log in, open a photo, reveal contact details, and open a case by its tracking code."""
        clerk = Browser(self.restored)
        path, _page = clerk.post("/account/login/?next=/home/", login="staff", password=PASSWORD)
        self.check("staff log in", path == "/home/", path)
        uuid, sha256 = self.restored.rows(
            "SELECT uuid, sha256 FROM petitions_photo WHERE petition_id = %s", report.pk
        )[0]
        body = clerk.get(f"/photos/{uuid}/")
        self.check("its photo is served", hashlib.sha256(body).hexdigest() == sha256)
        case = f"/petitions/{report.pk}/"
        _path, page = clerk.post(case, f"{case}reveal/", reason="恢复演练")
        self.check("its contact opens with the keys", report.phone in page)
        resident = Browser(self.restored)
        path, page = resident.post("/track/", code=report.code, digits=report.phone[-4:])
        self.check("its tracking code opens it", path == "/track/case/", path)

    def clock(self, source: Stack, sheet: Manifest) -> None:
        """Wait for the sweep, then check that no deadline expired a second time."""
        was_due = self.restored.value(OVERDUE)
        left = wait_for(lambda: int(self.restored.value(OVERDUE)) == 0, CATCH_UP)
        self.check("the clock has caught up with what fell due since", left, f"{was_due} were due")
        before = {row[0] for row in source.rows(EXPIRED, sheet.instant)}
        after = {row[0] for row in self.restored.rows(EXPIRED, sheet.instant)}
        text = f"what had escalated before did so once ({len(after):,})"
        self.check(text, bool(after) and after <= before, len(after - before) or "")
        fired, events = self.restored.rows(SWEPT)[0]
        text = "every limit that ever fired has one event"
        self.check(text, fired == events, f"{fired:,} limits, {events:,} events")

    def integrity(self) -> None:
        """Run check_integrity until nothing is overdue."""
        findings = ""

        def clean() -> bool:
            nonlocal findings
            completed = self.restored.manage("check_integrity")
            findings = "; ".join(
                line.strip() for line in completed.stdout.splitlines() if line.strip()[:2] != "0 "
            )
            return completed.returncode == 0

        self.check("check_integrity finds nothing", wait_for(clean, CATCH_UP), findings)


def wait_for(is_true: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition holds; return False after `seconds`."""
    until = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > until:
            return False
        time.sleep(0.3)
    return True


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
