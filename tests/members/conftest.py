"""Fixtures: one invented person per role around building 46, on a working Monday."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import time_machine
from pytest_django import Settings

from config.lib import register_cache
from members import workflow
from members.enums import MessageKind, Role
from members.models import User
from tests.support.organisations import START, World, small_world

NOW = dt.datetime(2026, 11, 23, 11, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))  # a Monday
TODAY = NOW.date()
PASSWORD = "Correct-Horse-46"

ROLES: dict[str, tuple[Role, str | None]] = {
    "staff": (Role.STAFF, "yingbin"),
    "member": (Role.MEMBER, "group"),
    "leader": (Role.GROUP_LEADER, "group"),
    "secretary": (Role.BRANCH_SECRETARY, "branch"),
    "community": (Role.COMMUNITY_SECRETARY, "yingbin"),
    "official": (Role.SUBDISTRICT_OFFICIAL, "street"),
    "city": (Role.CITY_OFFICIAL, "city"),
    "department": (Role.DEPARTMENT_HANDLER, "water"),
    "partner": (Role.API_CLIENT, None),
    "auditor": (Role.AUDITOR, None),
    "sysadmin": (Role.SYSTEM_ADMIN, None),
    "secadmin": (Role.SECURITY_ADMIN, None),
}


@dataclass(frozen=True)
class Town:
    """The small world and everybody in it."""

    world: World
    users: dict[str, User]

    def fresh(self, name: str) -> User:
        """Return a person as the next request would load them."""
        return User.objects.get(username=name)


@pytest.fixture
def town(db: None) -> Town:
    world = small_world()
    users = {}
    for name, (role, org) in ROLES.items():
        user = workflow.create_person(
            username=name,
            name=f"样本{name}",
            by=None,
            email=f"{name}@example.invalid",
            is_system=role == Role.API_CLIENT,
        )
        workflow.appoint(
            user=user,
            role=role,
            by=None,
            valid_from=START,
            organisation=world.orgs[org] if org else None,
            area=world.places["652302002"] if role == Role.API_CLIENT else None,
        )
        users[name] = user
    return Town(world, users)


@pytest.fixture(autouse=True)
def _a_working_monday(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.OUTBOX_DIR = tmp_path
    register_cache.forget_version()
    with time_machine.travel(NOW, tick=False):
        yield
    register_cache.forget_version()


def notify_users(town: Town, *names: str, now: dt.datetime = NOW, **changes: object) -> None:
    fields: dict[str, object] = {
        "user_ids": tuple(town.users[name].pk for name in names),
        "kind": MessageKind.TO_ACCEPT,
        "key": "event:1:to_accept",
        "title": "FK-0001 阜兴花苑46号楼 水质",
        "url": "/me/",
        "is_urgent": False,
        "area_path": town.world.places["46"].path,
    }
    notification = workflow.Notification(**(fields | changes))  # type: ignore[arg-type]
    workflow.notify(notifications=[notification], now=now)
