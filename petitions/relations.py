"""What an organisation can be to a case: column, label, and the rights that each relation gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from branches import register_rows
from branches.enums import OrgLevel
from branches.models import Organisation
from config.lib.viewer import ActivePost, Scope
from members.enums import HEAD_ROLES, Role
from petitions.enums import Actor


class Relation(StrEnum):
    """What an organisation is to a case."""

    RESPONSIBLE = "responsible"
    ASSIGNED_GROUP = "assigned_group"
    BUILDING_GROUP = "building_group"
    DEPARTMENT = "department"
    SUPERVISOR = "supervisor"
    ARBITER = "arbiter"


COORDINATOR_ROLES = frozenset({Role.STAFF, Role.COMMUNITY_SECRETARY, Role.SUBDISTRICT_OFFICIAL})
"""Roles that coordinate the cases of their area: accept, give to another owner, follow up."""


@dataclass(frozen=True, slots=True)
class RelationRule:
    """One relation of an organisation: its column, its label and the rights it gives.

    `actor` is what the heads of the organisation act as; `grants_access` tells whether its posts
    see the case wherever it lies. `is_many`: the column is an array of ids. `levels` are those that
    an organisation in this relation can have, None for all; it keeps the condition of `visible_to`
    short for everybody else.
    """

    relation: Relation
    column: str
    label: StrOrPromise
    actor: Actor | None = None
    grants_access: bool = True
    is_many: bool = False
    levels: frozenset[OrgLevel] | None = None

    def organisation_ids(self, petition: object) -> Sequence[int]:
        """Return the ids of the organisations in this relation to a case."""
        if self.is_many:
            ids: Sequence[int] = getattr(petition, self.column)
            return ids
        organisation_id: int | None = getattr(petition, f"{self.column}_id")
        return () if organisation_id is None else (organisation_id,)

    def organisations(self, petition: object) -> Iterable[Organisation]:
        """Return the organisations in this relation to a case; read from the database if needed."""
        if self.is_many:
            return register_rows.organisations(self.organisation_ids(petition)).values()
        organisation: Organisation | None = getattr(petition, self.column)
        return () if organisation is None else (organisation,)

    def condition(self, organisation_id: int) -> Q:
        """Condition: the organisation is in this relation to the case."""
        if self.is_many:  # the second part is the condition of the index
            return Q((f"{self.column}__contains", [organisation_id])) & ~Q((self.column, []))
        return Q((self.column, organisation_id))

    def condition_of_any(self, organisation_ids: Sequence[int]) -> Q:
        """Condition: one of the organisations is in this relation to the case."""
        if self.is_many:
            return Q((f"{self.column}__overlap", organisation_ids)) & ~Q((self.column, []))
        return Q((f"{self.column}__in", organisation_ids))


RELATIONS = (
    RelationRule(Relation.RESPONSIBLE, "organisation", _("负责组织"), Actor.HANDLER),
    RelationRule(Relation.ASSIGNED_GROUP, "assigned_group", _("承办党小组"), Actor.ASSIGNEE),
    RelationRule(Relation.BUILDING_GROUP, "group", _("楼栋党小组"), grants_access=False),
    RelationRule(
        Relation.DEPARTMENT,
        "doer_ids",
        _("承办部门"),
        Actor.DEPARTMENT,
        is_many=True,
        levels=frozenset({OrgLevel.DEPARTMENT}),
    ),
    RelationRule(Relation.SUPERVISOR, "supervisor", _("督办组织"), Actor.SUPERVISOR),
    # The arbiter is responsible for an area above the place, whose cases its posts see anyway.
    RelationRule(Relation.ARBITER, "arbiter", _("裁定组织"), Actor.ARBITER, grants_access=False),
)
"""In the order in which the case page lists the organisations."""


def acts_for(post: ActivePost, relation: Relation) -> bool:
    """Tell whether a post acts for its organisation in a relation to a case.

    The heads do; as arbiter also the staff of any desk, as handler that of a community's.
    """
    if post.role in HEAD_ROLES or (post.role == Role.STAFF and relation == Relation.ARBITER):
        return True
    is_desk = post.role == Role.STAFF and post.organisation_level == OrgLevel.COMMUNITY
    return is_desk and relation == Relation.RESPONSIBLE


def acted_for(scope: Scope, relation: Relation) -> list[int]:
    """Return the organisations for which a user acts in a relation to a case."""
    acting = (post.organisation_id for post in scope.posts if acts_for(post, relation))
    return sorted({pk for pk in acting if pk is not None})


def parent_below_city(handler: Organisation) -> Organisation | None:
    """Return the organisation above a handling one; None if that is the city, or there is none."""
    parent_ids = [handler.parent_id] if handler.parent_id else []
    parent = next(iter(register_rows.organisations(parent_ids).values()), None)
    return parent if parent is not None and parent.level != OrgLevel.CITY else None
