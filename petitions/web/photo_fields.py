"""Photo fields of forms: files are cleaned and stored at once and survive an invalid form.

A browser does not send a chosen file again when a form comes back with errors. The stored photo is
therefore sent back as a signed token, bound to the case and the user.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from petitions.rules import photos
from petitions.rules.photos import MAX_PHOTOS, PhotoRefused, StoredPhoto

INPUT_NAME = "kept"
TOKEN_SECONDS = 24 * 60 * 60


class PhotosInput(forms.FileInput):
    """A file input for several photos; a script shows a preview of them."""

    allow_multiple_selected = True

    def __init__(self) -> None:
        accepted = "image/jpeg,image/png,image/webp"
        super().__init__(attrs={"accept": accepted, "multiple": True, "data-photos": MAX_PHOTOS})

    def value_from_datadict(
        self, _data: Any, files: MultiValueDict[str, UploadedFile[bytes]], name: str
    ) -> list[UploadedFile[bytes]]:
        """Return all chosen files."""
        return files.getlist(name) if hasattr(files, "getlist") else []


class PhotosField(forms.Field):
    """Up to six files; whether each is a photo is checked when it is stored."""

    widget = PhotosInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("照片"))
        kwargs.setdefault("help_text", gettext_lazy("最多 6 张，JPG、PNG 或 WebP。"))
        super().__init__(required=False, **kwargs)

    def clean(self, value: Any) -> list[UploadedFile[bytes]]:
        """Return the files; too many are refused before any is opened."""
        files: list[UploadedFile[bytes]] = list(value or [])
        if len(files) > MAX_PHOTOS:
            raise forms.ValidationError(_("最多 6 张照片。"))
        return files


@dataclasses.dataclass(frozen=True, slots=True)
class PhotoToken:
    """A stored photo in a form that came back: its signed token, and its thumbnail as data URL."""

    token: str
    thumbnail: str


class PhotoFormMixin(forms.Form):
    """A form with photos; `photo_bond` names the case and the user that tokens are bound to."""

    photos = PhotosField()
    photo_bond = ""
    _stored: Sequence[StoredPhoto] = ()

    def clean_photos(self) -> list[StoredPhoto]:
        """Store the new photos after those already stored; a refused file affects no other."""
        stored, refusal = self._photos_of_tokens(), ""
        for file in self.cleaned_data["photos"][: max(0, MAX_PHOTOS - len(stored))]:
            try:
                stored.append(photos.store(file))
            except PhotoRefused as error:
                refusal = str(error)
        self._stored = stored
        if refusal:
            raise forms.ValidationError(refusal)
        return stored

    @property
    def photo_tokens(self) -> list[PhotoToken]:
        """The photos that are already stored, to be sent again with the form."""
        return [PhotoToken(self._token(photo), _thumbnail(photo)) for photo in self._stored]

    def drop_photos(self, names: Collection[str]) -> None:
        """Do not send these photos again: a case has them already."""
        self._stored = [photo for photo in self._stored if photo.name not in names]

    def _token(self, photo: StoredPhoto) -> str:
        return signing.dumps(dataclasses.astuple(photo), salt=f"photo:{self.photo_bond}")

    def _photos_of_tokens(self) -> list[StoredPhoto]:
        """Return the photos of the tokens sent; invalid and expired tokens are ignored."""
        tokens = self.data.getlist(INPUT_NAME) if hasattr(self.data, "getlist") else []
        stored = []
        for token in tokens[:MAX_PHOTOS]:
            try:
                parts = signing.loads(token, salt=f"photo:{self.photo_bond}", max_age=TOKEN_SECONDS)
            except signing.BadSignature:
                continue
            stored.append(StoredPhoto(*parts))
        return stored


def _thumbnail(photo: StoredPhoto) -> str:
    """Return the thumbnail as data URL: a photo without a database row has no URL yet."""
    body = base64.b64encode(photos.thumb_of(photo.name).read_bytes()).decode()
    return f"data:image/jpeg;base64,{body}"
