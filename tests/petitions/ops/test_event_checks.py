"""Statements of the application's role that no trigger refuses, and the check that notices each."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from petitions.actors import Petitioner
from petitions.enums import DeadlineKind, Outcome, Status
from petitions.models import Deadline, Event, Petition
from petitions.ops import event_checks, integrity
from petitions.rules.contacts import ContactDetails
from petitions.rules.photos import StoredPhoto
from petitions.workflow import contact, deadline_sweep, handling, resolution
from tests.support import task_steps
from tests.support.cast import PHONE, Stage
from tests.support.database_roles import as_owner

NOW = timezone.now() - dt.timedelta(days=1)
OTHER_USER = "(SELECT id FROM members_user WHERE username = 'outsider')"
OTHER_ORGANISATION = "(SELECT id FROM branches_organisation WHERE name = '大桥社区党总支')"
OTHER_AREA = "(SELECT id FROM grids_area WHERE name = '47号楼')"
OTHER_CATEGORY = "(SELECT id FROM petitions_category WHERE code = 'GV04')"

CASE_COLUMNS: dict[str, dict[str, str]] = {
    "report_altered": {
        "text": "'没有问题'",
        "since": "'昨天'",
        "place_id": OTHER_AREA,
        "path": "'/'",
        "category_id": OTHER_CATEGORY,
        "about_organisation_id": OTHER_ORGANISATION,
        "is_sealed": "true",
        "tracking_hash": "repeat('0', 64)",
    },
    "case_not_as_filed": {
        "created_at": "created_at - interval '1 day'",
        "filed_by_id": OTHER_USER,
        "channel": "'desk'",
    },
    "answer_not_that_of_the_event": {
        "public_answer": "'不予办理'",
        "cause": "'人为'",
        "outcome": "'partly'",
        "resolved_by_id": OTHER_USER,
        "resolved_at": "resolved_at - interval '1 hour'",
        "resolution_level": "'city'",
    },
    "closing_not_that_of_the_event": {
        "closed_by": "'follow_up'",
        "closed_at": "closed_at - interval '1 hour'",
    },
    "return_not_that_of_the_event": {"returned_by_id": OTHER_USER},
    "arbiter_not_that_of_the_event": {"arbiter_id": OTHER_ORGANISATION},
    "assignees_not_those_of_the_event": {"assignee_ids": f"ARRAY[{OTHER_USER}]"},
    "department_not_that_of_the_event": {"department_id": OTHER_ORGANISATION},
    "doers_not_those_of_the_events": {"doer_ids": f"doer_ids || {OTHER_ORGANISATION}"},
    "steps_not_those_of_the_events": {
        "accepted_at": "accepted_at - interval '1 hour'",
        "returns": "returns + 1",
        "round": "round + 1",
        "disputes": "disputes + 1",
        "is_route_final": "true",
        "merged_into_id": "id",
    },
    "dates_not_those_of_the_deadlines": {
        "answer_due_at": "answer_due_at + interval '1 day'",
        "answer_soon_at": "NULL",
        "decision_due_at": "NULL",
        "decision_soon_at": "decision_soon_at + interval '1 day'",
        "soon_at": "soon_at - interval '1 minute'",
    },
}
EXACT = {
    **dict.fromkeys(("arbiter_id", "returned_by_id"), "returned"),
    **dict.fromkeys(("decision_due_at", "decision_soon_at"), "returned"),
    **dict.fromkeys(("answer_due_at", "answer_soon_at", "soon_at"), "late"),
}
"""The case that the statement alters, by its name in `cases`; otherwise the closed one."""

FIRED = "WHERE state = 'fired' AND task_id IS NULL"
CONTACTS_MET = """
    WHERE kind = 'contact' AND state = 'met' AND id NOT IN (
        SELECT deadline_id FROM petitions_escalation WHERE deadline_id IS NOT NULL)"""
ROWS: dict[str, tuple[str, str]] = {
    "words of a task": (
        "UPDATE petitions_casetask SET text = '不用换'",
        "task_not_that_of_its_events",
    ),
    "orderer of a task": (
        f"UPDATE petitions_casetask SET orderer_id = {OTHER_ORGANISATION}",
        "task_not_that_of_its_events",
    ),
    "kind of an answer": (
        "UPDATE petitions_escalation SET answer_kind = 'explain' WHERE answer_kind <> ''",
        "escalation_not_that_of_its_events",
    ),
    "who answered": (
        f"UPDATE petitions_escalation SET answered_by_id = {OTHER_USER} WHERE answer_kind <> ''",
        "escalation_not_that_of_its_events",
    ),
    "an invented answer": (
        """UPDATE petitions_escalation SET answer_kind = 'explain', answered_at = now()
        WHERE answer_kind = ''""",
        "escalation_not_that_of_its_events",
    ),
    "an escalation is deleted": (
        "DELETE FROM petitions_escalation WHERE answer_kind <> ''",
        "escalation_not_that_of_its_events",
    ),
    "a deadline that passed was met": (
        f"UPDATE petitions_deadline SET state = 'met' {FIRED}",
        "fired_not_as_often_as_the_events_say",
    ),
    "a settled deadline is deleted": (
        f"DELETE FROM petitions_deadline {CONTACTS_MET}",
        "deadline_missing",
    ),
    "an arbiter whom no event appointed": (
        f"UPDATE petitions_petition SET arbiter_id = {OTHER_ORGANISATION} WHERE status = 'closed'",
        "arbiter_not_that_of_the_event",
    ),
    "a doer is removed": (
        "UPDATE petitions_petition SET doer_ids = '{}' WHERE doer_ids <> '{}'",
        "doers_not_those_of_the_events",
    ),
    "a photo is deleted": ("DELETE FROM petitions_photo", "photos_altered"),
    "a photo becomes public": ("UPDATE petitions_photo SET is_public = true", "photos_altered"),
    "a contact is not confidential": (
        "UPDATE petitions_contact SET is_confidential = false",
        "confidentiality_altered",
    ),
}


@pytest.fixture
def cases(stage: Stage) -> dict[str, Petition]:
    """A closed case, a returned one, one with a task, and one that was escalated too late."""
    details = ContactDetails(name="示例居民", phone=PHONE, is_confidential=True)
    closed = stage.at(Status.ACCEPTED, now=NOW, contact=details)
    secretary = stage.cast["secretary"]
    users = [stage.cast["member"]]
    closed = handling.dispatch(petition=closed, by=secretary, now=NOW, users=users)
    photo = StoredPhoto("aa/x.jpg", "0" * 64, 7, 1, 1)
    closed = handling.photo(petition=closed, by=secretary, now=NOW, photos=[photo])
    closed = resolution.resolve(
        petition=closed,
        by=secretary,
        now=NOW,
        outcome=Outcome.RESOLVED,
        cause=" 老旧铁管 ",
        public_answer="已更换。\n",
    )
    closed = resolution.confirm(petition=closed, by=stage.petitioner(closed), now=NOW)
    late = stage.at(Status.IN_PROGRESS, now=NOW)
    deadline = Deadline.objects.open().get(petition=late, kind=DeadlineKind.RESOLUTION)
    assert deadline_sweep.expire(deadline_id=deadline.pk, now=deadline.due_at)
    return {
        "closed": closed,
        "returned": stage.at(Status.RETURNED, now=NOW),
        "task": task_steps.ordered(stage, now=NOW),
        "late": late,
    }


def _broken() -> set[str]:
    """Return the checks of this file that find something."""
    counts = integrity.check(NOW, with_photos=False)
    return {name for name, count in counts.items() if count and name in NAMES}


NAMES = {
    *event_checks.CHECKS,
    *("report_altered", "photos_altered", "note_altered", "confidentiality_altered"),
}


def _run(sql: str) -> None:
    """Run a statement as the application's role up to the commit point; it must alter a row."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql)
        assert cursor.rowcount > 0


