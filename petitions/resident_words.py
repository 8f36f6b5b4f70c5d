"""Whether a user of the staff can record what the resident of a case says, and why not.

Who records it must have been able to ask the resident, and must not end a duty of their own by it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.viewer import Scope
from petitions import case_workers, confidential_contacts, involvement, keyed_hashes
from petitions.enums import Status, Verb
from petitions.models import Contact, Petition
from petitions.relations import Relation

ENDING_WORDS = frozenset({Verb.CONFIRM, Verb.CLOSE, Verb.WITHDRAW})
"""Words of a resident, recorded by staff, that end a case."""

ANSWER_FIRST = gettext_lazy(
    "这件事是工作人员代您登记的，他们那边还没有给出答复；等答复出来，才能在这里撤回。"
)


def attach_contacts(petitions: Iterable[Petition]) -> None:
    """Read whether the residents of cases left a contact; one query, none if it is loaded."""
    rows = Contact.objects.defer("cipher", "key_id")
    prefetch_related_objects(list(petitions), Prefetch("contact", rows))


def gives_phone(contact: Contact, petition: Petition) -> bool:
    """Tell whether contact details of a case have a telephone number, without opening them."""
    return contact.last4_hash != keyed_hashes.last4_hash(petition.uuid, "")


def refusal(verb: Verb, petition: Petition, scope: Scope) -> tuple[str, str] | None:
    """Return code and reason why a user cannot record what the resident says; None if allowed.

    A report that staff logged without a telephone number came from a resident who stood at the
    desk. Who owes an answer to an escalation or a decision on a return, or gave none, records no
    word that would end what is owed. One query unless contact and workers are loaded.
    """
    contact = getattr(petition, "contact", None)
    is_own_report = involvement.filer_id(petition) is None
    if is_own_report and (contact is None or not gives_phone(contact, petition)):
        words = _("居民没有留联系电话，没法问到本人，只能由居民凭查询码自己说。")
        return "only_resident", words
    if verb in ENDING_WORDS and _owes_answer_or_decision(scope, petition):
        words = _("本组织没有答复升级或裁定退单，居民的意见请上一级问过居民后记录。")
        return "owes_answer", words
    is_kept = contact is not None and contact.is_confidential
    if is_kept and not confidential_contacts.may_open(scope, petition):
        return "cannot_ask", _who_asks_instead(petition)
    return None


def refusal_by_code(verb: Verb, petition: Petition) -> tuple[str, str] | None:
    """Return code and reason why the tracking code does not say a word yet; None if it does.

    Staff who logged the case may know code and number. The code withdraws nothing while they owe an
    answer or a decision, which a withdrawal would end. At most two queries.
    """
    filer = involvement.filer(petition)
    if verb == Verb.WITHDRAW and filer and _owes_answer_or_decision(filer.post_history, petition):
        return "code_known", str(ANSWER_FIRST)
    return None


def _owes_answer_or_decision(scope: Scope, petition: Petition) -> bool:
    """Tell whether a user must answer an escalation or decide on a return, or should have.

    Asked of the organisations to which the user has belonged since the report.
    """
    since = petition.created_at
    if case_workers.have_not_answered(scope, petition):
        return True
    return petition.status == Status.RETURNED and any(
        rule.relation == Relation.ARBITER
        for post in scope.posts_since(timezone.localdate(since))
        for rule in involvement.relations_of(post.organisation_id, petition)
    )


def _who_asks_instead(petition: Petition) -> str:
    """Say who asks a resident whose contact is confidential instead, if anybody can."""
    organisation = confidential_contacts.authorised_organisation(petition)
    if organisation is None:
        return _("居民要求对承办组织保密，谁也不能打开联系方式，只能由居民凭查询码自己说。")
    words = _("居民要求对承办组织保密，请由%(keeper)s问过居民后记录。")
    return words % {"keeper": organisation.short_name}
