"""What is asked of a restored system: the rows, the files, and the doors people come by."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from config.backup.manifest import Manifest
from tests.drill.residents import Acked, Browser
from tests.support.stack import Stack

PASSWORD = "Demo-2026-grid"
CATCH_UP = 90.0  # seconds in which the clock has done what fell due since the backup
DUE = "SELECT count(*) FROM petitions_deadline WHERE state = 'open' AND due_at < clock_timestamp()"
FIRED = """
    SELECT deadline_id FROM petitions_escalation
    WHERE deadline_id IS NOT NULL AND created_at <= %s"""
# Cases of long ago that were copied to make history have events, but no limits.
BY_THE_CLOCK = """
    SELECT (SELECT count(*) FROM petitions_deadline
            WHERE state = 'fired' AND kind <> 'confirmation'),
        (SELECT count(*) FROM petitions_event e WHERE verb = 'escalate' AND actor = 'clock'
            AND EXISTS (SELECT 1 FROM petitions_deadline d WHERE d.petition_id = e.petition_id))"""
LOST_IN_TABLE = "SELECT count(*) FROM petitions_petition WHERE id = ANY(%s)"


@dataclass
class Proof:
    """A list of questions with their answers; it holds when none of them is wrong."""

    restored: Stack
    lines: list[tuple[bool, str]] = field(default_factory=list)

    def holds(self, what: str, true: bool, found: object = "") -> None:
        """Note one answer."""
        self.lines.append((true, f"{what}{f': {found}' if found != '' else ''}"))

    @property
    def is_right(self) -> bool:
        """Tell whether every answer was right."""
        return bool(self.lines) and all(true for true, _text in self.lines)

    def __str__(self) -> str:
        return "\n".join(f"  {'ok   ' if true else 'WRONG'} {text}" for true, text in self.lines)

    def rows(self, sheet: Manifest) -> None:
        """Count the rows of what nobody has changed since, and ask for what may only have grown."""
        grown = []
        for table, known in sheet.tables.items():
            found = self.restored.one(f'SELECT count(*) FROM "{table}"')
            if found < known:
                grown.append(f"{table} {found} < {known}")
        total = sum(sheet.tables.values())
        self.holds(f"no table has fewer rows than the snapshot saw ({total:,})", not grown, grown)
        cases = self.restored.one("SELECT count(*) FROM petitions_petition")
        known = sheet.tables["petitions_petition"]
        self.holds("cases are as many as the snapshot saw", cases == known, f"{cases:,}")

    def acked(self, before: list[Acked]) -> None:
        """Look for every report that was answered before the backup began."""
        found = self.restored.one(LOST_IN_TABLE, [one.pk for one in before])
        text = f"reports acknowledged before the backup are there ({len(before)})"
        self.holds(text, bool(before) and found == len(before), found)

    def photos(self) -> None:
        """Read every photo that a row names."""
        media = self.restored.at.var / "media"
        bad = [
            name
            for name, sha256 in self.restored.rows("SELECT name, sha256 FROM petitions_photo")
            if _digest(media / "photos" / name) != sha256 or not (media / "thumbs" / name).exists()
        ]
        number = self.restored.one("SELECT count(*) FROM petitions_photo")
        self.holds(f"photo rows have their file with its checksum ({number:,})", not bad, bad[:3])

    def doors(self, one: Acked) -> None:
        """Log in, look at a photo, open a contact, follow a case by its code."""
        clerk = Browser(self.restored)
        there, _page = clerk.post("/account/login/?next=/home/", login="staff", password=PASSWORD)
        self.holds("staff log in", there == "/home/", there)
        uuid, sha256 = self.restored.rows(
            "SELECT uuid, sha256 FROM petitions_photo WHERE petition_id = %s", one.pk
        )[0]
        body = clerk.get(f"/photos/{uuid}/")
        self.holds("its photo is served", hashlib.sha256(body).hexdigest() == sha256)
        case = f"/petitions/{one.pk}/"
        _there, page = clerk.post(case, f"{case}reveal/", reason="恢复演练")
        self.holds("its contact opens with the keys", one.phone in page)
        resident = Browser(self.restored)
        there, page = resident.post("/track/", code=one.code, digits=one.phone[-4:])
        self.holds("its tracking code opens it", there == "/track/case/", there)

    def clock(self, source: Stack, sheet: Manifest) -> None:
        """Let the clock catch up, then see that nothing fired a second time."""
        was_due = self.restored.one(DUE)
        left = wait_for(lambda: int(self.restored.one(DUE)) == 0, CATCH_UP)
        self.holds("the clock has caught up with what fell due since", left, f"{was_due} were due")
        before = {row[0] for row in source.rows(FIRED, sheet.instant)}
        after = {row[0] for row in self.restored.rows(FIRED, sheet.instant)}
        text = f"what had escalated before did so once ({len(after):,})"
        self.holds(text, bool(after) and after <= before, len(after - before) or "")
        fired, events = self.restored.rows(BY_THE_CLOCK)[0]
        text = "every limit that ever fired has one event"
        self.holds(text, fired == events, f"{fired:,} limits, {events:,} events")

    def integrity(self) -> None:
        """Ask the product's own questions, lateness included."""
        said = ""

        def clean() -> bool:
            nonlocal said
            answer = self.restored.manage("check_integrity")
            said = "; ".join(
                line.strip() for line in answer.stdout.splitlines() if line.strip()[:2] != "0 "
            )
            return answer.returncode == 0

        self.holds("check_integrity finds nothing", wait_for(clean, CATCH_UP), said)


def wait_for(true: Callable[[], bool], seconds: float) -> bool:
    """Ask again until it is true or the time is over."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.3)
    return True


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
