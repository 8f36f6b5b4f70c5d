"""Which verbs an actor may perform on a case now, and the reason where not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.enums import ESCALATION_ORDER, OrgLevel
from config.lib.viewer import ActivePost, Viewer
from members.enums import HEAD_ROLES, Role
from members.models import User
from petitions import (
    case_workers,
    confidential_contacts,
    exclusion,
    involvement,
    resident_words,
)
from petitions.enums import Actor, CaseLevel, ClosedBy, Status, Verb
from petitions.models import CaseTask, Petition
from petitions.relations import COORDINATOR_ROLES, acts_for
from petitions.separation_of_duties import (
    belongs_to,
    belongs_to_escalating,
    belongs_to_returner,
)
from petitions.states import RULE_OF, TASK_SOURCES, VERB_RULES, VerbRule

MAX_RETURNS = 2

WRONG_PERSON_CODES = frozenset(
    {
        *("wrong_actor", "own_work", "own_case", "own_request", "not_arbiter"),
        *("only_resident", "owes_answer", "cannot_ask"),
    }
)
"""Codes of decisions that refuse the person (403); the others refuse the moment (409)."""

OWN_WORK = gettext_lazy("居民的意见须由没有参与办理的组织和人员回访后记录，请上一级或别的人回访。")
CODE_KNOWN = gettext_lazy("这件事是代您登记的；您的意见由没有参与办理的工作人员问过您后记录。")
OWN_REQUEST = gettext_lazy("提出升级的组织和人员不能自己答复，请督办组织的其他人答复。")

SUBMITTER_ROLES = COORDINATOR_ROLES | {
    Role.CITY_OFFICIAL,
    Role.BRANCH_SECRETARY,
    Role.GROUP_LEADER,
    Role.API_CLIENT,
}
"""Roles that submit reports for residents of their area, at the desk or through the API."""


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


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a verb is allowed: `ok`, or a `code` for API clients and a `reason` for people."""

    ok: bool
    code: str = ""
    reason: str = ""
    actor: Actor | None = None

    @property
    def is_wrong_person(self) -> bool:
        """Tell whether the verb is refused to this person, now and later (403)."""
        return self.code in WRONG_PERSON_CODES

    def __bool__(self) -> bool:
        return self.ok


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


def _status_allows(rule: VerbRule, petition: Petition) -> Decision:
    if Status(petition.status) in rule.sources:
        return Decision(True)
    label = Status(petition.status).label
    return Decision(
        False, "wrong_state", _("当前状态是“%(state)s”，不能这样操作。") % {"state": label}
    )


def _guard_return(petition: Petition, _by: By) -> Decision:
    if petition.is_sealed:
        return Decision(False, "nobody_above", _("专门渠道的事项不能退单。"))
    # The organisation is loaded for cases of the city level only; others have one above them.
    if petition.level == CaseLevel.CITY and petition.organisation.level == OrgLevel.CITY:
        return Decision(False, "nobody_above", _("市级之上没有组织裁定，不能退单。"))
    if petition.is_route_final:
        return Decision(False, "final_route", _("改派已是终局，不能再退单。"))
    if petition.returns >= MAX_RETURNS:
        return Decision(False, "too_many_returns", _("已退单两次，不能再退。"))
    return Decision(True)


def _guard_reassign(petition: Petition, by: By) -> Decision:
    """Keep a decision on a return, and refuse what would be a return without such a decision."""
    if petition.status == Status.RETURNED or not isinstance(by, User):
        return Decision(True)
    if petition.is_route_final and Actor.ARBITER not in actors_of(by, petition):
        return Decision(False, "not_arbiter", _("退单已作裁定，只有裁定的组织可以再改派。"))
    if belongs_to(by.scope, petition.organisation_id):
        return Decision(
            False, "own_case", _("本组织负责的事，不归本组织办的请退单，由上一级决定。")
        )
    return Decision(True)


def _guard_follow_up(petition: Petition, by: By) -> Decision:
    """Let staff record what the resident says only if they never handled the case.

    Source: domain rules, follow-up (回访): by somebody other than the handler. A session with the
    tracking code does not count as the resident where the staff who logged the case could use it.
    """
    if isinstance(by, Petitioner) and is_code_known(petition, by):
        return Decision(False, "code_known", str(CODE_KNOWN))
    if isinstance(by, User) and case_workers.include(by.scope, petition):
        return Decision(False, "own_work", str(OWN_WORK))
    return Decision(True)


def _guard_word_of_resident(verb: Verb) -> Callable[[Petition, By], Decision]:
    """Let staff record a word that ends the work only if they could ask the resident.

    The tracking code says it unless staff could use it, to end what they owe or otherwise.
    """

    def guard(petition: Petition, by: By) -> Decision:
        decision = _guard_follow_up(petition, by)
        if not decision or isinstance(by, SystemActor):
            return decision
        refusal = (
            resident_words.refusal(verb, petition, by.scope)
            if isinstance(by, User)
            else resident_words.refusal_by_code(verb, petition)
        )
        return Decision(False, *refusal) if refusal else decision

    return guard


def is_code_known(petition: Petition, by: Petitioner) -> bool:
    """Tell whether the staff who logged the case could use its code to act as the resident."""
    return case_workers.know_code(petition, with_phone=by.has_given_phone)


def _guard_dispute(petition: Petition, by: By) -> Decision:
    """Accept a disagreement from anybody with the code: it only reopens the case."""
    return Decision(True) if isinstance(by, Petitioner) else _guard_follow_up(petition, by)


