"""The petitioner's contact: reveal it with a reason, correct it, delete it, re-encrypt it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from petitions import case_log
from petitions.actors import By, Petitioner
from petitions.enums import Verb
from petitions.models import Contact, Petition
from petitions.refusals import is_code_known
from petitions.rules import contact_retention, contacts, tracking_codes
from petitions.rules.contacts import ContactDetails
from petitions.states import FINAL
from petitions.workflow.case_store import transition
from petitions.workflow.transitions import Transition, WrongState

CONTACT_BY_STAFF = gettext_lazy("这件事是代您登记的。要留电话、改电话或删掉电话，请到社区当面办。")
RETENTION_OVER = gettext_lazy(
    "这件事办完已经满180天，电话按规定要删除，不能再留。还有问题，请重新反映。"
)
REVEAL_LIMIT = "reveal_limit"  # code of the refusal above the daily limit


@dataclass(frozen=True, slots=True)
class ReencryptionResult:
    """What one batch re-encrypted; `last` is the row after which the next batch begins."""

    done: int
    unreadable: tuple[int, ...]
    last: int | None


def reveal(
    *, petition: Petition, by: By, now: dt.datetime, reason: str, accepts_notice: bool = False
) -> ContactDetails:
    """Reveal the contact; the resident sees by whom and why.

    Above the daily limit of a person (`REVEALS_PER_DAY`) the contact is revealed only if the person
    accepts that the supervisor gets a message (`petitions/notices/reveal_notices.py`).

    Raises WrongState, without an event, if this was not accepted (code `REVEAL_LIMIT`), or if the
    contact cannot be decrypted.
    """
    with transition(petition, Verb.REVEAL, by=by, now=now) as change:
        _check_limit(change, accepts_notice=accepts_notice)
        change.add_note(reason, is_public=True)
        contact = change.petition.contact
        try:
            return contacts.decrypt(change.petition.uuid, bytes(contact.cipher), contact.key_id)
        except contacts.DecryptionFailed as error:
            words = _("联系方式现在打不开，请告诉系统管理员。")
            raise WrongState("unreadable", words) from error


def _check_limit(change: Transition, *, accepts_notice: bool) -> None:
    """Record the number of this reveal among the person's of today if it is above the limit."""
    if change.user is None:
        return
    midnight = timezone.localtime(change.now).replace(hour=0, minute=0, second=0, microsecond=0)
    number = change.store.reveals_since(change.user.pk, midnight) + 1
    if number <= settings.REVEALS_PER_DAY:
        return
    if not accepts_notice:
        words = _("您今天已经查看了 %(count)d 次居民联系方式。再查看，系统会通知您的上级。")
        words %= {"count": number - 1}
        case_log.note_refused_verb(Verb.REVEAL, change.petition, words)
        raise WrongState(REVEAL_LIMIT, words)
    change.data["reveal_number"] = number


def store_contact(petition: Petition, details: ContactDetails) -> None:
    """Encrypt and store a contact, replacing an older one; do nothing if it is empty."""
    if not details:
        return
    Contact.objects.bulk_create(
        [encrypted(petition, details)],
        update_conflicts=True,
        unique_fields=["petition"],
        update_fields=["cipher", "key_id", "last4_hash", "is_confidential", "is_folded"],
    )


def encrypted(petition: Petition, details: ContactDetails) -> Contact:
    """Return the unsaved row of a contact, encrypted for its case."""
    cipher, key_id = contacts.encrypt(petition.uuid, details)
    return Contact(
        petition=petition,
        cipher=cipher,
        key_id=key_id,
        last4_hash=tracking_codes.last4_hash(petition.uuid, details.last4),
        is_confidential=details.is_confidential,
    )


def delete_expired(*, now: dt.datetime) -> int:
    """Delete the contacts of cases that ended 180 days ago; the cases stay. Return their number."""
    recent = contact_retention.recent_ends(now).filter(petition=OuterRef("petition"))
    ended = Contact.objects.filter(petition__status__in=FINAL).exclude(Exists(recent))
    deleted, _by_model = ended.delete()
    return deleted


def correct_contact(
    *, petition: Petition, by: Petitioner, now: dt.datetime, contact: ContactDetails
) -> None:
    """Replace the contact at the petitioner's request, or delete it if empty (PIPL 46, 47).

    The security log gets a line without the contact. Raises WrongState where the staff who logged
    the case could do it: they would replace the resident. Also where a new contact would be deleted
    at once, because the case ended 180 days ago.
    """
    if is_code_known(petition, by):
        raise WrongState("code_known", str(CONTACT_BY_STAFF))
    if contact and contact_retention.is_over(petition, now):
        raise WrongState("retention_over", str(RETENTION_OVER))
    with transaction.atomic():
        if contact:
            store_contact(petition, contact)
        else:
            Contact.objects.filter(petition=petition).delete()
        case_log.log_corrected_contact(petition, is_deleted=not contact)


def reencrypt(*, after: int, limit: int, only_unfolded: bool = False) -> ReencryptionResult:
    """Encrypt up to `limit` contacts after row `after` with the newest key, in one transaction.

    Telephones stored as they were typed are folded, and so is the hash of their last digits;
    `only_unfolded` leaves all other contacts alone. Locked contacts are left to the next round, so
    it blocks nobody and never overwrites what a resident corrects meanwhile. The case does not
    change, so there is no event.
    """
    with transaction.atomic():
        rows = list(
            Contact.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("petition")
            .filter(_outdated(only_unfolded=only_unfolded), pk__gt=after)
            .order_by("pk")[:limit]
        )
        updated = list(_reencrypted(rows))
        Contact.objects.bulk_update(updated, ["cipher", "key_id", "last4_hash", "is_folded"])
    done = {row.pk for row in updated}
    unreadable = tuple(row.pk for row in rows if row.pk not in done)
    return ReencryptionResult(len(done), unreadable, rows[-1].pk if rows else None)


def count_outdated() -> int:
    """Count the contacts with an old key, or a telephone stored as it was typed."""
    return Contact.objects.filter(_outdated(only_unfolded=False)).count()


def fold_stored(*, limit: int) -> int:
    """Fold the telephones stored by an earlier release, in batches; return how many rows."""
    done, after = 0, 0
    while True:
        result = reencrypt(after=after, limit=limit, only_unfolded=True)
        done += result.done
        if result.last is None:
            return done
        after = result.last


def _outdated(*, only_unfolded: bool) -> Q:
    unfolded = Q(is_folded=False)
    return unfolded if only_unfolded else unfolded | ~Q(key_id=contacts.newest_key_id())


def _details_to_encrypt(row: Contact) -> ContactDetails:
    """Return a contact as it was stored; only rows of earlier releases follow the column."""
    stored = (row.petition.uuid, bytes(row.cipher), row.key_id)
    is_confidential = contacts.encrypted_confidentiality(*stored)
    if is_confidential is None:
        is_confidential = row.is_confidential
    return replace(contacts.decrypt(*stored), is_confidential=is_confidential)


def _reencrypted(rows: Iterable[Contact]) -> Iterable[Contact]:
    """Yield the rows encrypted with the newest key; skip those that cannot be decrypted."""
    for row in rows:
        try:
            details = _details_to_encrypt(row)
        except contacts.DecryptionFailed:
            continue
        row.cipher, row.key_id = contacts.encrypt(row.petition.uuid, details)
        row.last4_hash = tracking_codes.last4_hash(row.petition.uuid, details.last4)
        row.is_folded = True
        yield row
