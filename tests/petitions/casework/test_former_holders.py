"""Cases held by somebody who has left say so, are counted, and can be handed over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone

from branches.enums import OpenCases
from branches.models import Organisation, Responsibility
from branches.workflow import end_responsibility
from members.enums import Role
from members.models import Post
from members.workflow import appoint, end_post, lock
from petitions import case_holders
from petitions.enums import Status
from petitions.models import Petition
from petitions.workflow import handling, resolution
from tests.support.cast import Stage
from tests.support.clients import counted, login

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
YESTERDAY = TODAY - dt.timedelta(days=1)
HOME, LIST = "/home/", "/petitions/"


def _assigned(stage: Stage, *names: str) -> Petition:
    """Return a case that was dispatched to people by name."""
    petition = stage.at(Status.ACCEPTED)
    users = [stage.cast[name] for name in names]
    return handling.dispatch(petition=petition, by=stage.cast["secretary"], now=NOW, users=users)


def _move(stage: Stage) -> None:
    """Move the member to a branch of another community."""
    end_post(post=Post.objects.get(user=stage.cast["member"]), on=YESTERDAY, by=None)
    appoint(
        user=stage.cast["member"],
        role=Role.MEMBER,
        by=None,
        valid_from=TODAY,
        organisation=stage.town.orgs["other"],
    )


def _end_row(stage: Stage, organisation: str, area: str) -> None:
    row = Responsibility.objects.get(
        organisation=stage.town.orgs[organisation], area=stage.town.areas[area]
    )
    end_responsibility(responsibility=row, on=YESTERDAY, open_cases=OpenCases.STAY)


WAYS: dict[str, Callable[[Stage], object]] = {
    "locked": lambda stage: lock(user=stage.cast["member"], by=stage.cast["secadmin"]),
    "post ended": lambda stage: end_post(
        post=Post.objects.get(user=stage.cast["member"]), on=YESTERDAY, by=None
    ),
    "moved away": _move,
}


def _found() -> set[int]:
    return set(
        Petition.objects.filter(case_holders.is_held_by_former(TODAY)).values_list("pk", flat=True)
    )


def _counted(stage: Stage, name: str) -> int:
    """Return the number on the tile; 0 if there is no tile."""
    tiles = login(stage, name).get(HOME).context["tiles"]
    return next((tile["count"] for tile in tiles if "former_holder" in tile["url"]), 0)


@pytest.mark.parametrize("leave", WAYS.values(), ids=WAYS)
def test_assignee_who_left_is_named_with_a_way_on(
    stage: Stage, leave: Callable[[Stage], object]
) -> None:
    petition = _assigned(stage, "member", "leader")
    client, url = login(stage, "secretary"), petition.get_absolute_url()
    assert "已不在岗" not in client.get(url).content.decode()
    assert (_found(), _counted(stage, "secretary")) == (set(), 0)
    leave(stage)
    page = client.get(url).content.decode()
    assert "已不在岗" in page
    assert "示例member" in page
    assert f'href="{reverse("petitions:dispatch", args=[petition.pk])}">重新分派' in page
    assert _found() == {petition.pk}
    for name in ("secretary", "clerk", "community", "official"):
        assert _counted(stage, name) == 1
    listed = client.get(LIST, {"former_holder": "1"}).context["cases"]
    assert [row.id for row in listed] == [petition.pk]
    handling.dispatch(
        petition=petition, by=stage.cast["secretary"], now=NOW, users=[stage.cast["leader"]]
    )
    assert (_found(), _counted(stage, "secretary")) == (set(), 0)
    assert "已不在岗" not in client.get(url).content.decode()


def test_who_ended_one_post_and_holds_another_here_has_not_left(stage: Stage) -> None:
    petition = _assigned(stage, "member")
    end_post(post=Post.objects.get(user=stage.cast["member"]), on=YESTERDAY, by=None)
    appoint(
        user=stage.cast["member"],
        role=Role.MEMBER,
        by=None,
        valid_from=YESTERDAY,
        organisation=petition.organisation,
    )
    assert _found() == set()
    assert "已不在岗" not in (
        login(stage, "secretary").get(petition.get_absolute_url()).content.decode()
    )


def test_only_the_handler_is_offered_to_dispatch_again(stage: Stage) -> None:
    petition = _assigned(stage, "member")
    WAYS["locked"](stage)
    page = login(stage, "official").get(petition.get_absolute_url()).content.decode()
    assert "已不在岗" in page
    assert "重新分派" not in page


def test_ended_case_names_nobody_as_left(stage: Stage) -> None:
    petition = _assigned(stage, "member")
    resolution.withdraw(petition=petition, by=stage.petitioner(petition), now=NOW)
    WAYS["locked"](stage)
    assert _found() == set()
    page = login(stage, "secretary").get(petition.get_absolute_url()).content.decode()
    assert "已不在岗" not in page


def test_somebody_else_who_left_changes_nothing(stage: Stage) -> None:
    _assigned(stage, "leader")
    WAYS["locked"](stage)
    assert _found() == set()


def test_organisation_that_lost_the_place_is_listed(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    elsewhere = stage.file(place=stage.town.areas["g8"]).petition
    stage.at(Status.CLOSED)
    _end_row(stage, "branch", "g7")
    assert _found() == {petition.pk}
    page = login(stage, "clerk").get(petition.get_absolute_url()).content.decode()
    assert "已不再负责这里" in page
    assert f'href="{reverse("petitions:reassign", args=[petition.pk])}">移交' in page
    home = login(stage, "clerk").get(HOME)
    assert "1 件在办诉求的承办组织不再负责那里" in home.content.decode()
    assert (
        "已不再负责" not in login(stage, "clerk").get(elsewhere.get_absolute_url()).content.decode()
    )


def test_group_that_lost_the_building_is_listed(stage: Stage) -> None:
    petition = stage.at(Status.ASSIGNED)
    _end_row(stage, "group", "b46")
    assert _found() == {petition.pk}
    page = login(stage, "secretary").get(petition.get_absolute_url()).content.decode()
    assert "已不再负责这里" in page


def test_organisation_that_ended_is_listed(stage: Stage) -> None:
    petition = stage.at(Status.ASSIGNED)
    Organisation.objects.filter(pk=stage.town.orgs["group"].pk).update(valid_to=YESTERDAY)
    assert _found() == {petition.pk}


def test_organisation_that_answers_in_another_way_is_not_listed(stage: Stage) -> None:
    stage.at(Status.IN_PROGRESS)
    row = Responsibility.objects.get(
        organisation=stage.town.orgs["branch"], area=stage.town.areas["g7"]
    )
    Responsibility.objects.filter(pk=row.pk).update(valid_to=YESTERDAY)
    Responsibility.objects.create(
        organisation=row.organisation, area=row.area, level=row.level, valid_from=TODAY
    )
    assert _found() == set()


def test_organisation_out_of_season_has_not_left(stage: Stage) -> None:
    petition = stage.at(Status.ASSIGNED)
    day = TODAY + dt.timedelta(days=60)
    season = f"{day:%m-%d}"
    Responsibility.objects.filter(organisation=stage.town.orgs["group"]).update(
        season_from=season, season_to=season
    )
    assert _found() == set()
    page = login(stage, "secretary").get(petition.get_absolute_url()).content.decode()
    assert "已不再负责" not in page


def test_case_given_to_an_organisation_elsewhere_by_decision_is_not_listed(stage: Stage) -> None:
    petition = stage.file(about=stage.town.orgs["branch"]).petition
    assert petition.organisation == stage.town.orgs["yingbin"]
    assert _found() == set()


@pytest.mark.parametrize("name", ["secretary", "official"])
def test_page_needs_no_more_queries_for_those_present(stage: Stage, name: str) -> None:
    petition, client = _assigned(stage, "member"), login(stage, name)
    numbers = []
    for leave in (False, True):
        if leave:
            WAYS["locked"](stage)
        client.get(petition.get_absolute_url())
        with counted() as statements:
            client.get(petition.get_absolute_url())
        numbers.append(len(statements))
    assert numbers[1] <= numbers[0] + 1  # the name of who left
