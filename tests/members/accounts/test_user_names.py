"""User names are one in every case and width: at the field, in the database, in stored rows."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client

from members import workflow
from members.accounts import user_names
from members.models import User
from petitions.ops import integrity
from tests.support.database_roles import as_owner

PASSWORD = "Rot-Gruen-2026"


def _insert(username: str) -> int:
    """Insert a user with raw SQL, as a program outside the product might."""
    user = User.objects.create_user(f"x{User.objects.count()}", PASSWORD, name="示例")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE members_user SET username = %s WHERE id = %s", [username, user.pk])
    return user.pk


def _drop_constraint() -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("DROP INDEX user_name_unique_when_folded")


@pytest.mark.parametrize("typed", ["DEPARTMENT", "Ｄｅｐａｒｔｍｅｎｔ", " department\u200e"])
def test_second_spelling_is_refused_at_the_field(db: None, typed: str) -> None:
    workflow.create_person(username="department", name="示例", by=None)
    with pytest.raises(ValidationError) as refused:
        workflow.create_person(username=typed, name="示例二", by=None)
    assert list(refused.value.message_dict) == ["username"]


@pytest.mark.parametrize("typed", ["DEPARTMENT", "ｄｅｐａｒｔｍｅｎｔ"])
def test_second_spelling_is_refused_by_the_database(db: None, typed: str) -> None:
    User.objects.create_user("department", PASSWORD, name="示例")
    with pytest.raises(IntegrityError):
        _insert(typed)


def test_account_created_in_capitals_logs_in_in_any_case(db: None, client: Client) -> None:
    user = User.objects.create_user("DEPARTMENT", PASSWORD, name="示例")
    assert user.username == "department"
    client.post("/account/login/", {"login": "Department", "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(user.pk)


def test_integrity_check_names_doubled_names(db: None) -> None:
    _drop_constraint()
    _insert("department")
    _insert("DEPARTMENT")
    counts = integrity.check(with_photos=False)
    assert (counts["user_name_doubled"], counts["user_name_not_folded"]) == (1, 1)
    assert "one user name in several spellings: department, DEPARTMENT" in integrity.explanations()


def test_migration_folds_names_and_keeps_every_account(db: None) -> None:
    _drop_constraint()
    first, second, third = _insert("department"), _insert("DEPARTMENT"), _insert("Ｚｈａｎｇ")
    User.objects.filter(pk=second).update(last_login="2026-11-01T00:00Z")
    migration: Any = importlib.import_module("members.migrations.0012_fold_user_names")
    migration.fold_names(apps, None)
    names = dict(User.objects.filter(pk__in=[first, second, third]).values_list("pk", "username"))
    assert names == {first: f"department~{first}", second: "department", third: "zhang"}
    assert user_names.doubled() == [[f"department~{first}", "department"]]
