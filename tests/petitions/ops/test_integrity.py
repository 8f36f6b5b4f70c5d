"""Every question of the verdict finds the fault it is named for; replay tells a broken story."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from petitions.enums import DeadlineKind, Status
from petitions.models import Deadline, Event, Outbox, Petition, Photo, ResidentMessage
from petitions.ops import integrity
from petitions.ops.scheduled_tasks import drain_outbox
from petitions.rules import photos
from petitions.workflow import deadline_sweep
from tests.support.cast import Stage
from tests.support.database_roles import as_owner

NEVER = frozenset({"case_without_organisation"})  # a foreign key that is never empty says it all

# Each fault as SQL on one case in progress; guards that would refuse it are taken down before.
RUNNING_LIMITS = "WHERE petition_id = %(case)s AND state = 'open'"
ITS_EVENTS = "WHERE event_id IN (SELECT id FROM petitions_event WHERE petition_id = %(case)s)"
ONE_ESCALATION = """
    INSERT INTO petitions_escalation (petition_id, deadline_id, from_organisation_id,
        to_organisation_id, level, skipped, created_at, answer_kind)
    SELECT p.id, max(d.id), p.organisation_id, p.organisation_id, 'grid', '[]', now(), ''
    FROM petitions_petition p JOIN petitions_deadline d ON d.petition_id = p.id
    WHERE p.id = %(case)s GROUP BY p.id;"""
ONE_KEY = """
    INSERT INTO petitions_idempotencykey (client, key, request_hash, petition_id, body, created_at)
    VALUES ('web', 'k', '', %(case)s, '{}', now());"""
ONE_TASK = """
    INSERT INTO petitions_casetask (petition_id, orderer_id, doer_id, text, state, version, round,
        sent_at, acknowledge_by, due_at, ended_at)
    SELECT %(case)s, min(id), max(id), '', {state}, 1, 1, now(), now(), now(), {ended}
    FROM branches_organisation;
    UPDATE petitions_petition SET doer_ids = ARRAY[(SELECT max(id) FROM branches_organisation)]
        WHERE id = %(case)s;"""
SENT_TASK = ONE_TASK.format(state="'sent'", ended="NULL")
DONE_TASK = ONE_TASK.format(state="'done'", ended="now()")
FAULTS: dict[str, str] = {
    "contact_not_folded": """
        UPDATE petitions_contact SET is_folded = false WHERE petition_id = %(case)s""",
    "running_without_limit": f"UPDATE petitions_deadline SET settled_at = now() {RUNNING_LIMITS}",
    "running_without_anything_that_runs": f"""
        UPDATE petitions_deadline SET state = 'fired', ended_at = due_at {RUNNING_LIMITS}""",
    "finished_with_limit": """
        UPDATE petitions_petition SET status = 'withdrawn' WHERE id = %(case)s""",
    "due_at_is_not_the_first_limit": """
        UPDATE petitions_petition SET due_at = due_at + interval '1 hour' WHERE id = %(case)s""",
    "due_not_fired": f"""
        UPDATE petitions_deadline SET started_at = now() - interval '3 hours',
        remind_at = now() - interval '2 hours', due_at = now() - interval '1 hour'
        {RUNNING_LIMITS}""",
    "fired_early": f"""
        UPDATE petitions_deadline SET state = 'fired', ended_at = due_at - interval '1 hour'
        {RUNNING_LIMITS}""",
    "fired_without_escalation": f"""
        UPDATE petitions_deadline SET state = 'fired', ended_at = due_at {RUNNING_LIMITS}""",
    "return_without_limit": """
        UPDATE petitions_petition SET status = 'returned', arbiter_id = (
            SELECT id FROM branches_organisation WHERE level = 'city') WHERE id = %(case)s""",
    "fired_twice": f"""
        ALTER TABLE petitions_escalation DROP CONSTRAINT petitions_escalation_deadline_id_key;
        {ONE_ESCALATION} {ONE_ESCALATION}""",
    "fired_after_cancel": f"""
        UPDATE petitions_deadline SET state = 'fired', ended_at = now(),
        settled_at = now() - interval '1 hour' {RUNNING_LIMITS}""",
    "events_are_not_the_version": """
        UPDATE petitions_petition SET version = version + 1 WHERE id = %(case)s""",
    "last_event_is_not_the_state": """
        UPDATE petitions_petition SET level = 'city' WHERE id = %(case)s""",
    "illegal_step": """
        UPDATE petitions_event SET verb = 'close' WHERE petition_id = %(case)s AND version = 2""",
    "event_without_outbox": f"DELETE FROM petitions_outbox {ITS_EVENTS}",
    "outbox_waiting": f"""
        UPDATE petitions_outbox SET done_at = NULL, created_at = now() - interval '1 hour'
        {ITS_EVENTS}""",
    "doors_of_an_ended_case": """
        INSERT INTO petitions_doorvisit
            (petition_id, area_id, entrance, floor, door, result, visited_at)
        SELECT id, place_id, 1, 1, 1, 'affected', now() FROM petitions_petition
            WHERE id = %(case)s;
        UPDATE petitions_petition SET status = 'redirected' WHERE id = %(case)s""",
    "answer_owed_by_nobody": """
        UPDATE petitions_petition SET is_answer_owed = true, supervisor_id = organisation_id
        WHERE id = %(case)s""",
    "task_without_its_deadlines": SENT_TASK,
    "task_with_other_deadlines": f"""
        {SENT_TASK} UPDATE petitions_deadline SET task_id = (SELECT max(id) FROM petitions_casetask)
        {RUNNING_LIMITS}""",
    "task_active_in_a_case_that_is_not": f"""
        {SENT_TASK} UPDATE petitions_petition SET status = 'withdrawn' WHERE id = %(case)s""",
    "doers_are_not_those_of_the_tasks": f"""
        {DONE_TASK} UPDATE petitions_petition SET doer_ids = '{{}}' WHERE id = %(case)s""",
    "task_changed_without_event": f"{DONE_TASK} UPDATE petitions_casetask SET version = 2",
    "overdue_task_not_reported_once": f"""
        {DONE_TASK} UPDATE petitions_deadline SET state = 'fired', ended_at = due_at,
        kind = 'conclude', task_id = (SELECT max(id) FROM petitions_casetask) {RUNNING_LIMITS}""",
    "doubled_key": f"""
        ALTER TABLE petitions_idempotencykey DROP CONSTRAINT idempotency_key_once;
        {ONE_KEY} {ONE_KEY}""",
}


@pytest.fixture
def case(stage: Stage) -> Petition:
    """A case in progress whose events have all been told."""
    found = stage.at(Status.IN_PROGRESS)
    drain_outbox()
    return found


def plant(case: Petition, fault: str) -> None:
    """Run raw SQL with the guards of the two tables taken down; the test's end puts them back."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("petitions_event", "petitions_petition"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(fault, {"case": case.pk})
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def forget_what_was_told() -> None:
    """Remove the rows that hold on to events."""
    Outbox.objects.all().delete()
    ResidentMessage.objects.all().delete()


