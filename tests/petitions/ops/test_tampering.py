"""Tampering with events, opened contacts and the security log: 24 trials, each in both roles.

The application's role is refused. What the owner of the tables does is noticed by the integrity
check, which names the row: the owner can disable every trigger, but does not know the key of the
signatures and cannot write to the folder of the anchors.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from members.accounts import audit_log
from members.enums import SecurityAction
from members.models import SecurityEvent
from petitions.enums import Status, Verb
from petitions.models import Event, Petition
from petitions.ops import audit_checks, audit_trail
from petitions.ops.audit_checks import Doubt
from petitions.ops.integrity import report
from petitions.ops.scheduled_tasks import drain_outbox
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.database_roles import as_owner
from tests.support.verb_cases import url_of

TABLES = ("petitions_event", "petitions_petition", "members_securityevent", "members_chainblock")
REVEAL = "(SELECT max(id) FROM petitions_event WHERE verb = 'reveal')"
LINE = "(SELECT max(id) - 4 FROM members_securityevent)"
OTHER_USER = "(SELECT id FROM members_user WHERE username = 'leader')"
FREE_ID = "(SELECT max(id) - 2 FROM members_securityevent)"
WITHOUT_REVEAL = f"""
    DELETE FROM petitions_outbox WHERE event_id = {REVEAL};
    DELETE FROM petitions_note WHERE event_id = {REVEAL};
    DELETE FROM petitions_residentmessage WHERE event_id = {REVEAL};"""
LINE_COLUMNS = "at, action, user_id, user_name, acting_as, message, detail, times"
FORGED_LINE = "now(), 'contact_revealed', NULL, '', '', '', '{}', 1"
EVENT_COLUMNS = """petition_id, version, verb, actor, user_id, acting_for_id, from_status,
    to_status, organisation_id, holder_id, supervisor_id, level, at, data"""


@dataclass(frozen=True)
class Trial:
    """SQL that tampers, and what the check must doubt afterwards."""

    sql: str
    doubt: Doubt


TRIALS: dict[str, Trial] = {
    "alter who opened a contact": Trial(
        f"UPDATE petitions_event SET user_id = {OTHER_USER} WHERE id = {REVEAL}", Doubt.ALTERED
    ),
    "alter for whom a contact was opened": Trial(
        f"UPDATE petitions_event SET acting_for_id = NULL WHERE id = {REVEAL}", Doubt.ALTERED
    ),
    "alter when an event happened": Trial(
        f"UPDATE petitions_event SET at = at - interval '1 s' WHERE id = {REVEAL}", Doubt.ALTERED
    ),
    "alter the data of an event": Trial(
        f"""UPDATE petitions_event SET data = '{{"a": 1}}' WHERE id = {REVEAL}""", Doubt.ALTERED
    ),
    "alter the signature of an event": Trial(
        f"UPDATE petitions_event SET signature = NULL WHERE id = {REVEAL}", Doubt.ALTERED
    ),
    "alter who a line of the log names": Trial(
        f"UPDATE members_securityevent SET user_id = {OTHER_USER} WHERE id = {LINE}", Doubt.ALTERED
    ),
    "alter the words of a line": Trial(
        f"UPDATE members_securityevent SET message = '误会' WHERE id = {LINE}", Doubt.ALTERED
    ),
    "alter the address of a line": Trial(
        f"""UPDATE members_securityevent SET detail = '{{"ip": "::1"}}' WHERE id = {LINE}""",
        Doubt.ALTERED,
    ),
    "delete an opened contact": Trial(
        f"{WITHOUT_REVEAL} DELETE FROM petitions_event WHERE id = {REVEAL}", Doubt.MISSING
    ),
    "delete a line": Trial(f"DELETE FROM members_securityevent WHERE id = {LINE}", Doubt.MISSING),
    "delete the newest line": Trial(
        "DELETE FROM members_securityevent WHERE id = (SELECT max(id) FROM members_securityevent)",
        Doubt.MISSING,
    ),
    "delete the oldest lines": Trial(
        f"DELETE FROM members_securityevent WHERE id < {LINE}", Doubt.MISSING
    ),
    "insert a line": Trial(
        f"INSERT INTO members_securityevent ({LINE_COLUMNS}) VALUES ({FORGED_LINE})",
        Doubt.UNSIGNED,
    ),
    "insert a line between others": Trial(
        f"INSERT INTO members_securityevent (id, {LINE_COLUMNS}, signature) SELECT {FREE_ID},"
        f" {LINE_COLUMNS}, signature FROM members_securityevent WHERE id = {LINE}",
        Doubt.NOT_IN_CHAIN,
    ),
    "insert an opened contact": Trial(
        f"""UPDATE petitions_petition SET version = version + 1
            WHERE id = (SELECT petition_id FROM petitions_event WHERE id = {REVEAL});
        INSERT INTO petitions_event ({EVENT_COLUMNS}) SELECT petition_id, version + 1, verb, actor,
            {OTHER_USER}, acting_for_id, from_status, to_status, organisation_id, holder_id,
            supervisor_id, level, now(), data FROM petitions_event WHERE id = {REVEAL}""",
        Doubt.UNSIGNED,
    ),
    "truncate the events": Trial("TRUNCATE petitions_event CASCADE", Doubt.MISSING),
    "truncate the log": Trial("TRUNCATE members_securityevent", Doubt.MISSING),
    "truncate the chain": Trial("TRUNCATE members_chainblock", Doubt.ANCHOR),
    "reorder two lines": Trial(
        f"""UPDATE members_securityevent SET id = -1 WHERE id = {LINE};
        UPDATE members_securityevent SET id = id - 1 WHERE id =
            (SELECT min(id) FROM members_securityevent WHERE id > {LINE});
        UPDATE members_securityevent SET id = (SELECT min(id) + 1 FROM members_securityevent s
            WHERE s.id > 0 AND NOT EXISTS (
                SELECT 1 FROM members_securityevent n WHERE n.id = s.id + 1)) WHERE id = -1""",
        Doubt.ALTERED,
    ),
    "reorder two events of a case": Trial(
        f"""UPDATE petitions_event e SET verb = o.verb, user_id = o.user_id, at = o.at
        FROM petitions_event o WHERE e.petition_id = o.petition_id
            AND {REVEAL} IN (e.id, o.id) AND abs(e.version - o.version) = 1""",
        Doubt.ALTERED,
    ),
    "restore an old copy of the log": Trial(
        f"""DELETE FROM members_securityevent;
        INSERT INTO members_securityevent (id, {LINE_COLUMNS}, signature)
            SELECT id, {LINE_COLUMNS}, signature FROM old_log""",
        Doubt.MISSING,
    ),
    "restore an old copy of the log with its chain": Trial(
        """DELETE FROM members_securityevent WHERE id > (SELECT max(id) FROM old_log);
        DELETE FROM members_chainblock WHERE id > (SELECT max(id) FROM old_chain)""",
        Doubt.ANCHOR,
    ),
    "alter a block to fit a line that is gone": Trial(
        f"""DELETE FROM members_securityevent WHERE id = {LINE};
        UPDATE members_chainblock SET entries = '' WHERE "table" = 'members_securityevent'""",
        Doubt.BROKEN_CHAIN,
    ),
    "delete a block of the chain": Trial(
        """DELETE FROM members_chainblock
        WHERE number = 1 AND "table" = 'members_securityevent'""",
        Doubt.BROKEN_CHAIN,
    ),
}


@pytest.fixture
def petition(stage: Stage) -> Petition:
    """A case whose contact was opened, lines of the log, an old copy, chains and anchors."""
    case = stage.at(Status.IN_PROGRESS)
    for _line in range(6):
        audit_log.write(SecurityAction.PRINTED, user=stage.cast["secretary"])
    audit_trail.extend()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE old_log ON COMMIT DROP AS TABLE members_securityevent")
        cursor.execute("CREATE TEMP TABLE old_chain ON COMMIT DROP AS TABLE members_chainblock")
        cursor.execute("GRANT SELECT ON old_log, old_chain TO PUBLIC")
    answer = login(stage, "secretary").post(url_of(case, Verb.REVEAL), {"reason": "约定上门时间"})
    assert answer.status_code == 200
    for number in range(6):
        audit_log.write(SecurityAction.PRINTED, user=stage.cast["secretary"])
        if number == 3:  # an id that a rolled back transaction drew
            with connection.cursor() as cursor:
                cursor.execute("SELECT nextval('members_securityevent_id_seq')")
    drain_outbox()
    audit_trail.extend()
    audit_trail.keep_anchors(_now())
    assert audit_checks.check(_now()) == []
    return case


def _now() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now


def _plant(sql: str) -> None:
    """Tamper as the owner, who disables every trigger first."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql)


