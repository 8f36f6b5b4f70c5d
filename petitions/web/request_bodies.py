"""Parts of API request bodies that reports and verbs share: photos, and unknown references."""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from config.lib.rest.strict_serializers import StrictSerializer
from petitions.rules import photos
from petitions.rules.photos import MAX_PHOTOS, PhotoRefused, StoredPhoto


def not_found(field: str) -> ValidationError:
    """Return the error for a reference to a row that does not exist or that the caller may not see.

    Both cases get the same answer, so that a caller cannot probe for rows.
    """
    return ValidationError({field: [ErrorDetail(_("没有找到。"), "does_not_exist")]})


class PhotosBody(StrictSerializer):
    """Files sent with a form; each must be a photo (JPEG, PNG, WebP; 20 MiB, 25 megapixels)."""

    photos = serializers.ListField(
        child=serializers.FileField(), min_length=1, max_length=MAX_PHOTOS
    )

    def store(self) -> list[StoredPhoto]:
        """Clean and store the photos; raise a `ValidationError` with the index of a bad file."""
        stored = []
        for index, file in enumerate(self.validated_data.get("photos", ())):
            try:
                stored.append(photos.store(file))
            except PhotoRefused as error:
                raise ValidationError({f"photos.{index}": [str(error)]}) from error
        return stored
