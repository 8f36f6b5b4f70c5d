"""Verifies the audit trail: signatures, hash chains and anchors; names each row it doubts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Count, Max

from config.lib.audit import anchors, hash_chain, signatures
from config.lib.audit.anchors import Anchor, AnchorKind
from config.lib.db.append_only import SignedModel
from members.accounts import recorded_rows
from members.models import ChainBlock, RightsRecord, SecurityEvent
from petitions.ops import audit_trail

MAX_CHAIN_DELAY = dt.timedelta(minutes=15)
"""How long a row may wait for its block; the worker runs every ten seconds."""

MAX_ANCHOR_DELAY = dt.timedelta(hours=26)
ROLLOUT = dt.timedelta(days=1)
"""How long processes of the release without signatures may run beside those of this one."""

ROWS_READ, BLOCKS_READ = 2000, 20


class Doubt(StrEnum):
    """What is wrong with a row, a chain or an anchor."""

    ALTERED = "audit_row_altered"
    MISSING = "audit_row_missing"
    NOT_IN_CHAIN = "audit_row_not_in_chain"
    COPIED = "audit_row_copied"
    WRONG_SIGNATURE = "audit_row_with_wrong_signature"
    UNSIGNED = "audit_row_without_signature"
    WAITING = "audit_row_waiting_for_its_block"
    BROKEN_CHAIN = "audit_chain_broken"
    ANCHOR = "audit_anchor_differs"
    ANCHOR_OVERDUE = "audit_anchor_overdue"
    RIGHTS_UNRECORDED = "rights_without_record"
    RIGHTS_ALTERED = "rights_altered"
    RIGHTS_GONE = "rights_gone"


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing that is wrong, with the words that name it."""

    doubt: Doubt
    where: str


@dataclass(slots=True)
class _TableCheck:
    """The state of checking one table."""

    model: type[SignedModel]
    now: dt.datetime
    legacy_id: int = 0
    first_row_id: int | None = None
    first_signed_at: dt.datetime | None = None
    findings: list[AuditFinding] = field(default_factory=list)

    @property
    def table(self) -> str:
        """The name of the table."""
        return self.model._meta.db_table

    def report(self, doubt: Doubt, row: SignedModel | int) -> None:
        """Add a finding about a row, or about the id of a row that is gone."""
        where = f"{self.table} {row}" if isinstance(row, int) else f"{self.table} {row.pk} ({row})"
        self.findings.append(AuditFinding(doubt, where))

    def run(self) -> list[AuditFinding]:
        """Compare blocks and rows, both in the order of their ids."""
        head = audit_trail.last_block(self.table)
        rows = _rows(self.model)
        row = next(rows, None)
        before: ChainBlock | None = None
        for block in _blocks(self.table, head):
            entries = self._entries(block, before)
            while row is not None and row.pk <= block.last_id:
                self._check_row(row, entries, block.appended_at)
                row = next(rows, None)
            for row_id in entries or ():
                if not self._may_be_removed(row_id, block):
                    self.report(Doubt.MISSING, row_id)
            before = block
        while row is not None:
            self._check_waiting_row(row)
            row = next(rows, None)
        return self.findings

    def _entries(self, block: ChainBlock, before: ChainBlock | None) -> dict[int, bytes] | None:
        """Return the digests in a block by row; None, and a finding, if it cannot be trusted."""
        entries = list(hash_chain.unpack(bytes(block.entries)))
        is_valid = (
            _is_signed(block)
            and hash_chain.is_after(block, before)
            and hash_chain.are_in_order(entries)
        )
        if not is_valid:
            where = f"{self.table}, block {block.number}"
            self.findings.append(AuditFinding(Doubt.BROKEN_CHAIN, where))
            return None
        if block.number == 0:
            self.legacy_id = block.legacy_id
        return {entry.id: entry.digest for entry in entries}

    def _may_be_removed(self, row_id: int, block: ChainBlock) -> bool:
        """Return whether a missing row was old enough to be removed, with all before it."""
        keeps_for = self.model.keeps_for
        if keeps_for is None or block.appended_at >= self.now - keeps_for:
            return False
        return self.first_row_id is None or row_id < self.first_row_id

    def _check_row(
        self, row: SignedModel, entries: dict[int, bytes] | None, appended_at: dt.datetime
    ) -> None:
        """Check a row that a block covers; the entry of the row is taken out."""
        if self.first_row_id is None:
            self.first_row_id = row.pk
        if entries is not None:
            row_digest = entries.pop(row.pk, None)
            if row_digest is None:
                return self.report(Doubt.NOT_IN_CHAIN, row)
            if row_digest != hash_chain.digest(row):
                return self.report(Doubt.ALTERED, row)
        return self._check_signature(row, appended_at)

    def _check_waiting_row(self, row: SignedModel) -> None:
        """Check a row that waits for its block."""
        self._check_signature(row, self.now)
        written_at: dt.datetime = vars(row)["at"]
        if written_at < self.now - MAX_CHAIN_DELAY:
            self.report(Doubt.WAITING, row)

    def _check_signature(self, row: SignedModel, seen_at: dt.datetime) -> None:
        """Check the signature of a row that the chain knew at an instant.

        Rows of earlier releases have none, nor those that a process of such a release wrote within
        a day of the first signed row.
        """
        if row.signature is not None:
            self.first_signed_at = self.first_signed_at or seen_at
            if not _is_signed(row):
                self.report(Doubt.WRONG_SIGNATURE, row)
            return
        is_rollout = self.first_signed_at is None or seen_at < self.first_signed_at + ROLLOUT
        if not (row.pk <= self.legacy_id or (self.legacy_id and is_rollout)):
            self.report(Doubt.UNSIGNED, row)


