"""Workflow of people and of the inbox."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from pytest_django import DjangoAssertNumQueries, Settings

from grids.calendar import calendars
from members import workflow
from members.enums import MessageKind, Role, SecurityAction
from members.models import Delivery, InboxMessage, NearbyEnrolment, SecurityEvent, User
from tests.members.conftest import NOW, TODAY, Town, notify_users

NIGHT = dt.datetime(2026, 11, 23, 23, 0, tzinfo=NOW.tzinfo)


def test_a_second_holder_gets_a_plain_sentence(town: Town) -> None:
    with pytest.raises(ValidationError, match="已有人担任"):
        workflow.appoint(
            user=town.users["staff"],
            role=Role.BRANCH_SECRETARY,
            by=None,
            valid_from=TODAY,
            organisation=town.world.orgs["branch"],
        )


def test_a_second_administrator_role_gets_a_plain_sentence(town: Town) -> None:
    with pytest.raises(ValidationError, match="三员"):
        workflow.appoint(
            user=town.users["auditor"], role=Role.SYSTEM_ADMIN, by=None, valid_from=TODAY
        )


def test_a_post_at_the_wrong_level_is_refused(town: Town) -> None:
    with pytest.raises(ValidationError, match="不设在这一级"):
        workflow.appoint(
            user=town.users["staff"],
            role=Role.BRANCH_SECRETARY,
            by=None,
            valid_from=TODAY,
            organisation=town.world.orgs["street"],
        )


def test_handing_over_leaves_no_gap_and_no_overlap(town: Town) -> None:
    post = town.users["secretary"].posts.get()
    new = workflow.hand_over(
        post=post, to=town.users["member"], on=TODAY, by=town.users["secadmin"]
    )
    post.refresh_from_db()
    assert (post.valid_to, new.valid_from) == (TODAY - dt.timedelta(days=1), TODAY)
    assert new.organisation == town.world.orgs["branch"]
    actions = SecurityEvent.objects.filter(user=town.users["secadmin"]).order_by("id")
    assert [row.action for row in actions] == [SecurityAction.POST_ENDED, SecurityAction.POST_GIVEN]


def test_a_first_password_must_be_changed(town: Town) -> None:
    password = workflow.set_first_password(user=town.users["staff"], by=town.users["secadmin"])
    user = town.fresh("staff")
    assert user.check_password(password)
    assert user.must_change_password
    assert password not in str(list(SecurityEvent.objects.values_list("detail", flat=True)))


def test_nobody_takes_over_the_own_account_without_its_password(town: Town) -> None:
    own = town.users["secadmin"]
    email, password = own.email, own.password
    with pytest.raises(ValidationError, match="自己的密码"):
        workflow.set_first_password(user=own, by=own)
    with pytest.raises(ValidationError, match="自己的两步验证"):
        workflow.reset_second_factor(user=own, by=own)
    own.email = "attacker@example.org"
    with pytest.raises(ValidationError, match="自己的工作邮箱"):
        workflow.change_person(user=own, by=own)
    stored = User.objects.get(pk=own.pk)
    assert (stored.email, stored.password) == (email, password)


def test_a_system_account_gets_tokens_and_no_password(town: Town) -> None:
    with pytest.raises(ValidationError):
        workflow.set_first_password(user=town.users["partner"], by=None)
    with pytest.raises(ValidationError):
        workflow.issue_token(user=town.users["staff"], days=1, by=None)
    assert len(workflow.issue_token(user=town.users["partner"], days=1, by=None)) > 40


@pytest.mark.parametrize(
    ("name", "role", "body"),
    [
        ("partner", Role.STAFF, "yingbin"),
        ("partner", Role.AUDITOR, None),
        ("staff", Role.API_CLIENT, None),
    ],
)
def test_a_program_holds_no_post_of_a_person_nor_a_person_that_of_a_program(
    town: Town, name: str, role: Role, body: str | None
) -> None:
    organisation = town.world.orgs[body] if body else None
    with pytest.raises(ValidationError) as error:
        workflow.appoint(
            user=town.users[name], role=role, by=None, valid_from=TODAY, organisation=organisation
        )
    assert "role" in error.value.message_dict


def test_nobody_locks_the_own_account(town: Town) -> None:
    with pytest.raises(ValidationError):
        workflow.lock(user=town.users["secadmin"], by=town.users["secadmin"])
    workflow.lock(user=town.users["staff"], by=town.users["secadmin"])
    assert not town.fresh("staff").is_active
    workflow.unlock(user=town.users["staff"], by=town.users["secadmin"])
    assert town.fresh("staff").is_active


def test_a_change_of_person_names_the_fields_only(town: Town) -> None:
    user = town.fresh("staff")
    user.duty_phone = "0994-5550000"
    workflow.change_person(user=user, by=town.users["secadmin"])
    line = SecurityEvent.objects.filter(action=SecurityAction.PERSON_CHANGED).get()
    assert line.detail == {"of": user.pk, "fields": ["duty_phone"]}


def test_a_repeated_notification_adds_nothing(town: Town) -> None:
    for _time in range(2):
        notify_users(town, "secretary", "leader")
    assert InboxMessage.objects.count() == 2
    assert Delivery.objects.count() == 2
    assert InboxMessage.objects.get(user=town.users["leader"]).key == (
        f"event:1:to_accept:{town.users['leader'].pk}"
    )


def test_four_queries_whatever_the_number_of_people(
    town: Town, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    calendars.for_path("")
    for key, names in (("one", ["staff"]), ("many", list(town.users))):
        with django_assert_max_num_queries(4):
            notify_users(town, *names, key=key)


def test_a_notification_without_recipients_does_nothing(town: Town) -> None:
    notify_users(town)
    assert not InboxMessage.objects.exists()


def test_a_message_that_is_not_urgent_waits_for_office_hours(town: Town) -> None:
    notify_users(town, "secretary", now=NIGHT)
    message = InboxMessage.objects.get()
    assert message.show_from > NIGHT
    assert message.show_from.astimezone(NOW.tzinfo).date() == dt.date(2026, 11, 24)
    assert Delivery.objects.get().send_from == message.show_from


def test_an_urgent_message_is_sent_at_once_by_every_channel(town: Town) -> None:
    User.objects.filter(username="secretary").update(duty_phone="0994-5550001")
    notify_users(town, "secretary", now=NIGHT, is_urgent=True)
    assert InboxMessage.objects.get().show_from == NIGHT
    assert sorted(Delivery.objects.values_list("channel", flat=True)) == ["email", "sms", "wecom"]


def test_reminders_wait_for_the_digest_and_locked_users_get_none(town: Town) -> None:
    workflow.lock(user=town.users["leader"], by=town.users["secadmin"])
    notify_users(town, "secretary", "leader", kind=MessageKind.REMINDER)
    assert InboxMessage.objects.get().user == town.users["secretary"]
    assert not Delivery.objects.exists()


def test_a_channel_without_an_adapter_is_not_used(town: Town, settings: Settings) -> None:
    settings.CHANNELS = {"email": "", "sms": "", "wecom": ""}
    notify_users(town, "secretary", is_urgent=True)
    assert InboxMessage.objects.exists()
    assert not Delivery.objects.exists()


def test_registers_are_written_in_bulk(town: Town) -> None:
    row = NearbyEnrolment(
        name="张样本",
        home_unit="市示例局",
        organisation=town.world.orgs["branch"],
        enrolled_on=TODAY,
    )
    workflow.enrol_all(enrolments=[row])
    assert NearbyEnrolment.objects.count() == 1
