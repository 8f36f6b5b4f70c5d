"""A small tree of organisations over the small test territory."""

from __future__ import annotations

from dataclasses import dataclass

from branches import workflow
from branches.enums import OrgKind, OrgLevel
from branches.models import Organisation, Responsibility
from grids.models import Area
from tests.support.places import START, TODAY, small_territory

__all__ = ["START", "TODAY", "World", "small_world"]


@dataclass(frozen=True)
class World:
    """Places, organisations and responsibilities by their keys."""

    places: dict[str, Area]
    orgs: dict[str, Organisation]
    answers: dict[str, Responsibility]


def small_world() -> World:
    places = small_territory()
    rows = [
        ("city", None, OrgLevel.CITY, OrgKind.CITY_COMMITTEE, "652302"),
        ("water", "city", OrgLevel.DEPARTMENT, OrgKind.UTILITY, "652302"),
        ("street", "city", OrgLevel.SUBDISTRICT, OrgKind.WORKING_COMMITTEE, "652302002"),
        ("yingbin", "street", OrgLevel.COMMUNITY, OrgKind.GRASSROOTS_COMMITTEE, "652302002004"),
        ("daqiao", "street", OrgLevel.COMMUNITY, OrgKind.GENERAL_BRANCH, "652302002005"),
        ("branch", "yingbin", OrgLevel.BRANCH, OrgKind.FORMAL, "652302002004001"),
        ("other", "daqiao", OrgLevel.BRANCH, OrgKind.JOINT, "652302002005001"),
        ("group", "branch", OrgLevel.GROUP, OrgKind.BUILDING_GROUP, "fx"),
    ]
    orgs = workflow.add_organisations(
        organisations=[
            workflow.NewOrganisation(
                key=key, parent=parent, level=level, kind=kind, area=places[area], name=f"{key}组织"
            )
            for key, parent, level, kind, area in rows
        ],
        on=START,
    )
    pairs = [
        ("city", "652302"),
        ("street", "652302002"),
        ("yingbin", "652302002004"),
        ("daqiao", "652302002005"),
        ("branch", "652302002004001"),
        ("other", "652302002005001"),
        ("group", "46"),
    ]
    made = workflow.assign_all(
        responsibilities=[
            workflow.NewResponsibility(organisation=orgs[org], area=places[area])
            for org, area in pairs
        ],
        on=START,
    )
    return World(places, orgs, {org: row for (org, _area), row in zip(pairs, made, strict=True)})
