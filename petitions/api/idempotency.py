"""The header that makes a submission happen once, and the fingerprint of what came with it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

NAME = "Idempotency-Key"
_PATTERN = r"^[\x21-\x7e]{8,80}$"
HEADER = OpenApiParameter(
    NAME,
    {"type": "string", "minLength": 8, "maxLength": 80, "pattern": "^[!-~]{8,80}$"},
    OpenApiParameter.HEADER,
    required=True,
    description="Chosen by you for each new report, e.g. a UUID; a retry sends the same one.",
)


def name(request: Request) -> str:
    """Return the key of a submission; one without, or with an unfit one, is refused (400)."""
    given = request.headers.get(NAME, "")
    if not re.fullmatch(_PATTERN, given):
        raise ValidationError({NAME: [_("请在请求头中写明8到80个字符的提交编号。")]})
    return given


def fingerprint(data: Any, files: Iterable[UploadedFile[bytes]]) -> str:
    """Return a keyed hash of what was sent; the same content in another order is the same.

    Keyed, because telephone numbers could be guessed from a plain hash.
    """
    parts = [json.dumps(data, sort_keys=True, default=lambda _file: None)]
    parts += [_of_file(file) for file in files]
    mac = salted_hmac(
        "petitions.api.idempotency",
        "\n".join(parts),
        secret=settings.TRACKING_SECRET,
        algorithm="sha256",
    )
    return mac.hexdigest()


def _of_file(file: UploadedFile[bytes]) -> str:
    found = hashlib.sha256()
    for chunk in file.chunks():
        found.update(chunk)
    file.seek(0)
    return found.hexdigest()
