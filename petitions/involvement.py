"""Who is involved in a case, as what, and who must never see it.

Besides the models and the workflow, which writes them, this is the only module that knows the
columns holding the parties of a case (`COLUMNS`). Rules, notices, pages and the API ask here, so
that a table of involvements can replace the columns without changing its callers. The module
imports no model of a case: the functions take any row with the columns they read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Protocol

from django.db.models import F, Q

from branches import register_rows
from branches.enums import OrgLevel
from branches.models import Organisation
from config.lib.viewer import ActivePost, FormerPost, Scope, Viewer
from members.enums import ADMIN_ROLES, Role
from members.models import User
from petitions import exclusion
from petitions.enums import HANDLER_DEADLINES, Status
from petitions.exclusion import ConflictOfInterest, Restricted
from petitions.relations import RELATIONS, Relation, RelationRule, acted_for
from petitions.states import IN_HAND, RUNNING

AREA_ROLES = frozenset(
    {
        Role.STAFF,
        Role.COMMUNITY_SECRETARY,
        Role.SUBDISTRICT_OFFICIAL,
        Role.CITY_OFFICIAL,
        Role.BRANCH_SECRETARY,
        Role.GROUP_LEADER,
        Role.API_CLIENT,
    }
)
"""Roles whose posts see every case of the area they answer for."""

COLUMNS = (
    *("assigned_group", "assignee_ids", "department", "doer_ids", "supervisor", "arbiter"),
    *("about_organisation", "filed_by", "returned_by"),
)
"""Columns that no other module may name; `organisation` stays a plain fact of the case."""

ORGANISATIONS = (*(rule.column for rule in RELATIONS if not rule.is_many), "department")
"""Arguments of `select_related` that load the organisations in the columns of a case."""

HOLDERS = ("organisation", "assigned_group", "arbiter", "supervisor")
"""Organisations of a case that a list names: who works on it, and who must answer."""

EVENT_ORGANISATIONS = ("organisation", "holder", "supervisor")
"""Arguments of `select_related` that load every organisation an event recorded."""


class Supervised(Protocol):
    """A case, or an event that recorded who was responsible and who supervised it then."""

    organisation_id: int
    supervisor_id: int | None

    @property
    def supervisor(self) -> Organisation | None:
        """The supervising organisation."""


class Ordered(Protocol):
    """A task with the organisation that ordered it."""

    orderer_id: int


class Case(Supervised, Restricted, Protocol):
    """A case with the columns of its parties."""

    is_answer_owed: bool
    filed_by_id: int | None
    filed_by: User | None
    status: str
    is_route_final: bool
    arbiter_id: int | None

    @property
    def assignee_ids(self) -> Sequence[int]:
        """Ids of the users the case was assigned to."""

    @property
    def doer_ids(self) -> Sequence[int]:
        """Ids of the organisations that a task in the case names as doer, ended tasks included."""

    @property
    def case_tasks(self) -> Sequence[Ordered]:
        """The tasks in the case."""

    @property
    def organisation(self) -> Organisation:
        """The responsible organisation."""

    @property
    def assigned_group(self) -> Organisation | None:
        """The group the case was assigned to."""

    @property
    def arbiter(self) -> Organisation | None:
        """The organisation that decides on a return, or did."""


class OwedDeadline(Protocol):
    """A deadline of a case, with the organisation that it was set for."""

    kind: str
    organisation_id: int | None


# --- The parties of one case ---------------------------------------------------------------------


def organisations_of(petition: Case) -> Iterator[tuple[RelationRule, Organisation]]:
    """Yield every organisation involved in a case with the relation it stands in."""
    for rule in RELATIONS:
        for organisation in rule.organisations(petition):
            yield rule, organisation


def organisation_ids(petition: Case) -> set[int]:
    """Return the ids of all organisations involved in a case."""
    return {pk for rule in RELATIONS for pk in rule.organisation_ids(petition)}


def relations_of(organisation_id: int | None, petition: Case) -> list[RelationRule]:
    """Return the relations in which one organisation stands to a case."""
    if organisation_id is None:
        return []
    return [rule for rule in RELATIONS if organisation_id in rule.organisation_ids(petition)]


def has_tasks(petition: Case) -> bool:
    """Tell whether there is a task in the case, or was one."""
    return bool(petition.doer_ids)


def orderer_ids(petition: Case) -> set[int]:
    """Return the ids of the organisations that ordered a task in the case."""
    return {task.orderer_id for task in petition.case_tasks}


def holder(petition: Case) -> Organisation:
    """Return the organisation that must act: arbiter, assigned group or responsible one."""
    return arbiter_of(petition) or petition.assigned_group or petition.organisation


def arbiter_of(petition: Case) -> Organisation | None:
    """Return the organisation that decides on the return of a case now, if there is one."""
    return petition.arbiter if petition.status == Status.RETURNED else None


def is_without_arbiter(petition: Case) -> bool:
    """Tell whether a case was returned before there were arbiters."""
    is_returned = petition.status == Status.RETURNED or petition.is_route_final
    return is_returned and petition.arbiter_id is None


def final_arbiter_id(petition: Case) -> int | None:
    """Return the id of the organisation whose decision on a return is final, if one decided."""
    return petition.arbiter_id if petition.is_route_final else None


def owing_organisation_id(petition: Case, deadline: OwedDeadline) -> int | None:
    """Return the id of the organisation that must keep a deadline now.

    While a case is returned, only the arbiter can keep what the responsible organisation owed.
    """
    is_with_arbiter = petition.status == Status.RETURNED and deadline.kind in HANDLER_DEADLINES
    return (petition.arbiter_id if is_with_arbiter else None) or deadline.organisation_id


def supervisor(row: Supervised) -> Organisation | None:
    """Return the organisation that supervises a case, or did when an event happened."""
    return row.supervisor


def supervisor_id(row: Supervised) -> int | None:
    """Return the id of the organisation that supervises a case, or did when an event happened."""
    return row.supervisor_id


def handling_side_ids(row: Supervised) -> tuple[int | None, int]:
    """Return the ids of the supervising and of the responsible organisation, highest first."""
    return row.supervisor_id, row.organisation_id


def answering_organisation_id(petition: Case) -> int | None:
    """Return the id of the organisation that owes an answer to an escalation, if one does."""
    return petition.supervisor_id if petition.is_answer_owed else None


def assignee_ids(petition: Case) -> Sequence[int]:
    """Return the ids of the users a case was assigned to."""
    return petition.assignee_ids


def filer_id(petition: Case) -> int | None:
    """Return the id of the user who filed a case for a resident, if one did."""
    return petition.filed_by_id


def filer(petition: Case) -> User | None:
    """Return the user who filed a case for a resident; read from the database if needed."""
    return petition.filed_by


def is_assignee(scope: Scope, petition: Case) -> bool:
    """Tell whether a case is assigned to a user who still has a post below the organisation."""
    return scope.user_id in petition.assignee_ids and any(
        petition.organisation_id in post.ancestor_ids for post in scope.posts
    )


# --- What only some may see ----------------------------------------------------------------------


def is_restricted(petition: Restricted) -> bool:
    """Tell whether a case is about an organisation or is an accusation."""
    return petition.is_sealed or petition.about_organisation_id is not None


def is_about_organisation(petition: ConflictOfInterest) -> bool:
    """Tell whether a case is about an organisation."""
    return petition.about_organisation_id is not None


def reported_organisation(petition: ConflictOfInterest) -> Organisation | None:
    """Return the organisation that a case is about, if it is about one; from the cache.

    Only staff who see the case and the resident who reported it may read its name.
    """
    about = petition.about_organisation_id
    return None if about is None else register_rows.organisations([about]).get(about)


# --- Conditions on the table of cases ------------------------------------------------------------


def visible_to(scope: Scope) -> Q | None:
    """Condition: the viewer may know of the case by the posts held today; None matches no case.

    A case about an organisation is hidden from every post in it and below it, from whoever held one
    when it was reported or later, and from every post without an organisation; an accusation from
    every post but the city's own officials. An administrator role sees no case.
    """
    if not scope.posts or any(post.role in ADMIN_ROLES for post in scope.posts):
        return None
    own_and_above = sorted(scope.own_and_above)
    # An assignment to a user ends with the post in the organisation that gave it.
    condition = Q(organisation__in=own_and_above) & Q(assignee_ids__contains=[scope.user_id])
    for post in scope.posts:
        condition |= _visible_to_post(post)
    return condition & exclusion.not_excluded(scope)


def _visible_to_post(post: ActivePost) -> Q:
    """Condition: the case lies in the post's area or its organisation is involved in it.

    The organisations that answer for the area of a post without an organisation are its own, but
    which ones is not known here: such a post sees no case about an organisation at all.
    """
    condition = Q(pk__in=[])
    if post.role in AREA_ROLES:
        for path in filter(None, post.area_paths):
            condition |= Q(path__startswith=path)
    if post.organisation_id is None:
        return condition & unrestricted()
    if post.role == Role.MEMBER:
        return condition
    for rule in RELATIONS:
        if rule.grants_access and (rule.levels is None or post.organisation_level in rule.levels):
            condition |= rule.condition(post.organisation_id)
    return condition


def involving(organisation_ids: Iterable[int]) -> Q:
    """Condition: one of the organisations is involved in the case, in any relation."""
    ids = list(organisation_ids)
    return reduce(or_, (rule.condition_of_any(ids) for rule in RELATIONS))


def unrestricted() -> Q:
    """Condition: the case is about no organisation and is no accusation."""
    return Q(is_sealed=False, about_organisation=None)


def handled_by(viewer: Viewer) -> Q:
    """Condition: the viewer's own organisations or the viewer must act on the running case now."""
    is_held = held_by_any(own_organisations(viewer.scope))
    return Q(status__in=RUNNING) & (is_held | Q(assignee_ids__contains=[viewer.scope.user_id]))


