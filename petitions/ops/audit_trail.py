"""Extends the hash chains of the append-only tables, and writes their anchors."""

from __future__ import annotations

import datetime as dt
import time

import structlog
from django.db import connection, transaction
from django.utils import timezone

from config.lib import clock
from config.lib.audit import anchors, hash_chain
from config.lib.audit.anchors import AnchorKind, ChainHead
from config.lib.db.append_only import SignedModel
from members.models import ChainBlock, RightsRecord, SecurityEvent
from petitions.models import Event

CHAINED_TABLES: tuple[type[SignedModel], ...] = (Event, SecurityEvent, RightsRecord)
RUN_SECONDS = 2.0  # of one run, because a worker has other work; a long backlog takes several runs

_log = structlog.get_logger("audit")


def extend(seconds: float = RUN_SECONDS) -> int:
    """Append the rows that are in no block yet to the chains; return how many rows.

    Stops after `seconds`, and the next run continues. Rows of a transaction that is still open, and
    those behind them, wait for a later run. Several workers may do this at once.
    """
    until, rows = time.monotonic() + seconds, 0
    for model in CHAINED_TABLES:
        settled = hash_chain.settled_id(model._meta.db_table)
        while settled is not None and (number := _append_block(model, settled)):
            rows += number
            if time.monotonic() > until:
                return rows
    return rows


def keep_anchors(now: dt.datetime) -> bool:
    """Store the heads outside the database, and a line once a day; return whether all is well.

    If the chains do not contain what was stored before, nothing is overwritten.
    """
    heads, stored = current_heads(), anchors.latest_heads()
    differing = [table for table, head in stored.items() if not is_in_chain(table, head)]
    if differing:
        _log.error("audit_chain_differs_from_anchor", tables=differing)
        return False
    if _is_anchor_due(now):
        return try_write_anchor(AnchorKind.DAILY, now)
    if heads != stored:
        anchors.write_heads(heads)
    return True


def try_write_anchor(kind: AnchorKind, now: dt.datetime, message: str = "") -> bool:
    """Write an anchor as `write_anchor` does; return False if the folder cannot be written."""
    try:
        write_anchor(kind, now, message)
    except OSError as error:
        _log.error("audit_anchor_not_written", error=type(error).__name__)
        return False
    return True


def write_anchor(kind: AnchorKind, now: dt.datetime, message: str = "") -> None:
    """Write the heads of all chains to the file of anchors and to the log."""
    heads = current_heads()
    anchors.write(kind, heads, now, message)
    for table, head in heads.items():
        _log.info(
            "audit_anchor",
            kind=kind,
            table=table,
            block=head.number,
            last_id=head.last_id,
            signature=head.signature,
        )


def current_heads() -> dict[str, ChainHead]:
    """Return the last block of each chain."""
    heads = {}
    for model in CHAINED_TABLES:
        block = last_block(model._meta.db_table)
        if block is not None:
            heads[block.table] = _head(block)
    return heads


def last_block(table: str) -> ChainBlock | None:
    """Return the last block of a table without its entries."""
    return ChainBlock.objects.filter(table=table).defer("entries").order_by("-number").first()


def is_in_chain(table: str, head: ChainHead) -> bool:
    """Return whether the chain contains this block."""
    blocks = ChainBlock.objects.filter(table=table, number=head.number).defer("entries")
    block = blocks.first()
    return block is not None and _head(block) == head


def _head(block: ChainBlock) -> ChainHead:
    return ChainHead(block.number, block.last_id, bytes(block.signature or b"").hex())


@transaction.atomic
def _append_block(model: type[SignedModel], settled: int) -> int:
    """Append one block of rows up to the id `settled`; return how many rows it has."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('audit_chain'), hashtext(%s))", [table]
        )
    before = last_block(table) or _first_block(table)
    waiting = model._default_manager.filter(pk__gt=before.last_id, pk__lte=settled)
    rows = list(waiting.order_by("pk")[: hash_chain.BLOCK_ROWS])
    if rows:
        is_full = len(rows) == hash_chain.BLOCK_ROWS
        block = ChainBlock(
            table=table,
            number=before.number + 1,
            last_id=rows[-1].pk if is_full else settled,
            entries=hash_chain.pack(rows),
            previous=bytes(before.signature or b""),
            appended_at=clock.now(),
        )
        block.sign()
        block.save(force_insert=True)
    return len(rows)


def _first_block(table: str) -> ChainBlock:
    """Begin the chain of a table in which every row is signed."""
    block = ChainBlock(table=table, number=0, last_id=0, appended_at=clock.now())
    block.sign()
    block.save(force_insert=True)
    return block


def _is_anchor_due(now: dt.datetime) -> bool:
    lines = anchors.read()
    return not lines or timezone.localdate(lines[-1].at) < timezone.localdate(now)
