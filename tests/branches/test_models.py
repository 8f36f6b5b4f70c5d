"""Database constraints of organisations and responsibilities."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from branches.models import Organisation, Responsibility
from tests.support.organisations import START, TODAY, World, small_world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "yurt_group"},
        {"level": "group"},
        {"parent": None},
        {"valid_to": dt.date(2020, 1, 1)},
    ],
)
def test_a_wrong_organisation_is_refused(change: dict[str, Any]) -> None:
    world = small_world()
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.filter(pk=world.orgs["branch"].pk).update(**change)


def _second_owner(world: World, **fields: Any) -> Responsibility:
    return Responsibility.objects.create(
        organisation=world.orgs["other"],
        level="branch",
        area=world.places["652302002004001"],
        **fields,
    )


def test_two_branches_are_never_responsible_for_one_grid_on_one_day() -> None:
    world = small_world()
    with pytest.raises(IntegrityError), transaction.atomic():
        _second_owner(world, valid_from=TODAY)
    Responsibility.objects.filter(organisation=world.orgs["branch"]).update(valid_to=TODAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        _second_owner(world, valid_from=TODAY)
    assert _second_owner(world, valid_from=TODAY + dt.timedelta(days=1)).pk


def test_a_season_has_both_ends_and_its_own_owner() -> None:
    world = small_world()
    with pytest.raises(IntegrityError), transaction.atomic():
        _second_owner(world, valid_from=START, season_from="05-01")
    season = _second_owner(world, valid_from=START, season_from="10-01", season_to="04-30")
    assert season.is_in_season(dt.date(2026, 12, 31))
    assert season.is_in_season(dt.date(2026, 4, 30))
    assert not season.is_in_season(dt.date(2026, 5, 1))
