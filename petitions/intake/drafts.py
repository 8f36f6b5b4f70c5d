"""The report that a resident is writing, stored in the session until it is submitted.

The contact details are encrypted here too, so that no table holds them in plain text. Photos are
already cleaned and stored on disk; the draft holds their names.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from petitions.enums import Channel
from petitions.rules import contacts
from petitions.rules.contacts import ContactDetails
from petitions.rules.photos import MAX_PHOTOS, StoredPhoto

SESSION_KEY = "report"


@dataclass(slots=True)
class Draft:
    """A report being written; `key` is the idempotency key with which it is submitted.

    `place_detail` is what was typed behind the building, `search_text` instead of a category.
    """

    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    channel: str = Channel.WEB
    place_id: int | None = None
    category_id: int | None = None
    about_id: int | None = None
    place_detail: str = ""
    search_text: str = ""
    text: str = ""
    since: str = ""
    photos: list[StoredPhoto] = field(default_factory=list)
    encrypted_contact: str = ""
    key_id: str = ""
    is_confidential: bool = False
    has_contact_answer: bool = False
    was_checked: bool = False

    @property
    def contact(self) -> ContactDetails:
        """The decrypted contact details."""
        if not self.encrypted_contact:
            return ContactDetails(is_confidential=self.is_confidential)
        cipher = base64.b64decode(self.encrypted_contact)
        details = contacts.decrypt(uuid.UUID(self.key), cipher, self.key_id)
        return dataclasses.replace(details, is_confidential=self.is_confidential)

    def set_contact(self, details: ContactDetails) -> None:
        """Encrypt contact details into the draft; unchanged ones keep their ciphertext.

        The ciphertext is part of `fingerprint`, so encrypting the same details again would make
        the draft look changed.
        """
        self.has_contact_answer = True
        if details == self.contact:
            return
        self.is_confidential = details.is_confidential
        self.clear_encrypted_contact()
        if details:
            cipher, self.key_id = contacts.encrypt(uuid.UUID(self.key), details)
            self.encrypted_contact = base64.b64encode(cipher).decode()

    def clear_encrypted_contact(self) -> None:
        """Remove the encrypted contact details."""
        self.encrypted_contact = self.key_id = ""

    @property
    def free_photos(self) -> int:
        """How many photos may still be added."""
        return max(0, MAX_PHOTOS - len(self.photos))

    def add_photo(self, photo: StoredPhoto) -> None:
        """Add a photo unless the draft has it: a browser sends it again after a lost answer."""
        if all(stored.sha256 != photo.sha256 for stored in self.photos):
            self.photos.append(photo)

    def photo(self, token: str) -> StoredPhoto | None:
        """Return the photo of this draft with this token."""
        return next((photo for photo in self.photos if photo_token(photo) == token), None)

    def remove_photo(self, token: str) -> None:
        """Remove a photo from the draft; the file stays, a submitted report may use it."""
        self.photos = [photo for photo in self.photos if photo_token(photo) != token]

    @property
    def first_missing_page(self) -> str:
        """The URL name of the first page that is still to be filled in; empty when complete."""
        if self.place_id is None:
            return "report_place"
        if self.category_id is None:
            return "report_what"
        if not self.text:
            return "report_tell"
        return "" if self.has_contact_answer else "report_reach"

    @property
    def first_text(self) -> str:
        """What was typed while choosing place and category; the report's text begins with it."""
        return "，".join(filter(None, (self.place_detail, self.search_text)))

    @property
    def all_words(self) -> tuple[str, ...]:
        """Everything that the resident has typed about the matter on the pages so far."""
        return (self.first_text, self.text, self.since)

    @property
    def fingerprint(self) -> str:
        """A hash of everything that is submitted; the contact details count as ciphertext."""
        content = dataclasses.asdict(self)
        for name in ("key", "place_detail", "search_text", "has_contact_answer", "was_checked"):
            del content[name]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


FIELDS = frozenset(item.name for item in dataclasses.fields(Draft))


def load(session: SessionBase) -> Draft:
    """Return the draft of this session, or an empty one; contact details stay encrypted.

    Values under names unknown to this release are left out, and so are contact details whose
    encryption key was removed; the wizard then asks for them again.
    """
    stored: dict[str, Any] | None = session.get(SESSION_KEY)
    if not stored:
        return Draft()
    values = {name: value for name, value in stored.items() if name in FIELDS}
    draft = Draft(**values | {"photos": [StoredPhoto(**photo) for photo in stored["photos"]]})
    if draft.key_id and draft.key_id not in settings.CONTACT_KEYS:
        draft.clear_encrypted_contact()
        draft.has_contact_answer = False
    return draft


def save(session: SessionBase, draft: Draft) -> None:
    """Store the draft in the session."""
    session[SESSION_KEY] = dataclasses.asdict(draft)


def discard(session: SessionBase) -> None:
    """Remove the draft from the session."""
    session.pop(SESSION_KEY, None)


def photo_token(photo: StoredPhoto) -> str:
    """Return the random part of a stored photo's name; it identifies the photo in URLs."""
    return photo.name.rsplit("/", 1)[-1].removesuffix(".jpg")
