"""An empty set opens nothing: no post, no area, no organisation of one's own."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest
from django.utils import timezone

from branches.models import Organisation
from config.lib.viewer import ActivePost, Scope
from grids.models import Area
from members.enums import ADMIN_ROLES, Role
from members.models import Post, User
from petitions import exclusion, involvement, permissions
from petitions.actors import actors_of
from petitions.models import Category, Event, Petition
from petitions.workflow import submission
from tests.support.api_client import Program
from tests.support.cast import SINCE, Stage

COMPLAINTS = ("group", "branch", "yingbin", "fuxin")
"""Organisations of the cast that a report from building 46 can be about."""


@dataclass
class Somebody:
    """A viewer with exactly these posts."""

    scope: Scope


def holding(*posts: ActivePost) -> Somebody:
    return Somebody(Scope(user_id=None, day=timezone.localdate(), posts=posts))


def post(stage: Stage, role: Role, body: str | None = None, *areas: str) -> ActivePost:
    paths = tuple(stage.town.areas[name].path for name in areas)
    if body is None:
        return ActivePost(role, None, "", "", "", paths)
    organisation = stage.town.orgs[body]
    level, path = organisation.level, organisation.path
    return ActivePost(role, organisation.pk, level, path, organisation.name, paths)


def restricted(stage: Stage) -> dict[str, Petition]:
    """File a report about every organisation, and an accusation."""
    cases = {name: stage.file(about=stage.town.orgs[name]).petition for name in COMPLAINTS}
    sealed = stage.file(category=Category.objects.get(code="GV04")).petition
    assert sealed.is_sealed
    return cases | {"sealed": sealed}


def test_a_program_sees_no_case_about_an_organisation_and_no_accusation(stage: Stage) -> None:
    plain, hidden = stage.file().petition, restricted(stage)
    partner = stage.cast["partner"]
    assert set(Petition.objects.visible_to(partner)) == {plain}
    program = Program(partner)
    listed = json.loads(program.get("/petitions/?limit=100").content)["results"]
    assert [row["id"] for row in listed] == [plain.pk]
    events = json.loads(program.get("/events/?limit=100").content)["results"]
    assert {row["petition"] for row in events} == {plain.pk}
    for name, petition in hidden.items():
        assert program.get(f"/petitions/{petition.pk}/").status_code == 404, name
        assert not actors_of(partner, petition), name
    assert actors_of(partner, plain)


@pytest.mark.parametrize(("role", "body"), [(Role.MEMBER, "other"), (Role.STAFF, "daqiao")])
def test_a_post_elsewhere_opens_nothing_to_a_program(stage: Stage, role: Role, body: str) -> None:
    """The conflicts of the other post say nothing about the area of the program.

    `appoint` refuses such a post; earlier releases did not.
    """
    hidden, partner = restricted(stage), stage.cast["partner"]
    Post.objects.create(
        user=partner, role=role, valid_from=SINCE, organisation=stage.town.orgs[body]
    )
    both = User.objects.get(pk=partner.pk)
    assert not Petition.objects.visible_to(both).exists()
    for name, petition in hidden.items():
        assert not actors_of(both, petition), name


def test_no_post_means_nothing_at_all(stage: Stage) -> None:
    stage.file()
    nobody = holding()
    for rows in (Petition.objects, Organisation.objects, Area.objects):
        assert not rows.visible_to(nobody).exists()
    assert involvement.visible_to(nobody.scope) is None
    assert not permissions.may_open_desk(nobody)


@pytest.mark.parametrize("role", [role for role in Role if role not in ADMIN_ROLES])
def test_a_post_without_area_and_organisation_sees_no_case(stage: Stage, role: Role) -> None:
    stage.file()
    restricted(stage)
    viewer = holding(post(stage, role))
    assert not Petition.objects.visible_to(viewer).exclude(is_sealed=True).exists()
    assert not viewer.scope.has_role(Role.CITY_OFFICIAL) or role == Role.CITY_OFFICIAL
    assert not Area.objects.visible_to(viewer).exists()
    assert not permissions.may_open_desk(viewer)


@pytest.mark.parametrize("role", sorted(involvement.AREA_ROLES))
def test_an_area_without_organisation_shows_no_case_about_an_organisation(
    stage: Stage, role: Role
) -> None:
    plain = stage.file().petition
    restricted(stage)
    viewer = holding(post(stage, role, None, "city"))
    assert set(Petition.objects.visible_to(viewer)) == {plain}


def test_an_organisation_without_areas_covers_no_place(stage: Stage) -> None:
    stage.file()
    viewer = holding(post(stage, Role.STAFF, "daqiao"))
    assert not Petition.objects.visible_to(viewer).exists()
    assert not permissions.may_open_desk(viewer)


def test_an_empty_path_covers_no_place(stage: Stage) -> None:
    """Every path begins with the empty text."""
    plain = stage.file().petition
    for of in (post(stage, Role.STAFF, "daqiao"), post(stage, Role.API_CLIENT)):
        viewer = holding(replace(of, area_paths=("",)))
        assert not viewer.scope.posts[0].covers(plain.path)
        assert not Petition.objects.visible_to(viewer).exists()
        assert not permissions.may_open_desk(viewer)
        assert not Area.objects.visible_to(viewer).exists()


def test_similar_cases_without_a_viewer_are_the_public_ones(stage: Stage) -> None:
    plain = stage.file().petition
    restricted(stage)
    rows = submission.similar_cases(
        viewer=None, place=stage.town.building, category=None, now=timezone.now()
    )
    assert set(rows) == {plain}


def test_nobody_is_excluded_only_from_a_case_about_nobody(stage: Stage) -> None:
    plain, about = stage.file().petition, stage.file(about=stage.town.orgs["branch"]).petition
    everybody = {user.pk for user in stage.cast.values()}
    day = timezone.localdate()
    assert exclusion.excluded_users(plain, everybody, day) == set()
    names = {stage.cast[name].pk for name in ("secretary", "deputy", "leader", "member")}
    assert exclusion.excluded_users(about, everybody, day) == names
    assert Event.objects.filter(petition=about).exists()