def broken(**options: bool) -> set[str]:
    """Return the questions whose answer is not 0."""
    return {name for name, count in integrity.check(**options).items() if count}


def test_nothing_is_broken_at_first(case: Petition) -> None:
    assert broken() == set()


def test_every_question_has_its_fault() -> None:
    assert set(FAULTS) | NEVER == set(integrity.CHECKS)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(case: Petition, name: str) -> None:
    plant(case, FAULTS[name])
    assert name in broken()


def test_doers_that_have_no_task_are_found(case: Petition) -> None:
    plant(case, "UPDATE petitions_petition SET doer_ids = ARRAY[1] WHERE id = %(case)s")
    assert "doers_are_not_those_of_the_tasks" in broken()


def test_a_department_ordered_by_an_earlier_release_needs_no_task(case: Petition) -> None:
    plant(
        case,
        "UPDATE petitions_event SET verb = 'answer', data ="
        " jsonb_build_object('department', organisation_id) WHERE id = ("
        "   SELECT max(id) FROM petitions_event WHERE petition_id = %(case)s);"
        "UPDATE petitions_petition SET department_id = organisation_id,"
        " doer_ids = ARRAY[organisation_id] WHERE id = %(case)s",
    )
    found = {name for name in broken() if "doers" in name or "department" in name}
    assert found == set()