def test_every_check_has_its_statement() -> None:
    assert set(event_checks.CHECKS) <= {*CASE_COLUMNS, *(name for _sql, name in ROWS.values())}


def test_nothing_is_found_at_first(cases: dict[str, Petition]) -> None:
    assert _broken() == set()


@pytest.mark.parametrize(
    ("name", "column"),
    [(name, column) for name, columns in CASE_COLUMNS.items() for column in columns],
)
def test_a_column_of_a_case(cases: dict[str, Petition], name: str, column: str) -> None:
    case = cases[EXACT.get(column, "closed")]
    value = CASE_COLUMNS[name][column]
    _run(f"UPDATE petitions_petition SET {column} = {value} WHERE id = {case.pk}")
    assert _broken() == {name}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_a_case(cases: dict[str, Petition], name: str) -> None:
    sql, expected = ROWS[name]
    _run(sql)
    assert _broken() == {expected}


def test_an_added_task_makes_no_doer(cases: dict[str, Petition]) -> None:
    case = cases["closed"]
    _run(
        f"""INSERT INTO petitions_casetask (petition_id, orderer_id, doer_id, text, state, version,
            round, sent_at, acknowledge_by, due_at, ended_at)
        SELECT {case.pk}, organisation_id, {OTHER_ORGANISATION}, '', 'done', 1, 1, now(), now(),
            now(), now() FROM petitions_petition WHERE id = {case.pk}"""
    )
    _run(
        f"UPDATE petitions_petition SET doer_ids = ARRAY[{OTHER_ORGANISATION}],"
        f" department_id = {OTHER_ORGANISATION} WHERE id = {case.pk}"
    )
    counts = integrity.check(NOW, with_photos=False)
    assert counts["doers_are_not_those_of_the_tasks"] == 0
    assert _broken() == {"doers_not_those_of_the_events", "department_not_that_of_the_event"}


