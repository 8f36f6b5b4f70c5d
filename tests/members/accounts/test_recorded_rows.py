"""Rows that give rights: what SQL writes is noticed, what the product writes is not."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken

from members import workflow
from members.accounts import recorded_rows
from members.enums import Role
from members.models import Post, RightsRecord, SecurityEvent, User
from petitions.ops import audit_checks, audit_trail, integrity, scheduled_tasks
from petitions.ops.audit_checks import Doubt
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.database_roles import as_owner

TODAY = timezone.localdate()
OUTSIDER = "(SELECT id FROM members_user WHERE username = 'outsider')"
PASSWORD = "Correct-Horse-46"

ADD_POST = (
    "INSERT INTO members_post (user_id, role, organisation_id, is_deputy, valid_from)"
    f" SELECT {OUTSIDER}, 'staff', organisation_id, true, valid_from FROM members_post"
    " WHERE organisation_id IS NOT NULL LIMIT 1"
)
MOVE_POST = (
    f"UPDATE members_post SET user_id = {OUTSIDER}"
    " WHERE user_id = (SELECT id FROM members_user WHERE username = 'member')"
)
ADD_TOKEN = (
    "INSERT INTO knox_authtoken (digest, token_key, user_id, created)"
    f" VALUES (repeat('0', 128), '00000000', {OUTSIDER}, now())"
)
BEGIN_AGAIN = "UPDATE members_post SET valid_to = NULL WHERE valid_to IS NOT NULL"
LONGER = "UPDATE knox_authtoken SET expiry = expiry + interval '1 year'"
STATEMENTS: dict[str, tuple[str, Doubt]] = {
    "a post is added": (ADD_POST, Doubt.RIGHTS_UNRECORDED),
    "a post goes to another user": (MOVE_POST, Doubt.RIGHTS_ALTERED),
    "an ended post begins again": (BEGIN_AGAIN, Doubt.RIGHTS_ALTERED),
    "a post is deleted": ("DELETE FROM members_post WHERE role = 'auditor'", Doubt.RIGHTS_GONE),
    "a token is added": (ADD_TOKEN, Doubt.RIGHTS_UNRECORDED),
    "a token lasts longer": (LONGER, Doubt.RIGHTS_ALTERED),
    "a token is another user's": (
        f"UPDATE knox_authtoken SET user_id = {OUTSIDER}",
        Doubt.RIGHTS_ALTERED,
    ),
    **{
        f"{column} of an account": (
            f"UPDATE members_user SET {column} = {value} WHERE username = 'outsider'",
            Doubt.RIGHTS_ALTERED,
        )
        for column, value in {
            "is_superuser": "true",
            "is_staff": "true",
            "is_active": "false",
            "is_system": "true",
            "username": "'root'",
            "password": "'!'",
            "email": "'x@example.invalid'",
        }.items()
    },
}


@pytest.fixture
def compared(stage: Stage) -> Stage:
    """People with posts, one of which has ended, and a token; a worker has run."""
    workflow.end_post(post=Post.objects.get(user=stage.cast["clerk"]), on=TODAY, by=None)
    workflow.issue_token(user=stage.cast["partner"], days=1, by=None)
    scheduled_tasks.extend_audit_trail()
    return stage


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.rowcount > 0


def _doubts() -> list[Doubt]:
    findings = audit_checks.check(timezone.now())
    return [finding.doubt for finding in findings if finding.doubt != Doubt.ANCHOR_OVERDUE]


def test_nothing_is_found_at_first(compared: Stage) -> None:
    assert recorded_rows.is_compared()
    assert _doubts() == []


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_sql_writes_is_noticed(compared: Stage, name: str) -> None:
    sql, doubt = STATEMENTS[name]
    _run(sql)
    assert _doubts() == [doubt]
    scheduled_tasks.extend_audit_trail()
    assert _doubts() == [doubt]


def test_the_command_names_the_row(compared: Stage) -> None:
    post = Post.objects.get(user=compared.cast["member"])
    _run(MOVE_POST)
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("check_integrity", "--without-photos", stdout=out)
    assert f"rights altered: members_post {post.pk}\n" in out.getvalue()
    assert integrity.report(with_photos=False).counts[Doubt.RIGHTS_ALTERED] == 1


def test_a_copied_record_is_noticed(compared: Stage) -> None:
    post = Post.objects.get(user=compared.cast["clerk"])
    columns = 'at, "table", row, digest, signature'
    _run(BEGIN_AGAIN)
    _run(
        f"INSERT INTO members_rightsrecord ({columns}) SELECT {columns} FROM members_rightsrecord"
        f" WHERE \"table\" = 'members_post' AND row = '{post.pk}' ORDER BY id LIMIT 1"
    )
    assert list(recorded_rows.differences()) == []
    assert _doubts() == [Doubt.COPIED]


def test_an_invented_record_is_noticed(compared: Stage) -> None:
    columns = 'at, "table", row, digest'
    sql = f"INSERT INTO members_rightsrecord ({columns}) VALUES (now(), 'members_post', '1', '')"
    with pytest.raises(DatabaseError, match="must be signed"), transaction.atomic():
        _run(sql)
    _run(sql.replace("digest)", "digest, signature)").replace("'')", "'', 'x')"))
    assert Doubt.WRONG_SIGNATURE in _doubts()


@pytest.mark.parametrize("sql", ["UPDATE {} SET row = ''", "DELETE FROM {}", "TRUNCATE {}"])
def test_no_record_is_altered(compared: Stage, sql: str) -> None:
    statement = sql.format("members_rightsrecord")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        _run(statement)
    with as_owner(), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        _run(statement)


# --- What the product writes ----------------------------------------------------------------------


def _people(stage: Stage) -> None:
    by, today = stage.cast["secadmin"], TODAY
    user = workflow.create_person(username="new", name="示例新", by=by)
    other = workflow.create_person(username="other", name="示例另", by=by)
    User.objects.create_user("made", PASSWORD, name="示例造")
    call_command("createsuperuser", "--noinput", username="root", name="root", stdout=io.StringIO())
    user.name, user.email = "示例改", "new@example.invalid"
    workflow.change_person(user=user, by=by)
    workflow.set_first_password(user=user, by=by)
    workflow.change_email(user=user, email="newer@example.invalid")
    workflow.lock(user=user, by=by)
    workflow.unlock(user=user, by=by)
    workflow.reset_second_factor(user=user, by=by)
    post = workflow.appoint(user=user, role=Role.SYSTEM_ADMIN, by=by, valid_from=today)
    workflow.hand_over(post=post, to=other, on=today + dt.timedelta(days=1), by=by)


def _bulk(_stage: Stage) -> None:
    people = [User(username=f"bulk{n}", name="示例", password="!") for n in range(3)]
    workflow.create_people(people=people)
    workflow.appoint_all(
        posts=[Post(user=people[0], role=Role.AUDITOR, valid_from=TODAY)],
    )


def _tokens(stage: Stage) -> None:
    for _number in range(3):
        workflow.issue_token(user=stage.cast["partner"], days=1, by=None)
    client = login(stage, "secadmin")
    first, *others = AuthToken.objects.order_by("created")[:3]
    page = reverse("admin:knox_authtoken_delete", args=[first.pk])
    client.post(page, {"post": "yes"})
    data = {"action": "delete_selected", "_selected_action": [row.pk for row in others]}
    client.post(reverse("admin:knox_authtoken_changelist"), data | {"post": "yes"})
    assert AuthToken.objects.count() == 1


def _log_in_and_out(stage: Stage) -> None:
    user = stage.cast["secretary"]
    user.set_password(PASSWORD)
    user.save()
    recorded_rows.record_found()
    client = Client()
    client.post("/account/login/", {"login": "secretary", "password": PASSWORD})
    new = "Another-Horse-47"
    data = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    client.post(reverse("account_change_password"), data)
    client.post("/account/logout/")
    user.refresh_from_db()
    assert user.check_password(new)


DOORS: dict[str, Callable[[Stage], None]] = {
    "people and posts": _people,
    "loaders": _bulk,
    "tokens": _tokens,
    "log-in and password": _log_in_and_out,
}


@pytest.mark.parametrize("name", DOORS)
def test_what_the_product_writes_is_not_reported(
    compared: Stage, name: str, settings: object
) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]  # no second factor
    before = RightsRecord.objects.count()
    DOORS[name](compared)
    assert RightsRecord.objects.count() > before
    assert list(recorded_rows.differences()) == []


def test_a_hash_that_is_renewed_at_log_in_is_recorded(compared: Stage, settings: object) -> None:
    user = compared.cast["secretary"]
    settings.PASSWORD_HASHERS = [  # type: ignore[attr-defined]
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    user.password = make_password(PASSWORD, hasher="md5")
    user.save(update_fields=["password"])
    recorded_rows.record_found()
    assert user.check_password(PASSWORD)
    user.refresh_from_db()
    assert user.password.startswith("pbkdf2_sha256$")
    assert list(recorded_rows.differences()) == []


# --- The upgrade ----------------------------------------------------------------------------------


def test_rows_of_earlier_releases_are_recorded_once(stage: Stage) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL zhaozhibu.allow_truncate = 'yes'")
        cursor.execute("TRUNCATE members_rightsrecord")
    assert _doubts() == []  # before the first run of a worker nothing is compared
    assert recorded_rows.record_first() == User.objects.count() + Post.objects.count()
    assert recorded_rows.record_first() == 0
    assert list(recorded_rows.differences()) == []
    _run(ADD_POST)
    assert recorded_rows.record_first() == 0
    assert [row.table for row in recorded_rows.differences()] == ["members_post"]


def test_a_change_on_purpose_is_recorded_with_its_reason(compared: Stage) -> None:
    _run(STATEMENTS["is_staff of an account"][0])
    out = io.StringIO()
    call_command("record_rights", "按局里批示更正", stdout=out)
    assert f"members_user {compared.cast['outsider'].pk}\n" in out.getvalue()
    assert SecurityEvent.objects.latest("id").message == "按局里批示更正"
    audit_trail.extend()
    assert _doubts() == []
