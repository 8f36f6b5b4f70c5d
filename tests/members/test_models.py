"""Database constraints of people, posts and the security log."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from members.accounts import audit_log
from members.enums import Role, SecurityAction
from members.models import Post, SecurityEvent, User
from tests.members.conftest import NOW, TODAY, Town
from tests.support.database_roles import as_owner


def _insert(
    user: User, role: str, organisation: int | None = None, until: str | None = None
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO members_post (user_id, role, organisation_id, valid_from, valid_to,"
            " is_deputy) VALUES (%s, %s, %s, %s, NULL, false)",
            [user.pk, role, organisation, TODAY],
        )


@pytest.mark.parametrize("role", ["auditor", "system_admin", "security_admin"])
def test_administrator_roles_exclude_each_other_even_by_raw_sql(town: Town, role: str) -> None:
    for holder in ("auditor", "sysadmin", "secadmin"):
        if town.users[holder].posts.filter(role=role).exists():
            continue
        with pytest.raises(IntegrityError, match="post_hats_exclude_each_other"):
            _insert(town.users[holder], role)


def test_an_administrator_role_and_a_post_with_cases_exclude_each_other(town: Town) -> None:
    with pytest.raises(IntegrityError, match="post_hats_exclude_each_other"):
        _insert(town.users["secretary"], "auditor")
    with pytest.raises(IntegrityError, match="post_hats_exclude_each_other"):
        _insert(town.users["auditor"], "staff", town.world.orgs["yingbin"].pk)


def test_an_administrator_role_may_follow_an_ended_post(town: Town) -> None:
    town.users["staff"].posts.update(valid_to=TODAY - dt.timedelta(days=1))
    _insert(town.users["staff"], "auditor")


def test_a_person_may_hold_several_posts_with_cases(town: Town) -> None:
    _insert(town.users["secretary"], "staff", town.world.orgs["yingbin"].pk)


def test_one_secretary_at_a_time(town: Town) -> None:
    branch = town.world.orgs["branch"].pk
    with pytest.raises(IntegrityError, match="post_one_head_at_a_time"):
        _insert(town.users["staff"], "branch_secretary", branch)
    deputy = Post(
        user=town.users["staff"],
        role=Role.BRANCH_SECRETARY,
        organisation=town.world.orgs["branch"],
        is_deputy=True,
        valid_from=TODAY,
    )
    deputy.save()


def test_several_officials_at_a_time(town: Town) -> None:
    _insert(town.users["city"], "subdistrict_official", town.world.orgs["street"].pk)


@pytest.mark.parametrize("role", ["staff", "api_client"])
def test_a_post_without_its_organisation_or_area_is_refused(town: Town, role: str) -> None:
    with pytest.raises(IntegrityError, match="post_reach_fits_role"):
        _insert(town.users["staff"], role)


def test_the_security_log_neither_changes_nor_goes(town: Town) -> None:
    audit_log.write(SecurityAction.LOGGED_IN, user=town.users["staff"])
    line = SecurityEvent.objects.latest("id")
    line.action = SecurityAction.LOGGED_OUT
    with as_owner():
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            line.save()
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            line.delete()


def test_the_security_log_outlives_an_account_and_ends_after_half_a_year(town: Town) -> None:
    user = User.objects.create_user("gone", name="样本去")
    audit_log.write(SecurityAction.LOGGED_IN, user=user)
    user.delete()
    line = SecurityEvent.objects.get(action=SecurityAction.LOGGED_IN)
    assert (line.user_id is not None, line.user_name) == (True, "样本去（gone）")
    with time_machine.travel(NOW - dt.timedelta(days=190)):
        audit_log.write(SecurityAction.LOGGED_OUT, user=None)
    old = SecurityEvent.objects.filter(action=SecurityAction.LOGGED_OUT)
    with as_owner():
        old.delete()
    assert not old.exists()


def test_no_field_profiles_anybody() -> None:
    forbidden = {"id_number", "ethnicity", "religion", "birth", "family", "score", "tag", "home"}
    for model in (User, Post, SecurityEvent):
        names = {field.name for field in model._meta.get_fields()}
        assert not names & forbidden