def check(now: dt.datetime) -> list[AuditFinding]:
    """Return everything that is wrong with the append-only tables, their chains and anchors."""
    findings = [
        finding for model in audit_trail.CHAINED_TABLES for finding in _TableCheck(model, now).run()
    ]
    return findings + _check_copies() + _check_rights() + _check_anchors(now)


def _check_copies() -> list[AuditFinding]:
    """Find rows that were inserted a second time with their signature.

    An event cannot: its case and version are signed, and unique.
    """
    findings = []
    for model in (SecurityEvent, RightsRecord):
        signed = model._default_manager.exclude(signature=None).order_by()
        copies = (
            signed.values("signature").annotate(rows=Count("pk"), last=Max("pk")).filter(rows__gt=1)
        )
        table = model._meta.db_table
        findings += [AuditFinding(Doubt.COPIED, f"{table} {copy['last']}") for copy in copies]
    return findings


def _check_rights() -> list[AuditFinding]:
    """Find posts, accounts and tokens that are not as the product wrote them."""
    if not recorded_rows.is_compared():
        return []
    return [
        AuditFinding(_rights_doubt(row), f"{row.table} {row.row}")
        for row in recorded_rows.differences()
    ]


def _rights_doubt(row: recorded_rows.Difference) -> Doubt:
    if not row.stored:
        return Doubt.RIGHTS_GONE
    return Doubt.RIGHTS_ALTERED if row.recorded else Doubt.RIGHTS_UNRECORDED


def _check_anchors(now: dt.datetime) -> list[AuditFinding]:
    lines = anchors.read()
    findings = [
        AuditFinding(Doubt.ANCHOR, f"{anchors.ANCHORS_FILE}, line {number}")
        for number, line in enumerate(lines, 1)
        if not line.is_intact
    ]
    binding = [(f"line of {line.at:%Y-%m-%d}", line.heads) for line in _binding(lines)]
    for source, heads in [*binding, (anchors.HEADS_FILE, anchors.latest_heads())]:
        findings += [
            AuditFinding(Doubt.ANCHOR, f"{source}: {table}, block {head.number}")
            for table, head in heads.items()
            if not audit_trail.is_in_chain(table, head)
        ]
    newest = max((line.at for line in lines), default=None)
    unanchored = ChainBlock.objects.filter(number__gt=0, appended_at__lt=now - MAX_ANCHOR_DELAY)
    if newest is not None:
        unanchored = unanchored.filter(appended_at__gt=newest)
    if unanchored.exists():
        where = f"{anchors.folder()}, newest line {newest or 'missing'}"
        findings.append(AuditFinding(Doubt.ANCHOR_OVERDUE, where))
    return findings


def _binding(lines: list[Anchor]) -> list[Anchor]:
    """Return the lines that the database must agree with: those since it was last restored."""
    restored = [number for number, line in enumerate(lines) if line.kind == AnchorKind.RESTORED]
    return lines[restored[-1] if restored else 0 :]


def _is_signed(row: SignedModel) -> bool:
    return row.signature is not None and signatures.is_valid(
        row._meta.db_table, row.signed_values(), bytes(row.signature)
    )


def _rows(model: type[SignedModel]) -> Iterator[SignedModel]:
    """Yield all rows by id; in many queries, so that none runs for long."""
    rows = model._default_manager.order_by("pk")
    batch = list(rows[:ROWS_READ])
    while batch:
        yield from batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:ROWS_READ])


def _blocks(table: str, head: ChainBlock | None) -> Iterator[ChainBlock]:
    """Yield the blocks up to the present head by number."""
    last, highest = -1, head.number if head else -1
    blocks = ChainBlock.objects.filter(table=table, number__lte=highest).order_by("number")
    while batch := list(blocks.filter(number__gt=last)[:BLOCKS_READ]):
        yield from batch
        last = batch[-1].number
