"""What a resident has filled in so far, kept in the session until it is sent.

The contact is sealed even here, so that no table holds it readable; photos lie cleaned on disk.
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

NAME = "report"


@dataclass(slots=True)
class Draft:
    """One report being written; `key` makes sending it happen once."""

    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    channel: str = Channel.WEB
    place_id: int | None = None
    category_id: int | None = None
    about_id: int | None = None
    typed: str = ""
    text: str = ""
    since: str = ""
    photos: list[StoredPhoto] = field(default_factory=list)
    sealed: str = ""
    key_id: str = ""
    is_confidential: bool = False
    has_reach: bool = False
    was_checked: bool = False

    @property
    def reach(self) -> ContactDetails:
        """The contact, opened for the one who is writing it."""
        if not self.sealed:
            return ContactDetails(is_confidential=self.is_confidential)
        found = contacts.decrypt(uuid.UUID(self.key), base64.b64decode(self.sealed), self.key_id)
        return dataclasses.replace(found, is_confidential=self.is_confidential)

    def keep_reach(self, reach: ContactDetails) -> None:
        """Seal a contact into the draft; an unchanged one is left as it was sealed."""
        self.has_reach = True
        if reach == self.reach:
            return
        self.is_confidential = reach.is_confidential
        self.sealed = self.key_id = ""
        if reach:
            cipher, self.key_id = contacts.encrypt(uuid.UUID(self.key), reach)
            self.sealed = base64.b64encode(cipher).decode()

    @property
    def free_photos(self) -> int:
        """How many photos may still be added."""
        return max(0, MAX_PHOTOS - len(self.photos))

    def add_photo(self, photo: StoredPhoto) -> None:
        """Add a photo; one that is sent again, after a lost answer, is in the draft already."""
        if all(one.sha256 != photo.sha256 for one in self.photos):
            self.photos.append(photo)

    def photo(self, token: str) -> StoredPhoto | None:
        """Return one of the draft's own photos by its random name."""
        return next((one for one in self.photos if token_of(one) == token), None)

    def drop_photo(self, token: str) -> None:
        """Take a photo out of the draft; its file may belong to a sent report, so it stays."""
        self.photos = [one for one in self.photos if token_of(one) != token]

    @property
    def missing(self) -> str:
        """The first page still to be filled in, as the name of its address; empty when complete."""
        if self.place_id is None:
            return "report_place"
        if self.category_id is None:
            return "report_what"
        if not self.text:
            return "report_tell"
        return "" if self.has_reach else "report_reach"

    @property
    def fingerprint(self) -> str:
        """A hash of everything that would be sent; the contact counts in its sealed form."""
        content = dataclasses.asdict(self)
        for unsent in ("key", "typed", "has_reach", "was_checked"):
            del content[unsent]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def load(session: SessionBase) -> Draft:
    """Return the report being written in this browser, or an empty one."""
    kept: dict[str, Any] | None = session.get(NAME)
    if not kept:
        return Draft()
    draft = Draft(**kept | {"photos": [StoredPhoto(**one) for one in kept["photos"]]})
    if draft.key_id and draft.key_id not in settings.CONTACT_KEYS:
        draft.sealed, draft.key_id, draft.has_reach = "", "", False  # its key is gone: ask again
    return draft


def save(session: SessionBase, draft: Draft) -> None:
    """Keep the report for the next page."""
    session[NAME] = dataclasses.asdict(draft)


def discard(session: SessionBase) -> None:
    """Forget the report: it was sent, or taken back."""
    session.pop(NAME, None)


def token_of(photo: StoredPhoto) -> str:
    """Return the random part of a stored photo's name, for its address in this session."""
    return photo.name.rsplit("/", 1)[-1].removesuffix(".jpg")
