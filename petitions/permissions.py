"""Which verbs an actor may perform on a case now, and the reason where not."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.viewer import ActivePost, Viewer
from members.enums import Role
from members.models import User
from petitions import confidential_contacts, involvement
from petitions.actors import By, actors_of, may_act_as, organisations_to_respect
from petitions.enums import Actor, Status, Verb
from petitions.models import Petition
from petitions.refusals import GUARDS, Decision
from petitions.relations import COORDINATOR_ROLES
from petitions.states import RULE_OF, VERB_RULES, VerbRule

SUBMITTER_ROLES = COORDINATOR_ROLES | {
    Role.CITY_OFFICIAL,
    Role.BRANCH_SECRETARY,
    Role.GROUP_LEADER,
    Role.API_CLIENT,
}
"""Roles that submit reports for residents of their area, at the desk or through the API."""

KEPT_FROM = frozenset({Actor.HANDLER, Actor.ASSIGNEE})
"""As what nobody acts who opened, for another organisation, a contact kept from the handlers."""

OPENED_CONTACT = gettext_lazy(
    "您在别的组织打开过居民要求保密的联系方式，这件事请本组织的其他人办理。"
)


def _status_allows(rule: VerbRule, petition: Petition) -> Decision:
    if Status(petition.status) in rule.sources:
        return Decision(True)
    label = Status(petition.status).label
    return Decision(
        False, "wrong_state", _("当前状态是“%(state)s”，不能这样操作。") % {"state": label}
    )


def is_rating_stored(petition: Petition, by: By) -> bool:
    """Tell whether a rating sent with another word of the resident is stored: as one sent alone."""
    return bool(GUARDS[Verb.RATE](petition, by))


def _reason_of_wrong_actor(
    rule: VerbRule | None, petition: Petition, actors: frozenset[Actor]
) -> str:
    arbiter = involvement.arbiter_of(petition)
    if rule is not None and arbiter is not None and petition.status in rule.actors_from:
        return _("已退单，由%(who)s决定由谁办理。") % {"who": arbiter.short_name}
    if rule is not None and Actor.COORDINATOR in actors.intersection(rule.actors):
        names = [row.short_name for row in organisations_to_respect(petition, rule.verb)]
        words = _("这件事已由%(who)s负责或裁定，同级和下级组织不能替它作决定。")
        return words % {"who": "、".join(names)}
    return _("这一步由其他人办理。")


def _without_work_of_opener(candidates: list[Actor], petition: Petition, by: By) -> list[Actor]:
    """Leave out the actors that work on the case if the user opened the contact kept from them."""
    if not isinstance(by, User) or KEPT_FROM.isdisjoint(candidates):
        return candidates
    if not confidential_contacts.opened_from_outside(by.scope, petition):
        return candidates
    return [actor for actor in candidates if actor not in KEPT_FROM]


def may(verb: Verb, petition: Petition, by: By, actors: frozenset[Actor] | None = None) -> Decision:
    """Decide whether `by` may perform `verb` now: actor, then status, then the rule of the verb.

    Callers that ask for several verbs pass `actors_of(by, petition)`, worked out once.
    """
    rule = RULE_OF.get(verb)
    if actors is None:
        actors = actors_of(by, petition)
    candidates = (
        [
            actor
            for actor in rule.actors_in(petition.status)
            if actor in actors and may_act_as(actor, rule.verb, petition, by)
        ]
        if rule
        else []
    )
    if rule is None or not candidates:
        return Decision(False, "wrong_actor", _reason_of_wrong_actor(rule, petition, actors))
    status = _status_allows(rule, petition)
    if not status:
        return status
    candidates = _without_work_of_opener(candidates, petition, by)
    if not candidates:
        return Decision(False, "opened_contact", str(OPENED_CONTACT))
    guard = GUARDS.get(verb)
    decision = guard(petition, by) if guard else Decision(True)
    return Decision(decision.ok, decision.code, decision.reason, candidates[0])


def allowed_verbs(petition: Petition, by: By) -> list[Verb]:
    """Return the verbs that `by` may perform now, in the order of the table."""
    actors = actors_of(by, petition)
    return [
        rule.verb for rule in VERB_RULES if rule.sources and may(rule.verb, petition, by, actors)
    ]


def refused_verbs(petition: Petition, by: By) -> list[tuple[Verb, str]]:
    """Return the verbs of `by` that are not allowed now, each with the reason."""
    actors = actors_of(by, petition)
    refused = []
    for rule in VERB_RULES:
        if rule.sources and actors & set(rule.actors):
            decision = may(rule.verb, petition, by, actors)
            if not decision:
                refused.append((rule.verb, decision.reason))
    return refused


def may_follow_up(user: User) -> bool:
    """Tell whether the user records at all what residents say after a call."""
    return any(post.role in COORDINATOR_ROLES for post in user.scope.posts)


def filing_post(user: User, path: str) -> ActivePost | None:
    """Return the post by which a user submits a report for the place with `path`, if one may."""
    posts = (post for post in user.scope.posts if post.role in SUBMITTER_ROLES)
    return next((post for post in posts if post.covers(path)), None)


def may_file(by: By, path: str) -> bool:
    """Tell whether `by` may submit a report for the place with `path`; a resident always may."""
    return not isinstance(by, User) or filing_post(by, path) is not None


def may_open_desk(viewer: Viewer) -> bool:
    """Tell whether the viewer may submit a report for any place at all."""
    posts = viewer.scope.posts
    return any(post.role in SUBMITTER_ROLES and any(post.area_paths) for post in posts)
