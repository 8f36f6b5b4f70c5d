"""The hash chains and their anchors: what they cover, when, and what they are worth."""

from __future__ import annotations

import datetime as dt
import io
import json
import threading

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from config.lib.audit import anchors, hash_chain, legacy_rows, signatures
from config.lib.audit.anchors import AnchorKind
from members.accounts import audit_log
from members.enums import SecurityAction
from members.models import ChainBlock, SecurityEvent
from petitions.enums import Status
from petitions.models import Event
from petitions.ops import audit_checks, audit_trail
from petitions.ops.audit_checks import Doubt
from petitions.ops.scheduled_tasks import extend_audit_trail
from tests.support.cast import Stage
from tests.support.database_roles import as_owner

EVENTS, LOG = "petitions_event", "members_securityevent"
DAY = dt.timedelta(days=1)


def doubts(now: dt.datetime | None = None) -> dict[str, int]:
    """Return how many rows the check doubts, by kind."""
    counts: dict[str, int] = {}
    for finding in audit_checks.check(now or timezone.now()):
        counts[finding.doubt] = counts.get(finding.doubt, 0) + 1
    return counts


def linked(table: str) -> list[int]:
    """Return the ids of the rows that the blocks of a table list."""
    blocks = ChainBlock.objects.filter(table=table).order_by("number")
    return [entry.id for block in blocks for entry in hash_chain.unpack(bytes(block.entries))]


def write(number: int = 1) -> None:
    for _line in range(number):
        audit_log.write(SecurityAction.PRINTED, user=None)


def test_every_event_and_line_is_in_one_block(stage: Stage) -> None:
    stage.at(Status.RESOLVED)
    audit_trail.extend()
    assert linked(EVENTS) == list(Event.objects.order_by("id").values_list("id", flat=True))
    assert linked(LOG) == list(SecurityEvent.objects.order_by("id").values_list("id", flat=True))
    assert audit_trail.extend() == 0
    assert doubts() == {}


def test_every_event_is_signed_and_the_signature_covers_all(stage: Stage) -> None:
    stage.at(Status.RESOLVED)
    for event in Event.objects.all():
        assert signatures.is_valid(EVENTS, event.signed_values(), bytes(event.signature or b""))
    unsigned = {field.attname for field in Event._meta.concrete_fields}
    assert unsigned - set(Event.signed_columns) == {"id", "signature"}


def test_a_backlog_is_linked_in_several_runs(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_chain, "BLOCK_ROWS", 3)
    write(10)
    assert audit_trail.extend(seconds=0.0) == 3
    assert audit_trail.extend() == 7
    assert linked(LOG) == list(SecurityEvent.objects.order_by("id").values_list("id", flat=True))
    assert doubts() == {}


def test_a_row_that_waits_too_long_is_reported(stage: Stage) -> None:
    stage.at(Status.ACCEPTED)
    assert doubts() == {}
    assert doubts(timezone.now() + dt.timedelta(minutes=16)).keys() == {Doubt.WAITING}


def test_the_worker_bounds_how_long_a_row_waits() -> None:
    from config.celery import app

    every = app.conf.beat_schedule["extend-audit-trail"]["schedule"]
    assert dt.timedelta(seconds=every) <= audit_checks.MAX_CHAIN_DELAY / 60


# --- Rows of earlier releases -------------------------------------------------------------------


@pytest.fixture
def unsigned(stage: Stage) -> list[int]:
    """Rows that an earlier release wrote, before the chain of their table began."""
    with as_owner():
        rows = [
            SecurityEvent.objects.create(action=SecurityAction.LOGGED_IN, user_id=number).pk
            for number in range(5)
        ]
    ChainBlock.objects.create(
        table=LOG,
        number=0,
        legacy_id=rows[-1],
        appended_at=(now := timezone.now()),
        signature=legacy_rows.sign_block(LOG, rows[-1], now),
    )
    return rows


def test_old_rows_are_linked_and_need_no_signature(unsigned: list[int]) -> None:
    audit_trail.extend()
    assert set(unsigned) <= set(linked(LOG))
    assert doubts() == {}


def test_the_first_block_is_signed_as_the_model_signs_it(unsigned: list[int]) -> None:
    block = ChainBlock.objects.get(table=LOG, number=0)
    assert signatures.is_valid(
        "members_chainblock", block.signed_values(), bytes(block.signature or b"")
    )


def test_old_processes_may_write_unsigned_rows_for_a_day(unsigned: list[int]) -> None:
    write()
    with as_owner():
        SecurityEvent.objects.create(action=SecurityAction.LOGGED_OUT)
    assert doubts() == {}
    audit_trail.extend()
    assert doubts() == {}
    with as_owner():
        tomorrow = timezone.now() + DAY
        SecurityEvent.objects.create(action=SecurityAction.LOGGED_OUT, at=tomorrow)
    assert doubts(tomorrow)[Doubt.UNSIGNED] == 1


def test_a_forged_beginning_excuses_nothing(unsigned: list[int]) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE members_chainblock DISABLE TRIGGER USER")
        cursor.execute("UPDATE members_chainblock SET legacy_id = legacy_id + 1000")
    assert doubts()[Doubt.BROKEN_CHAIN] == 1
    assert doubts()[Doubt.UNSIGNED] == len(unsigned)


def test_the_oldest_lines_may_be_removed_after_half_a_year(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hash_chain, "BLOCK_ROWS", 3)
    write(6)
    audit_trail.extend()
    first = SecurityEvent.objects.earliest("id").pk
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE members_securityevent DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM members_securityevent WHERE id < %s", [first + 3])
    later = timezone.now() + dt.timedelta(days=184)
    assert doubts()[Doubt.MISSING] == 3
    assert Doubt.MISSING not in doubts(later)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM members_securityevent WHERE id = %s", [first + 4])
    assert doubts(later)[Doubt.MISSING] == 1