def test_there_are_enough_trials_of_every_kind() -> None:
    kinds = {name.split()[0] for name in TRIALS}
    assert kinds == {"alter", "delete", "insert", "truncate", "reorder", "restore"}
    assert len(TRIALS) >= 20


REFUSALS = ("permission denied", "must be signed", "without its event")


def _refused(sql: str) -> str:
    """Return the refusal of SQL that is run to the commit point in a savepoint."""
    with pytest.raises(DatabaseError) as refusal:
        _run(sql)
    return str(refusal.value)


def _run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql)


@pytest.mark.parametrize("name", TRIALS)
def test_the_application_is_refused(petition: Petition, name: str) -> None:
    before = _fingerprint()
    refusal = _refused(TRIALS[name].sql)
    assert any(words in refusal for words in REFUSALS), refusal
    assert _fingerprint() == before


@pytest.mark.parametrize("name", TRIALS)
def test_the_owner_is_noticed(petition: Petition, name: str) -> None:
    _plant(TRIALS[name].sql)
    doubts = {finding.doubt for finding in audit_checks.check(_now())}
    assert TRIALS[name].doubt in doubts, doubts


@pytest.mark.parametrize("name", TRIALS)
def test_it_is_still_noticed_after_the_worker_went_on(petition: Petition, name: str) -> None:
    _plant(TRIALS[name].sql)
    audit_trail.extend()
    audit_trail.keep_anchors(_now())
    assert audit_checks.check(_now()) != []