def _guard_answer(petition: Petition, by: By) -> Decision:
    if not petition.is_answer_owed:
        return Decision(False, "nothing_to_answer", _("没有待答复的升级。"))
    supervisor_id = involvement.supervisor_id(petition)
    if isinstance(by, User) and belongs_to_escalating(by.scope, petition, supervisor_id):
        return Decision(False, "own_request", str(OWN_REQUEST))
    return Decision(True)


def tasks_for(verb: Verb, petition: Petition, by: By) -> list[CaseTask]:
    """Return the tasks in the case on which `by` may perform a verb now, oldest first.

    A user acts on the tasks of all organisations that the user heads, by any post.
    """
    if not isinstance(by, User):
        return []
    own = {post.organisation_id for post in by.scope.posts if post.role in HEAD_ROLES}
    is_orderer = acts_as_orderer(verb)
    return [
        task
        for task in petition.case_tasks
        if task.state in TASK_SOURCES[verb]
        and (task.orderer_id if is_orderer else task.doer_id) in own
    ]


def acts_as_orderer(verb: Verb) -> bool:
    """Tell whether a verb on a task is one of the ordering organisation, not of the doing one."""
    return Actor.ORDERER in RULE_OF[verb].actors


def _guard_task(verb: Verb) -> Callable[[Petition, By], Decision]:
    def guard(petition: Petition, by: By) -> Decision:
        if not tasks_for(verb, petition, by):
            return Decision(False, "no_task", _("现在没有要这样办的任务。"))
        return Decision(True)

    return guard


def _guard_reopen(petition: Petition, by: By) -> Decision:
    is_resident = isinstance(by, Petitioner)
    if is_resident and petition.status != Status.CLOSED:
        return Decision(False, "wrong_state", _("请先对答复作出确认。"))
    has_agreed = petition.closed_by in (ClosedBy.CONFIRMED, ClosedBy.ACCEPTED)
    if is_resident and has_agreed and petition.round > 1:
        return Decision(False, "already_reopened", _("已再办过，请联系社区。"))
    if isinstance(by, User) and case_workers.include(by.scope, petition):
        words = _("参与过办理的组织和人员不能自己再办，请由居民本人或上一级提出。")
        return Decision(False, "own_work", words)
    return Decision(True)


def _guard_escalate(petition: Petition, by: By) -> Decision:
    """While an answer is owed, only who owes it may ask the level above."""
    supervisor = involvement.supervisor(petition) if petition.is_answer_owed else None
    if supervisor is None or not isinstance(by, User) or belongs_to(by.scope, supervisor.pk):
        return Decision(True)
    words = _("已请%(who)s答复，答复之前不能再升级。") % {"who": supervisor.short_name}
    return Decision(False, "answer_owed", words)


def _guard_reveal(petition: Petition, by: By) -> Decision:
    contact = getattr(petition, "contact", None)
    if contact is None:
        return Decision(False, "no_contact", _("居民没有留下联系方式。"))
    if not contact.is_confidential or not isinstance(by, User):
        return Decision(True)
    if not confidential_contacts.may_open(by.scope, petition):
        return Decision(False, "confidential", confidential_contacts.refusal(petition))
    return Decision(True)


GUARDS = {
    Verb.RETURN: _guard_return,
    Verb.REASSIGN: _guard_reassign,
    Verb.DISPUTE: _guard_dispute,
    Verb.ANSWER: _guard_answer,
    Verb.REOPEN: _guard_reopen,
    Verb.ESCALATE: _guard_escalate,
    Verb.REVEAL: _guard_reveal,
    **{verb: _guard_task(verb) for verb in TASK_SOURCES},
    **{
        verb: _guard_word_of_resident(verb)
        for verb in (Verb.CONFIRM, Verb.CLOSE, Verb.RATE, Verb.WITHDRAW)
    },
}


def is_rating_stored(petition: Petition, by: By) -> bool:
    """Tell whether a rating sent with another word of the resident is stored: as one sent alone."""
    return bool(GUARDS[Verb.RATE](petition, by))


def _reason_of_wrong_actor(rule: VerbRule | None, petition: Petition) -> str:
    arbiter = involvement.arbiter_of(petition)
    if rule is not None and arbiter is not None and petition.status in rule.actors_from:
        return _("已退单，由%(who)s决定由谁办理。") % {"who": arbiter.short_name}
    return _("这一步由其他人办理。")


def may(verb: Verb, petition: Petition, by: By, actors: frozenset[Actor] | None = None) -> Decision:
    """Decide whether `by` may perform `verb` now: actor, then status, then the rule of the verb.

    Callers that ask for several verbs pass `actors_of(by, petition)`, worked out once.
    """
    rule = RULE_OF.get(verb)
    if actors is None:
        actors = actors_of(by, petition)
    candidates = (
        [actor for actor in rule.actors_in(petition.status) if actor in actors] if rule else []
    )
    if rule is None or not candidates:
        return Decision(False, "wrong_actor", _reason_of_wrong_actor(rule, petition))
    status = _status_allows(rule, petition)
    if not status:
        return status
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


def may_file(by: By, path: str) -> bool:
    """Tell whether `by` may submit a report for the place with `path`; a resident always may."""
    if not isinstance(by, User):
        return True
    return any(post.role in SUBMITTER_ROLES and post.covers(path) for post in by.scope.posts)


def may_open_desk(viewer: Viewer) -> bool:
    """Tell whether the viewer may submit a report for any place at all."""
    posts = viewer.scope.posts
    return any(post.role in SUBMITTER_ROLES and any(post.area_paths) for post in posts)