def awaiting_answer_of(viewer: Viewer) -> Q:
    """Condition: the viewer must answer an escalation of the case, which is not the own one."""
    supervised = acted_for(viewer.scope, Relation.SUPERVISOR)
    condition = Q(is_answer_owed=True, supervisor__in=supervised)
    for own, is_since in _belonged_to(viewer.scope):
        if others := [pk for pk in supervised if pk != own]:
            condition &= ~Q(is_since, organisation=own, supervisor__in=others)
        if supervised:  # a branch supervises its own group
            condition &= ~Q(is_since, assigned_group=own, supervisor=F("organisation"))
    return condition


def awaiting_decision_by(viewer: Viewer) -> Q:
    """Condition: the viewer must decide on the return of the case, which is not the own one."""
    arbiters = acted_for(viewer.scope, Relation.ARBITER)
    condition = _awaits_decision_of(arbiters)
    for own, is_since in _belonged_to(viewer.scope):
        if any(pk != own for pk in arbiters):
            condition &= ~Q(is_since, organisation=own)
    return condition


def _belonged_to(scope: Scope) -> Iterator[tuple[int, Q]]:
    """Yield the organisations to which a user has belonged, and the cases for which that counts.

    A post in a Party group belongs to its branch as well (`separation_of_duties.belongs_to`). One
    post alone yields nothing: nobody asks or returns to the organisation that is the only own one.
    """
    present = {pk for post in scope.posts for pk in _own_ids(post)}
    if len(present) > 1:
        yield from ((pk, Q()) for pk in sorted(present))
    for post in scope.former_posts:
        for pk in _own_ids(post) - present:
            yield pk, Q(created_at__lt=exclusion.end_of(post.last_day))


