"""Lines of the security log about cases: refused verbs, opened contacts, pages for printing.

The verbs themselves are the events of the case. A line names the case by its number and holds
neither the contact nor a word that somebody typed.
"""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext_noop
from django_stubs_ext import StrOrPromise

from config.lib.audit import refusals
from config.lib.audit.refusals import LoggedObject, RefusedAttempt
from members.accounts import audit_log
from members.accounts.audit_log import LogActor
from members.enums import SecurityAction
from members.models import User
from petitions.enums import Actor, Verb
from petitions.models import Petition


def of_case(petition: Petition) -> LoggedObject:
    """Return a case as the object of a line."""
    return LoggedObject(gettext_noop("诉求"), petition.pk, petition.number)


def note_refused_verb(verb: Verb, petition: Petition, message: str) -> None:
    """Note that a rule refused a verb; the line is written at the end of the request."""
    attempt = RefusedAttempt(message, attempt=_stored(verb.label), about=of_case(petition))
    refusals.note(attempt)


def log_reveal(petition: Petition, user: User, actor: Actor, organisation_id: int | None) -> None:
    """Write who opened the contact of which case, in the transaction of the event.

    The reason is the public note of the event: the resident reads it, and it can be redacted.
    """
    names = {post.organisation_id: post.organisation_name for post in user.scope.posts}
    audit_log.write(
        SecurityAction.CONTACT_REVEALED,
        user=user,
        actor=LogActor(_stored(actor.label), names.get(organisation_id, "")),
        about=of_case(petition),
        message=gettext_noop("理由写在这条诉求的经过里，居民看得到。"),
        version=petition.version,
    )


def log_corrected_contact(petition: Petition, *, is_deleted: bool) -> None:
    """Write that the resident corrected or deleted the contact, in the same transaction."""
    deleted, changed = gettext_noop("居民删掉了联系方式。"), gettext_noop("居民改了联系方式。")
    audit_log.write(
        SecurityAction.CONTACT_CORRECTED,
        user=None,
        actor=LogActor(_stored(Actor.PETITIONER.label)),
        about=of_case(petition),
        message=deleted if is_deleted else changed,
    )


def log_print_page(petition: Petition, user: User, paper: str) -> None:
    """Write who opened which print page of a case; `paper` is a text of the catalogue.

    Whether the browser then printed it is not known.
    """
    audit_log.write(SecurityAction.PRINTED, user=user, about=of_case(petition), message=paper)


def log_slip(petition: Petition, user: User, *, has_code: bool) -> None:
    """Write to whom the slip of a case was shown, and whether its tracking code was on it."""
    paper = gettext_noop("带查询码的小票") if has_code else gettext_noop("不带查询码的小票")
    audit_log.write(SecurityAction.SLIP_SHOWN, user=user, about=of_case(petition), message=paper)


def _stored(label: StrOrPromise) -> str:
    """Return a label as it is stored: in the language of the record."""
    with translation.override(audit_log.RECORD_LANGUAGE):
        return str(label)