def test_the_triggers_alone_refuse_the_owner(petition: Petition) -> None:
    for sql in (
        "TRUNCATE petitions_event CASCADE",
        "TRUNCATE members_securityevent",
        "TRUNCATE members_chainblock",
        "DELETE FROM members_chainblock",
        "UPDATE members_securityevent SET message = ''",
        "UPDATE petitions_event SET data = '{}'",
    ):
        with as_owner():
            refusal = _refused(sql)
        assert "append-only" in refusal or "never altered" in refusal


def test_a_line_with_the_signature_of_another_is_noticed(petition: Petition) -> None:
    sql = (
        f"INSERT INTO members_securityevent ({LINE_COLUMNS}, signature) SELECT now(), action,"
        f" user_id, user_name, acting_as, message, detail, times, signature"
        f" FROM members_securityevent WHERE id = {LINE}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)  # the application may insert; it could not sign
    doubts = [finding.doubt for finding in audit_checks.check(_now())]
    assert doubts == [Doubt.WRONG_SIGNATURE, Doubt.COPIED]


def test_a_line_inserted_again_with_its_own_signature_is_noticed(petition: Petition) -> None:
    columns = ", ".join(column.column for column in SecurityEvent._meta.concrete_fields[1:])
    sql = (
        f"INSERT INTO members_securityevent ({columns}) SELECT {columns}"
        f" FROM members_securityevent WHERE id = {LINE} RETURNING id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)  # the signature fits: nothing in the row differs
        (copy,) = cursor.fetchone() or ()
    findings = audit_checks.check(_now())
    assert [finding.doubt for finding in findings] == [Doubt.COPIED]
    assert findings[0].where == f"members_securityevent {copy}"


def test_the_command_names_what_it_found(petition: Petition) -> None:
    event = Event.objects.filter(verb=Verb.REVEAL).latest("id")
    _plant(TRIALS["alter who opened a contact"].sql)
    assert report(with_photos=False).counts[Doubt.ALTERED] == 1
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("check_integrity", "--without-photos", stdout=out)
    assert f"audit row altered: petitions_event {event.pk} ({event})" in out.getvalue()


def _fingerprint() -> list[str]:
    digest = "md5(coalesce(string_agg(t::text, ',' ORDER BY id), ''))"
    with connection.cursor() as cursor:
        rows = []
        for table in TABLES:
            cursor.execute(f"SELECT {digest} FROM {table} t")
            rows.append(cursor.fetchone()[0])
    return rows