def _own_ids(post: ActivePost | FormerPost) -> set[int]:
    ids = [post.organisation_id]
    if post.organisation_level == OrgLevel.GROUP:
        ids.append(post.parent_id)
    return {pk for pk in ids if pk is not None}


def can_decide(viewer: Viewer) -> bool:
    """Tell whether the viewer acts for an organisation that can supervise a case or a return."""
    return bool(acted_for(viewer.scope, Relation.ARBITER))


def awaiting_handling_by(viewer: Viewer) -> Q:
    """Condition: the viewer must accept the running case, work on it or answer the resident."""
    scope = viewer.scope
    return Q(status__in=(Status.SUBMITTED, *IN_HAND)) & (
        Q(organisation__in=acted_for(scope, Relation.RESPONSIBLE))
        | Q(assigned_group__in=acted_for(scope, Relation.ASSIGNED_GROUP))
        | Q(assignee_ids__contains=[scope.user_id], organisation__in=sorted(scope.own_and_above))
    )


def held_by_any(ids: Sequence[int]) -> Q:
    """Condition: one of these organisations has the running case in its hands.

    A returned case is in the hands of its arbiter, not of the organisation that returned it.
    """
    is_with_arbiter = Q(status=Status.RETURNED, arbiter__isnull=False)
    is_own = Q(organisation__in=ids) & ~is_with_arbiter
    return is_own | Q(assigned_group__in=ids) | _awaits_decision_of(ids)


def awaiting_decision_of(viewer: Viewer) -> Q:
    """Condition: the viewer's own organisations must decide on the return of the case."""
    return _awaits_decision_of(own_organisations(viewer.scope))


def _awaits_decision_of(ids: Sequence[int]) -> Q:
    return Q(status=Status.RETURNED, arbiter__in=ids)


def filed_by(user_id: int) -> Q:
    """Condition: the user filed the case for a resident."""
    return Q(filed_by=user_id)


def own_organisations(scope: Scope) -> list[int]:
    """Return the organisations in which the viewer has a post, other than as a member."""
    return sorted(
        post.organisation_id
        for post in scope.posts
        if post.organisation_id is not None and post.role != Role.MEMBER
    )
