"""The rules of single verbs: when a verb that fits actor and status is refused all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.enums import OrgLevel
from members.enums import HEAD_ROLES
from members.models import User
from petitions import case_workers, confidential_contacts, involvement, resident_words
from petitions.actors import By, Petitioner, SystemActor, actors_of, may_act_as
from petitions.enums import ACTIVE_TASKS, RESIDENT_AGREED, Actor, CaseLevel, Status, Verb
from petitions.models import CaseTask, Petition
from petitions.separation_of_duties import belongs_to, belongs_to_escalating
from petitions.states import RULE_OF, TASK_SOURCES

MAX_RETURNS = 2

WRONG_PERSON_CODES = frozenset(
    {
        *("wrong_actor", "own_work", "own_case", "own_request", "not_arbiter"),
        *("only_resident", "owes_answer", "cannot_ask", "opened_contact"),
    }
)
"""Codes of decisions that refuse the person (403); the others refuse the moment (409)."""

OWN_WORK = gettext_lazy("居民的意见须由没有参与办理的组织和人员回访后记录，请上一级或别的人回访。")
CODE_KNOWN = gettext_lazy("这件事是代您登记的；您的意见由没有参与办理的工作人员问过您后记录。")
OWN_REQUEST = gettext_lazy("提出升级的组织和人员不能自己答复，请督办组织的其他人答复。")


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
    if belongs_to(by.scope, petition.organisation_id, petition.created_at):
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
    own = _headed_ids(by)
    is_orderer = acts_as_orderer(verb)
    return [
        task
        for task in petition.case_tasks
        if task.state in TASK_SOURCES[verb]
        and (task.orderer_id if is_orderer else task.doer_id) in own
    ]


def _headed_ids(user: User) -> set[int | None]:
    return {post.organisation_id for post in user.scope.posts if post.role in HEAD_ROLES}


def active_doer_id(petition: Petition, by: By) -> int | None:
    """Return the first organisation headed by a user that has an active task in the case."""
    own = _headed_ids(by) if isinstance(by, User) else set()
    active = (task.doer_id for task in petition.case_tasks if task.state in ACTIVE_TASKS)
    return next((pk for pk in active if pk in own), None)


def may_tell_resident(petition: Petition, by: By, actor: Actor | None) -> Decision:
    """Let a department show the resident notes and photos only while it has an active task."""
    if actor != Actor.DEPARTMENT or active_doer_id(petition, by) is not None:
        return Decision(True, actor=actor)
    words = _("贵单位在这件事里没有正在办的任务，不能再给居民看；只给工作人员看的可以提交。")
    return Decision(False, "no_active_task", words)


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
    if is_resident and petition.status == Status.DECLINED:
        words = _("这件事没有受理，没有答复可以再办；如还需要办理，请联系社区。")
        return Decision(False, "wrong_state", words)
    if is_resident and petition.status != Status.CLOSED:
        return Decision(False, "wrong_state", _("请先对答复作出确认。"))
    has_agreed = petition.closed_by in RESIDENT_AGREED
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


def _guard_end(petition: Petition, by: By) -> Decision:
    """Refuse to end a case unhandled to who was given it for good, or was asked and gave no answer.

    What an arbiter gave back for good is handled; the answer may explain why nothing can be done.
    """
    if isinstance(by, User) and petition.is_route_final and not _decides_above(by, petition):
        words = _("退单已裁定由本组织办理，不能再不受理或转走。办不了的，请写明原因答复居民。")
        return Decision(False, "final_route", words)
    if isinstance(by, User) and case_workers.have_not_answered(by.scope, petition):
        words = _("本组织还没有答复升级或裁定退单，请先答复或裁定，再作其他决定。")
        return Decision(False, "owes_answer", words)
    return Decision(True)


def _decides_above(user: User, petition: Petition) -> bool:
    """Tell whether a user ends the case in the place of its handler, as who stands above it."""
    actors = actors_of(user, petition)
    is_coordinator = Actor.COORDINATOR in actors
    return Actor.ARBITER in actors or (
        is_coordinator and may_act_as(Actor.COORDINATOR, Verb.DECLINE, petition, user)
    )


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
    Verb.DECLINE: _guard_end,
    Verb.REDIRECT: _guard_end,
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
