"""Photos in a form: chosen files are cleaned and stored at once, and survive a second look.

A browser never sends a chosen file twice by itself. What was stored comes back as a signed token
bound to the case and the person, so that a preview, an error or a stale page loses no photo.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from petitions.rules import photos
from petitions.rules.photos import MAX_PHOTOS, PhotoRefused, StoredPhoto

KEPT = "kept"
KEPT_SECONDS = 24 * 60 * 60


class PhotosInput(forms.FileInput):
    """A file input for several photos; the page's script shows them before they are sent."""

    allow_multiple_selected = True

    def __init__(self) -> None:
        accepted = "image/jpeg,image/png,image/webp"
        super().__init__(attrs={"accept": accepted, "multiple": True, "data-photos": MAX_PHOTOS})

    def value_from_datadict(
        self, _data: Any, files: MultiValueDict[str, UploadedFile[bytes]], name: str
    ) -> list[UploadedFile[bytes]]:
        """Return every file that was chosen."""
        return files.getlist(name) if hasattr(files, "getlist") else []


class PhotosField(forms.Field):
    """Any number of files up to the limit; whether each is a photo is seen when it is stored."""

    widget = PhotosInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("照片"))
        kwargs.setdefault("help_text", gettext_lazy("最多 6 张，JPG、PNG 或 WebP。"))
        super().__init__(required=False, **kwargs)

    def clean(self, value: Any) -> list[UploadedFile[bytes]]:
        """Return the files; more than the limit is refused before any is opened."""
        files: list[UploadedFile[bytes]] = list(value or [])
        if len(files) > MAX_PHOTOS:
            raise forms.ValidationError(_("最多 6 张照片。"))
        return files


@dataclasses.dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A stored photo on its way through the form: its token, and its picture to look at."""

    token: str
    picture: str


class PhotoFormMixin(forms.Form):
    """A form with photos. `photo_bond` names the case and the person the tokens are bound to."""

    photos = PhotosField()
    photo_bond = ""

    def clean_photos(self) -> list[StoredPhoto]:
        """Store new photos behind those kept from before; one bad file loses no other."""
        found, refused = self._kept_before(), ""
        for file in self.cleaned_data["photos"][: max(0, MAX_PHOTOS - len(found))]:
            try:
                found.append(photos.store(file))
            except PhotoRefused as error:
                refused = str(error)
        self._stored = found
        if refused:
            raise forms.ValidationError(refused)
        return found

    @property
    def kept(self) -> list[KeptPhoto]:
        """The photos that are safe on the server, to be sent again with the form."""
        stored: Sequence[StoredPhoto] = getattr(self, "_stored", ())
        return [KeptPhoto(self._token(one), _picture(one)) for one in stored]

    def _token(self, photo: StoredPhoto) -> str:
        return signing.dumps(dataclasses.astuple(photo), salt=f"photo:{self.photo_bond}")

    def _kept_before(self) -> list[StoredPhoto]:
        """Return the photos whose tokens came back; foreign and old tokens are dropped."""
        tokens = self.data.getlist(KEPT) if hasattr(self.data, "getlist") else []
        found = []
        for token in tokens[:MAX_PHOTOS]:
            try:
                parts = signing.loads(token, salt=f"photo:{self.photo_bond}", max_age=KEPT_SECONDS)
            except signing.BadSignature:
                continue
            found.append(StoredPhoto(*parts))
        return found


def _picture(photo: StoredPhoto) -> str:
    """Return the thumbnail as part of the page: no row names the photo yet, so no address does."""
    body = base64.b64encode(photos.thumb_of(photo.name).read_bytes()).decode()
    return f"data:image/jpeg;base64,{body}"
