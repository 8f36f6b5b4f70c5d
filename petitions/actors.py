"""Who acts on a case: a resident, the system or a user, and as what."""

from __future__ import annotations

from dataclasses import dataclass

from branches.enums import ESCALATION_ORDER, OrgLevel
from config.lib.viewer import ActivePost
from members.enums import HEAD_ROLES, Role
from members.models import User
from petitions import exclusion, involvement
from petitions.enums import Actor
from petitions.models import Petition
from petitions.relations import COORDINATOR_ROLES, acts_for
from petitions.separation_of_duties import belongs_to_returner


@dataclass(frozen=True, slots=True)
class Petitioner:
    """The resident who reported the case, identified by its tracking code.

    `has_given_phone`: also by the last digits of the telephone number left with the case.
    """

    petition_id: int
    has_given_phone: bool = False


@dataclass(frozen=True, slots=True)
class SystemActor:
    """The system, acting because a deadline passed."""


SYSTEM = SystemActor()
By = User | Petitioner | SystemActor


def _actors_of_post(post: ActivePost, petition: Petition) -> set[Actor]:
    """Return the actors that a post makes its holder on a case: by its organisation and area."""
    actors: set[Actor] = set()
    for rule in involvement.relations_of(post.organisation_id, petition):
        if rule.actor and acts_for(post, rule.relation):
            actors.add(rule.actor)
    if post.role in COORDINATOR_ROLES and post.covers(petition.path):
        actors.add(Actor.COORDINATOR)
    if _decides_without_arbiter(post, petition):
        actors.add(Actor.ARBITER)
    is_open_to_programs = not involvement.is_restricted(petition)
    if post.role == Role.API_CLIENT and is_open_to_programs and post.covers(petition.path):
        actors.add(Actor.PARTNER)
    if post.role in HEAD_ROLES and post.organisation_id in involvement.orderer_ids(petition):
        actors.add(Actor.ORDERER)
    return actors


def _decides_without_arbiter(post: ActivePost, petition: Petition) -> bool:
    """Tell whether a post decides on a case that was returned before there were arbiters.

    The coordinators of its place do who stand above the responsible organisation.
    """
    if not involvement.is_without_arbiter(petition):
        return False
    is_coordinator = post.role in COORDINATOR_ROLES and post.covers(petition.path)
    return is_coordinator and _rank(post.organisation_level) > _rank(petition.organisation.level)


def _rank(level: str) -> int:
    return ESCALATION_ORDER.index(OrgLevel(level))


def actors_of(by: By, petition: Petition) -> frozenset[Actor]:
    """Return the actors that `by` is on a case; none for users with a conflict of interest.

    Whoever returned the case or belongs to the responsible organisation is no arbiter, by no post.
    """
    if isinstance(by, SystemActor):
        return frozenset({Actor.CLOCK})
    if isinstance(by, Petitioner):
        return frozenset({Actor.PETITIONER} if by.petition_id == petition.pk else ())
    if exclusion.is_excluded(by.scope, petition):
        return frozenset()
    actors = {Actor.ASSIGNEE} if involvement.is_assignee(by.scope, petition) else set[Actor]()
    for post in by.scope.posts:
        actors |= _actors_of_post(post, petition)
    if Actor.ARBITER in actors and belongs_to_returner(by.scope, petition):
        actors.remove(Actor.ARBITER)
    return frozenset(actors)


def acting_for(by: By, petition: Petition, actor: Actor) -> int | None:
    """Return the id of the organisation in whose name `by` acts on the case.

    An assignee acts by the post at or below the responsible organisation.
    """
    if not isinstance(by, User):
        return None
    for post in by.scope.posts:
        if actor in _actors_of_post(post, petition):
            return post.organisation_id
    if actor == Actor.ASSIGNEE:
        return next(
            post.organisation_id
            for post in by.scope.posts
            if petition.organisation_id in post.ancestor_ids
        )
    return next((post.organisation_id for post in by.scope.posts), None)
