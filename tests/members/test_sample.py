"""Sample people and demo log-ins."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings

import branches.sample
import grids.sample
from branches.enums import OrgLevel
from branches.models import Organisation
from members import sample
from members.demo_logins import LOGINS
from members.enums import Role
from members.models import NearbyEnrolment, Post, User
from members.posts import directory
from tests.members.conftest import TODAY

ON = dt.date(2025, 11, 1)


@pytest.fixture
def loaded(db: None) -> None:
    for app in (grids.sample, branches.sample, sample):
        app.load(ON)


def test_the_sample(loaded: None, settings: Settings) -> None:
    assert NearbyEnrolment.objects.count() == 2275
    per_branch = Counter(NearbyEnrolment.objects.values_list("organisation_id", flat=True))
    assert len(per_branch) == 55
    assert 30 < min(per_branch.values()) <= max(per_branch.values()) < 50

    users = {user.username: user for user in User.objects.filter(username__in=_names())}
    assert set(users) == _names()
    for name, user in users.items():
        assert user.check_password(settings.DEMO_PASSWORD) == (name != "partner")
        assert not user.must_change_password
    others = User.objects.exclude(username__in=_names())
    assert not [user for user in others[:20] if user.has_usable_password()]
    assert others.count() == others.values("name").distinct().count()

    vacant = directory.vacant_posts(TODAY)
    assert Counter((row.level, row.has_deputy) for row in vacant) == {
        (OrgLevel.BRANCH, True): 2,
        (OrgLevel.GROUP, False): 1,
    }


def test_the_secretary_answers_for_building_46(loaded: None) -> None:
    branch = Organisation.objects.get(posts__user__username="secretary")
    group = Organisation.objects.get(posts__user__username="leader")
    assert group.parent == branch
    sent = {user.username for user in directory.members_of(branch.pk, TODAY)}
    assert {"leader", "member"} <= sent
    outside = Organisation.objects.get(posts__user__username="outsider")
    assert "博峰" in str(outside.parent)


def test_a_second_load_changes_nothing(loaded: None) -> None:
    before = (User.objects.count(), Post.objects.count(), NearbyEnrolment.objects.count())
    sample.load(ON)
    assert before == (User.objects.count(), Post.objects.count(), NearbyEnrolment.objects.count())


def test_the_table_of_demo_log_ins(loaded: None) -> None:
    out = StringIO()
    call_command("demo_logins", stdout=out)
    table = out.getvalue()
    for login in LOGINS:
        assert login.username in table
        assert str(Role(login.role).label) in table


def test_without_a_sample_the_table_says_what_to_do(db: None) -> None:
    out = StringIO()
    call_command("demo_logins", stdout=out)
    assert "load_sample" in out.getvalue()


def _names() -> set[str]:
    return {login.username for login in LOGINS}