def test_lateness_is_judged_at_the_given_instant(case: Petition) -> None:
    due = Deadline.objects.open().earliest("due_at").due_at
    just = integrity.check(due + dt.timedelta(seconds=59))
    late = integrity.check(due + dt.timedelta(seconds=61))
    assert (just["due_not_fired"], late["due_not_fired"]) == (0, 1)


def test_a_limit_that_fired_at_the_city_needs_no_escalation(case: Petition) -> None:
    for month in range(1, 7):
        later = timezone.now() + dt.timedelta(days=30 * month)
        for pk in Deadline.objects.due(later).values_list("pk", flat=True):
            deadline_sweep.expire(deadline_id=pk, now=later)
    drain_outbox()
    case.refresh_from_db()
    assert case.level == "city"
    assert broken() == set()


class TestPhotos:
    """The part of the verdict that reads the disk."""

    @pytest.fixture
    def photo(self, case: Petition, settings: object, tmp_path: Path) -> Photo:
        settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
        for path in (photos.path_of("aa/x.jpg"), photos.thumb_of("aa/x.jpg")):
            path.parent.mkdir(parents=True)
            path.write_bytes(b"picture")
        event = Event.objects.filter(petition=case).earliest("version")
        return Photo.objects.create(
            petition=case,
            event=event,
            kind="report",
            name="aa/x.jpg",
            sha256="f7e6b9b3d9e1d5d6e0a0f0f4b1a6a1f5f3d0c9b8a7968574635241302f1e0d0c",
            size=7,
            width=1,
            height=1,
        )

    def test_altered(self, photo: Photo) -> None:
        assert broken() == {"photo_altered"}

    def test_missing(self, photo: Photo) -> None:
        photos.thumb_of(photo.name).unlink()
        assert broken() == {"photo_without_file"}
        assert broken(with_photos=False) == set()


class TestReplay:
    """A case told again from its events."""

    def test_it_stands_where_the_row_says(self, case: Petition) -> None:
        assert integrity.replay(case) == integrity.ReplayedState.from_row(case)
        assert integrity.replay_all() == []

    def test_a_climbed_case_as_well(self, case: Petition) -> None:
        limit = Deadline.objects.open().get(kind=DeadlineKind.RESOLUTION)
        deadline_sweep.expire(deadline_id=limit.pk, now=limit.due_at)
        case.refresh_from_db()
        state = integrity.replay(case)
        assert state == integrity.ReplayedState.from_row(case)
        assert state.supervisor_id is not None

    def test_a_missing_event(self, case: Petition) -> None:
        forget_what_was_told()
        plant(case, "DELETE FROM petitions_event WHERE petition_id = %(case)s AND version = 2")
        with pytest.raises(integrity.BrokenHistory):
            integrity.replay(case)
        assert integrity.replay_all() == [case.pk]

    def test_an_impossible_step(self, case: Petition) -> None:
        plant(
            case,
            "UPDATE petitions_event SET verb = 'close', to_status = 'closed'"
            " WHERE petition_id = %(case)s AND version = 2",
        )
        with pytest.raises(integrity.BrokenHistory):
            integrity.replay(case)

    def test_a_case_without_events(self, case: Petition) -> None:
        forget_what_was_told()
        plant(case, "DELETE FROM petitions_event WHERE petition_id = %(case)s")
        with pytest.raises(integrity.BrokenHistory):
            integrity.replay(case)
        assert integrity.replay_all() == [case.pk]


class TestCommand:
    """`manage.py check_integrity` says it in lines and in its exit code."""

    def test_all_is_well(self, case: Petition) -> None:
        out = io.StringIO()
        call_command("check_integrity", "--without-photos", stdout=out)
        assert "illegal step" in out.getvalue()

    def test_something_is_wrong(self, case: Petition) -> None:
        plant(case, FAULTS["illegal_step"])
        with pytest.raises(SystemExit) as stop:
            call_command("check_integrity", stdout=io.StringIO())
        assert stop.value.code == 1
