"""The migration that deletes the doors which earlier releases kept of ended cases."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection
from django.utils import timezone

from petitions.enums import DoorResult, Status
from petitions.models import DoorVisit, Petition
from petitions.states import FINAL
from tests.support.cast import Stage
from tests.support.database_roles import as_owner

# The statuses that a row may get without further columns.
TRIED = [
    *(Status.SUBMITTED, Status.ACCEPTED, Status.IN_PROGRESS),
    *(Status.DECLINED, Status.REDIRECTED, Status.WITHDRAWN),
]
migration = import_module("petitions.migrations.0048_doors_of_ended_cases")


(DELETION,) = migration.Migration.operations


def _migrate() -> None:
    with connection.cursor() as cursor:
        cursor.execute(DELETION.sql)


def _at(stage: Stage, status: Status) -> Petition:
    """Return a case with a visited door, whose row says that it has a status."""
    petition = stage.file().petition
    DoorVisit.objects.create(
        petition=petition,
        area=stage.town.building,
        entrance=1,
        floor=1,
        door=1,
        result=DoorResult.AFFECTED,
        visited_at=timezone.now(),
    )
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE petitions_petition DISABLE TRIGGER USER")
        Petition.objects.filter(pk=petition.pk).update(status=status)
        cursor.execute("ALTER TABLE petitions_petition ENABLE TRIGGER USER")
    return petition


@pytest.mark.parametrize("status", TRIED)
def test_the_doors_of_ended_cases_are_deleted(stage: Stage, status: Status) -> None:
    petition = _at(stage, status)
    _migrate()
    assert DoorVisit.objects.filter(petition=petition).exists() == (status not in FINAL)


def test_every_status_in_which_a_case_has_ended_is_named() -> None:
    assert {status for status in Status if f"'{status}'" in DELETION.sql} == set(FINAL)
