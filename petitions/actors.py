"""Who acts on a case: a resident, the system or a user, and as what."""

from __future__ import annotations

from dataclasses import dataclass

from branches import register_rows
from branches.enums import ESCALATION_ORDER, OrgLevel
from branches.models import Organisation
from config.lib.viewer import ActivePost
from members.enums import HEAD_ROLES, Role
from members.models import User
from petitions import exclusion, involvement
from petitions.enums import ENDING_VERBS, Actor, Verb
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

DECIDING_VERBS = ENDING_VERBS | {Verb.ACCEPT, Verb.REASSIGN, Verb.ESCALATE}
"""Verbs by which a coordinator decides on a case in place of the responsible organisation."""


def _actors_of_post(post: ActivePost, petition: Petition) -> set[Actor]:
    """Return the actors that a post makes its holder on a case: by its organisation and area."""
    actors: set[Actor] = set()
    for rule in involvement.relations_of(post.organisation_id, petition):
        if rule.actor and acts_for(post, rule.relation):
            actors.add(rule.actor)
    if _coordinates(post, petition):
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
    is_coordinator = _coordinates(post, petition)
    return is_coordinator and _rank(post.organisation_level) > _rank(petition.organisation.level)


def _rank(level: str) -> int:
    return ESCALATION_ORDER.index(OrgLevel(level))


def _coordinates(post: ActivePost, petition: Petition) -> bool:
    return post.role in COORDINATOR_ROLES and post.covers(petition.path)


def _decides_as_coordinator(post: ActivePost, petition: Petition, verb: Verb) -> bool:
    return _coordinates(post, petition) and all(
        post.organisation_id in organisation.ancestor_ids
        for organisation in organisations_to_respect(petition, verb)
    )


def organisations_to_respect(petition: Petition, verb: Verb) -> list[Organisation]:
    """Return the organisations that no coordinator from below or beside overrules by a verb.

    The responsible one and, if the verb ends the case unhandled, the one that decided a return. No
    query for an organisation that is loaded or cached.
    """
    if verb not in DECIDING_VERBS:
        return []
    final_id = involvement.final_arbiter_id(petition) if verb in ENDING_VERBS else None
    is_loaded = Petition.organisation.is_cached(petition)
    known = {petition.organisation_id: petition.organisation} if is_loaded else {}
    missing = {pk for pk in (petition.organisation_id, final_id) if pk and pk not in known}
    return [*known.values(), *register_rows.organisations(missing).values()]


def may_act_as(actor: Actor, verb: Verb, petition: Petition, by: By) -> bool:
    """Tell whether `by`, who is `actor` on a case, performs a verb as that.

    Everybody does but coordinators, who decide only by a post of the responsible organisation
    itself or of one above it.
    """
    if actor != Actor.COORDINATOR or verb not in DECIDING_VERBS or not isinstance(by, User):
        return True
    return any(_decides_as_coordinator(post, petition, verb) for post in by.scope.posts)


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


def acting_for(by: By, petition: Petition, actor: Actor, verb: Verb) -> int | None:
    """Return the id of the organisation in whose name `by` performs a verb on the case.

    An assignee acts by the post at or below the responsible organisation.
    """
    if not isinstance(by, User):
        return None
    for post in by.scope.posts:
        is_able = actor != Actor.COORDINATOR or _decides_as_coordinator(post, petition, verb)
        if is_able and actor in _actors_of_post(post, petition):
            return post.organisation_id
    if actor == Actor.ASSIGNEE:
        return next(
            post.organisation_id
            for post in by.scope.posts
            if petition.organisation_id in post.ancestor_ids
        )
    return None