def test_the_limit_of_half_a_year_may_lie_inside_a_block(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hash_chain, "BLOCK_ROWS", 6)
    write(6)
    audit_trail.extend()
    first = SecurityEvent.objects.earliest("id").pk
    later = timezone.now() + dt.timedelta(days=184)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE members_securityevent DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM members_securityevent WHERE id < %s", [first + 2])
        assert Doubt.MISSING not in doubts(later)
        cursor.execute("DELETE FROM members_securityevent WHERE id = %s", [first + 4])
    assert doubts(later)[Doubt.MISSING] == 1


# --- Concurrency --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_row_that_commits_late_is_linked_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hash_chain, "WRITER_TIMEOUT", 0.1)
    drawn, may_commit = threading.Event(), threading.Event()

    def commit_late() -> None:
        with transaction.atomic():
            write()
            drawn.set()
            may_commit.wait(10)
        connection.close()

    thread = threading.Thread(target=commit_late)
    thread.start()
    drawn.wait(10)
    write()  # a higher id, committed at once
    assert audit_trail.extend() == 0
    may_commit.set()
    thread.join()
    assert audit_trail.extend() == 2
    assert doubts() == {}


@pytest.mark.django_db(transaction=True)
def test_workers_that_extend_at_once_make_one_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_chain, "BLOCK_ROWS", 5)
    write(100)
    rows: list[int] = []

    def extend() -> None:
        rows.append(audit_trail.extend(seconds=30))
        connection.close()

    threads = [threading.Thread(target=extend) for _worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(rows) == 100
    assert len(linked(LOG)) == 100
    assert doubts() == {}


# --- Anchors ------------------------------------------------------------------------------------


@pytest.fixture
def anchored(db: None) -> None:
    write(3)
    extend_audit_trail()


def test_the_worker_writes_a_line_a_day_and_the_heads_each_time(anchored: None) -> None:
    assert [line.kind for line in anchors.read()] == [AnchorKind.DAILY]
    first = anchors.latest_heads()[LOG]
    write()
    extend_audit_trail()
    assert len(anchors.read()) == 1
    assert anchors.latest_heads()[LOG].number == first.number + 1
    audit_trail.keep_anchors(timezone.now() + DAY)
    assert len(anchors.read()) == 2
    assert doubts() == {}


def test_an_anchor_is_a_line_of_the_program_log_too(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    write()
    audit_trail.extend()
    audit_trail.write_anchor(AnchorKind.DAILY, timezone.now())
    signature = audit_trail.current_heads()[LOG].signature
    assert signature in caplog.text


def test_a_line_of_the_file_that_was_changed_or_removed_is_noticed(anchored: None) -> None:
    audit_trail.keep_anchors(timezone.now() + DAY)
    audit_trail.keep_anchors(timezone.now() + 2 * DAY)
    file = settings.ANCHOR_DIR / anchors.ANCHORS_FILE
    lines = file.read_text().splitlines()
    changed = lines[1].replace('"last_id": ', '"last_id": 1')
    for planted in (
        [lines[0], lines[2]],
        [lines[0], changed, lines[2]],
        [*lines, "{}"],
        [lines[0], "not JSON", lines[2]],
    ):
        file.write_text("\n".join(planted) + "\n")
        assert doubts()[Doubt.ANCHOR] >= 1
    file.write_text("\n".join(lines) + "\n")
    assert doubts() == {}


def test_missing_anchors_are_noticed_after_a_day(anchored: None) -> None:
    (settings.ANCHOR_DIR / anchors.ANCHORS_FILE).unlink()
    assert doubts() == {}
    late = timezone.now() + dt.timedelta(hours=27)
    assert doubts(late)[Doubt.ANCHOR_OVERDUE] == 1


def _set_back() -> None:
    """Take the newest line and its block away, as in a database restored to an earlier hour."""
    write()
    extend_audit_trail()
    with as_owner(), connection.cursor() as cursor:
        blocks = f"members_chainblock WHERE \"table\" = '{LOG}'"
        for table, rows in ((LOG, LOG), ("members_chainblock", blocks)):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"DELETE FROM {table} WHERE id = (SELECT max(id) FROM {rows})")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_a_database_set_back_is_noticed_and_its_anchors_stay(anchored: None) -> None:
    _set_back()
    before = anchors.latest_heads()
    write()
    extend_audit_trail()  # the chain goes on, the evidence stays
    assert anchors.latest_heads() == before
    assert doubts()[Doubt.ANCHOR] == 1
    with pytest.raises(CommandError, match="do not contain"):
        call_command("audit_anchor", stdout=io.StringIO())


def test_a_restore_on_purpose_is_recorded(anchored: None) -> None:
    _set_back()
    call_command("audit_anchor", "--restored", "disk broken", stdout=io.StringIO())
    assert doubts() == {}
    line = json.loads((settings.ANCHOR_DIR / anchors.ANCHORS_FILE).read_text().splitlines()[-1])
    assert (line["kind"], line["message"]) == ("restored", "disk broken")
    command = SecurityEvent.objects.latest("id")
    assert (command.action, command.object_name) == (
        SecurityAction.COMMAND_RUN,
        "audit_anchor --restored",
    )


def test_a_folder_that_cannot_be_written_stops_nothing(db: None) -> None:
    settings.ANCHOR_DIR.parent.mkdir(parents=True, exist_ok=True)
    settings.ANCHOR_DIR.write_text("a file where the folder should be")
    write()
    assert extend_audit_trail() == 1
    assert not audit_trail.keep_anchors(timezone.now())
