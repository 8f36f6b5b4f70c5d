"""Who is this actor to this case, and which verbs are open to it now, with the reason if not."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from branches.enums import OrgLevel
from config.lib.viewer import ActivePost, Scope
from members.enums import ADMIN_ROLES, HEADS, Role
from members.models import User
from petitions.enums import Actor, ClosedBy, Status, Verb
from petitions.models import Petition
from petitions.states import RULE_OF, VERB_RULES, VerbRule

MAX_RETURNS = 2
DESK_ROLES = frozenset({Role.STAFF, Role.COMMUNITY_SECRETARY, Role.SUBDISTRICT_OFFICIAL})
FILING_ROLES = DESK_ROLES | {
    Role.CITY_OFFICIAL,
    Role.BRANCH_SECRETARY,
    Role.GROUP_LEADER,
    Role.API_CLIENT,
}


@dataclass(frozen=True, slots=True)
class Petitioner:
    """The resident who filed the case, known by its tracking code."""

    petition_id: int


@dataclass(frozen=True, slots=True)
class SystemActor:
    """The system acting because a limit passed."""


SYSTEM = SystemActor()
By = User | Petitioner | SystemActor


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a verb is open: `ok`, or a `code` for programs and a `reason` for people."""

    ok: bool
    code: str = ""
    reason: str = ""
    actor: Actor | None = None

    def __bool__(self) -> bool:
        return self.ok


def _is_head(seat: ActivePost, organisation_id: int | None) -> bool:
    return (
        organisation_id is not None
        and seat.organisation_id == organisation_id
        and seat.role in HEADS
    )


def _is_handler(seat: ActivePost, petition: Petition) -> bool:
    """The post's organisation answers for the case; a community's own desk acts for it too."""
    if _is_head(seat, petition.organisation_id):
        return True
    return (
        seat.role == Role.STAFF
        and seat.organisation_level == OrgLevel.COMMUNITY
        and seat.organisation_id == petition.organisation_id
    )


def _covers(seat: ActivePost, petition: Petition) -> bool:
    return any(petition.path.startswith(path) for path in seat.area_paths)


def _seat_relations(seat: ActivePost, petition: Petition) -> set[Actor]:
    found: set[Actor] = set()
    if _is_handler(seat, petition):
        found.add(Actor.HANDLER)
    if _is_head(seat, petition.assigned_group_id):
        found.add(Actor.ASSIGNEE)
    if _is_head(seat, petition.supervisor_id):
        found.add(Actor.SUPERVISOR)
    if _is_head(seat, petition.department_id):
        found.add(Actor.DEPARTMENT)
    if seat.role in DESK_ROLES and _covers(seat, petition):
        found.add(Actor.COORDINATOR)
    if seat.role == Role.CITY_OFFICIAL and petition.organisation_id == seat.organisation_id:
        found.add(Actor.HANDLER)
    if seat.role == Role.API_CLIENT and _covers(seat, petition):
        found.add(Actor.PARTNER)
    return found


def is_own_matter(scope: Scope, petition: Petition) -> bool:
    """Tell whether the case is about an organisation the viewer belongs to or stands below."""
    about = petition.about_organisation_id
    return about is not None and any(about in seat.ancestor_ids for seat in scope.posts)


def _is_assignee(by: User, petition: Petition) -> bool:
    """Work given to a person ends with the post in the organisation that gave it."""
    return by.pk in petition.assignee_ids and any(
        petition.organisation_id in seat.ancestor_ids for seat in by.scope.posts
    )


def actors_of(by: By, petition: Petition) -> frozenset[Actor]:
    """Return what `by` is to the case; somebody in whose cause it is has no relation at all."""
    if isinstance(by, SystemActor):
        return frozenset({Actor.CLOCK})
    if isinstance(by, Petitioner):
        return frozenset({Actor.PETITIONER} if by.petition_id == petition.pk else ())
    if is_own_matter(by.scope, petition):
        return frozenset()
    found: set[Actor] = {Actor.ASSIGNEE} if _is_assignee(by, petition) else set()
    for seat in by.scope.posts:
        found |= _seat_relations(seat, petition)
    return frozenset(found)


def acting_for(by: By, petition: Petition, actor: Actor) -> int | None:
    """Return the organisation in whose name `by` acts on the case."""
    if not isinstance(by, User):
        return None
    for seat in by.scope.posts:
        if actor in _seat_relations(seat, petition):
            return seat.organisation_id
    return next((seat.organisation_id for seat in by.scope.posts), None)