def test_the_cases_are_named(cases: dict[str, Petition]) -> None:
    case = cases["closed"]
    _run(
        f"UPDATE petitions_petition SET department_id = {OTHER_ORGANISATION},"
        f" doer_ids = ARRAY[{OTHER_ORGANISATION}] WHERE id = {case.pk}"
    )
    names = {"department_not_that_of_the_event", "doers_not_those_of_the_events"}
    assert integrity.report(NOW, with_photos=False).cases == {name: [case.pk] for name in names}
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("check_integrity", "--without-photos", stdout=out)
    assert f"department not that of the event: {case.number}" in out.getvalue()


ALTERATIONS = {
    "report_altered": "UPDATE petitions_petition SET text = '没有问题' WHERE id = {case}",
    "note_altered": """UPDATE petitions_note SET body = '别的' WHERE event_id IN
        (SELECT id FROM petitions_event WHERE petition_id = {case})""",
    "photos_altered": "UPDATE petitions_photo SET sha256 = 'x' WHERE petition_id = {case}",
    "feedback_altered": "UPDATE petitions_feedback SET rating = 1 WHERE petition_id = {case}",
    "confidentiality_altered": """UPDATE petitions_contact
        SET is_confidential = NOT is_confidential WHERE petition_id = {case}""",
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_a_case_with_an_altered_report_is_named(cases: dict[str, Petition], name: str) -> None:
    case = cases["closed"]
    _run(ALTERATIONS[name].format(case=case.pk))
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("check_integrity", "--without-photos", stdout=out)
    assert f"  {name.replace('_', ' ')}: {case.number}\n" in out.getvalue()


def test_a_corrected_contact_is_not_reported(cases: dict[str, Petition]) -> None:
    details = ContactDetails(name="示例居民", phone=PHONE, is_confidential=False)
    by = Petitioner(cases["closed"].pk, has_given_phone=True)
    contact.correct_contact(petition=cases["closed"], by=by, now=timezone.now(), contact=details)
    assert _broken() == set()


def test_a_contact_that_is_encrypted_again_stays_as_it_was_stored(
    cases: dict[str, Petition], settings: object
) -> None:
    _run("UPDATE petitions_contact SET is_confidential = false")
    keys = settings.CONTACT_KEYS  # type: ignore[attr-defined]
    settings.CONTACT_KEYS = {"new": next(iter(keys.values())), **keys}  # type: ignore[attr-defined]
    assert contact.reencrypt(after=0, limit=100).done > 0
    assert _broken() == {"confidentiality_altered"}


def test_what_an_earlier_release_did_not_write_is_not_compared(cases: dict[str, Petition]) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE petitions_event DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE petitions_event SET signature = NULL, data = data - ARRAY['report_digest',"
            " 'photos_digest', 'note_digest', 'escalation', 'task', 'arbiter', 'users', 'group']"
        )
    Petition.objects.update(returned_by=None, arbiter=None)
    assert _broken() == set()


def test_the_event_holds_no_text(cases: dict[str, Petition]) -> None:
    data = Event.objects.get(petition=cases["closed"], version=1).data
    assert set(data) == {"channel", "route", "report_digest"}
    assert len(data["report_digest"]) == 66
    assert "自来水" not in str(data)
