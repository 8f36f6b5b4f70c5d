"""The database itself refuses what breaks the story of a case, by whatever door it comes."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from petitions.enums import Status
from petitions.models import Event, Petition
from tests.support.cast import Stage
from tests.support.database_roles import as_owner


def _run(sql: str, *params: int | str) -> None:
    """Run raw SQL as the owner to the commit point inside a savepoint."""
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _refused(sql: str, *params: int | str) -> str:
    """Return the database's refusal of raw SQL."""
    with pytest.raises(IntegrityError) as refusal:
        _run(sql, *params)
    return str(refusal.value)


@pytest.fixture
def petition(stage: Stage) -> Petition:
    return stage.at(Status.ACCEPTED)


def test_state_without_event(petition: Petition) -> None:
    sql = "UPDATE petitions_petition SET status = 'in_progress' WHERE id = %s"
    assert "only together with an event" in _refused(sql, petition.pk)


@pytest.mark.parametrize(
    "change",
    [
        "level = 'city'",
        "is_answer_owed = true, supervisor_id = organisation_id",
        "organisation_id = (SELECT max(id) FROM branches_organisation)",
        "urgency = 'normal'",
    ],
)
def test_responsibility_without_event(petition: Petition, change: str) -> None:
    sql = f"UPDATE petitions_petition SET {change} WHERE id = %s"
    assert "only together with an event" in _refused(sql, petition.pk)


def test_state_with_a_new_version_but_without_its_event(petition: Petition) -> None:
    sql = "UPDATE petitions_petition SET status='in_progress', version=version+1 WHERE id=%s"
    assert "without its event" in _refused(sql, petition.pk)


def test_version_that_jumps(petition: Petition) -> None:
    sql = "UPDATE petitions_petition SET version = version + 2 WHERE id = %s"
    assert "only together with an event" in _refused(sql, petition.pk)


def test_queryset_update_is_refused_like_raw_sql(petition: Petition) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Petition.objects.filter(pk=petition.pk).update(status=Status.IN_PROGRESS)


@pytest.mark.parametrize("change", ["verb = 'close'", "at = now()", "data = '{}'"])
def test_event_altered(petition: Petition, change: str) -> None:
    sql = f"UPDATE petitions_event SET {change} WHERE petition_id = %s"
    assert "never altered" in _refused(sql, petition.pk)


def test_event_deleted(petition: Petition) -> None:
    assert "never altered" in _refused(
        "DELETE FROM petitions_event WHERE petition_id=%s", petition.pk
    )


def _insert_event(petition: Petition, verb: str, source: str, target: str, ahead: int) -> str:
    return _refused(
        "INSERT INTO petitions_event (petition_id, version, verb, actor, from_status, to_status,"
        " organisation_id, level, at, data)"
        " VALUES (%s, %s, %s, 'handler', %s, %s, %s, 'grid', now(), '{}')",
        petition.pk,
        petition.version + ahead,
        verb,
        source,
        target,
        petition.organisation_id,
    )


def test_event_with_an_illegal_step(petition: Petition) -> None:
    assert "no legal step" in _insert_event(petition, "close", "accepted", "closed", 1)


def test_event_that_does_not_follow_the_last(petition: Petition) -> None:
    assert "no legal step" in _insert_event(petition, "resolve", "assigned", "resolved", 1)


def test_event_that_skips_a_version(petition: Petition) -> None:
    assert "follows no event" in _insert_event(petition, "start", "accepted", "in_progress", 2)


def test_event_without_a_change(petition: Petition) -> None:
    assert "belongs to no change" in _insert_event(petition, "start", "accepted", "in_progress", 1)


def test_second_event_for_a_version(petition: Petition) -> None:
    event = Event.objects.get(petition=petition, version=petition.version)
    assert "event_once_a_version" in _insert_event(
        petition, "accept", event.from_status, "accepted", 0
    )


def test_case_without_a_responsible_organisation(petition: Petition) -> None:
    sql = (
        "UPDATE petitions_petition SET organisation_id = NULL, version = version + 1 WHERE id = %s"
    )
    assert "null value" in _refused(sql, petition.pk)


def test_case_without_any_event(petition: Petition) -> None:
    columns = [str(field.column) for field in Petition._meta.concrete_fields if field.name != "id"]
    values = [
        {"uuid": "gen_random_uuid()", "tracking_hash": "'x'"}.get(column, column)
        for column in columns
    ]
    sql = (
        f"INSERT INTO petitions_petition ({', '.join(columns)})"
        f" SELECT {', '.join(values)} FROM petitions_petition WHERE id = %s"
    )
    assert "without its event" in _refused(sql, petition.pk)


def test_case_deleted(petition: Petition) -> None:
    assert "violates" in _refused("DELETE FROM petitions_petition WHERE id = %s", petition.pk)


def test_complained_about_organisation_as_handler(petition: Petition) -> None:
    sql = "UPDATE petitions_petition SET about_organisation_id = organisation_id WHERE id = %s"
    assert "never_judge" in _refused(sql, petition.pk)


def test_second_open_limit_of_a_kind(petition: Petition) -> None:
    sql = (
        "INSERT INTO petitions_deadline (petition_id, kind, started_at, remind_at, due_at,"
        " is_provisional, state)"
        " SELECT petition_id, kind, started_at, remind_at, due_at, false, 'open'"
        " FROM petitions_deadline WHERE petition_id = %s AND kind = 'resolution'"
    )
    assert "one_open_of_a_kind" in _refused(sql, petition.pk)