def _status_allows(move: VerbRule, petition: Petition) -> Decision:
    if Status(petition.status) in move.sources:
        return Decision(True)
    label = Status(petition.status).label
    return Decision(
        False, "wrong_state", _("当前状态是“%(state)s”，不能这样操作。") % {"state": label}
    )


def _guard_return(petition: Petition, _by: By) -> Decision:
    if petition.is_sealed:
        return Decision(False, "nobody_above", _("专门渠道的事项不能退单。"))
    if petition.is_route_final:
        return Decision(False, "final_route", _("改派已是终局，不能再退单。"))
    if petition.returns >= MAX_RETURNS:
        return Decision(False, "too_many_returns", _("已退单两次，不能再退。"))
    return Decision(True)


def _guard_confirm(petition: Petition, by: By) -> Decision:
    if isinstance(by, User) and by.pk == petition.resolved_by_id:
        return Decision(False, "own_work", _("回访须由办理人以外的人进行。"))
    return Decision(True)


def _guard_answer(petition: Petition, _by: By) -> Decision:
    if not petition.is_answer_owed:
        return Decision(False, "nothing_to_answer", _("没有待答复的升级。"))
    return Decision(True)


def _guard_reopen(petition: Petition, by: By) -> Decision:
    if isinstance(by, Petitioner) and petition.status != Status.CLOSED:
        return Decision(False, "wrong_state", _("请先对答复作出确认。"))
    if (
        petition.closed_by == ClosedBy.CONFIRMED
        and isinstance(by, Petitioner)
        and petition.round > 1
    ):
        return Decision(False, "already_reopened", _("已再办过，请联系社区。"))
    return Decision(True)


def _guard_reveal(petition: Petition, by: By) -> Decision:
    contact = getattr(petition, "contact", None)
    if contact is None:
        return Decision(False, "no_contact", _("居民没有留下联系方式。"))
    if contact.is_confidential and Actor.COORDINATOR not in actors_of(by, petition):
        return Decision(False, "confidential", _("居民要求保密，请由社区转达。"))
    return Decision(True)


GUARDS = {
    Verb.RETURN: _guard_return,
    Verb.CONFIRM: _guard_confirm,
    Verb.DISPUTE: _guard_confirm,
    Verb.ANSWER: _guard_answer,
    Verb.REOPEN: _guard_reopen,
    Verb.REVEAL: _guard_reveal,
}


def may(verb: Verb, petition: Petition, by: By) -> Decision:
    """Tell whether `by` may do `verb` now: right actor, right moment, rule of the verb."""
    move = RULE_OF[verb]
    held = actors_of(by, petition)
    actor = next((one for one in move.actors if one in held), None)
    if actor is None or not move.has_page:
        return Decision(False, "wrong_actor", _("这一步由其他人办理。"))
    moment = _status_allows(move, petition)
    if not moment:
        return moment
    guard = GUARDS.get(verb)
    verdict = guard(petition, by) if guard else Decision(True)
    return Decision(verdict.ok, verdict.code, verdict.reason, actor)


def allowed_verbs(petition: Petition, by: By) -> list[Verb]:
    """Return the verbs open to `by` now, in the order of the table."""
    return [move.verb for move in VERB_RULES if move.sources and may(move.verb, petition, by)]


def refused_verbs(petition: Petition, by: By) -> list[tuple[Verb, str]]:
    """Return verbs that are `by`'s to do but not now, each with the reason to show."""
    held = actors_of(by, petition)
    found = []
    for move in VERB_RULES:
        if move.sources and move.has_page and held & set(move.actors):
            verdict = may(move.verb, petition, by)
            if not verdict:
                found.append((move.verb, verdict.reason))
    return found


def has_case_post(user: User) -> bool:
    """Tell whether somebody holds a post today that is not an administrative hat."""
    return any(seat.role not in ADMIN_ROLES for seat in user.scope.posts)


def may_file(by: By, path: str) -> bool:
    """Tell whether somebody logged in may file for a place: a post that reaches it, or a member."""
    if not isinstance(by, User):
        return True
    return any(
        seat.role in FILING_ROLES and any(path.startswith(area) for area in seat.area_paths)
        for seat in by.scope.posts
    )


def may_open_desk(user: User) -> bool:
    """Tell whether somebody may file anywhere at all, and so has a use for the desk."""
    return any(seat.role in FILING_ROLES and seat.area_paths for seat in user.scope.posts)
