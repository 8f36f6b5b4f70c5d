"""The `Idempotency-Key` header, and the fingerprint of the request that came with it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from petitions.workflow.idempotency import IdempotencyRequest, keyed_hash

NAME = "Idempotency-Key"
_PATTERN = r"^[\x21-\x7e]{8,80}$"
HEADER = OpenApiParameter(
    NAME,
    {"type": "string", "minLength": 8, "maxLength": 80, "pattern": "^[!-~]{8,80}$"},
    OpenApiParameter.HEADER,
    required=True,
    description="Chosen by you for each new report, e.g. a UUID; a retry sends the same one.",
)
OPTIONAL_HEADER = OpenApiParameter(
    NAME,
    {"type": "string", "minLength": 8, "maxLength": 80, "pattern": "^[!-~]{8,80}$"},
    OpenApiParameter.HEADER,
    description="Chosen by you for each act, e.g. a UUID; a retry gets the same response,"
    " or only `id`, `number` and `version` if you may not see the case any more.",
)


def key_of(request: Request) -> str:
    """Return the key in the header; raise a ValidationError (400) for a missing or invalid key."""
    key = request.headers.get(NAME, "")
    if not re.fullmatch(_PATTERN, key):
        raise ValidationError({NAME: [_("请在请求头中写明8到80个字符的提交编号。")]})
    return key


def verb_request(request: Request, user_id: int) -> IdempotencyRequest | None:
    """Return the key and fingerprint of a verb's request; None without the header.

    The path is part of the fingerprint: the same body for another case or verb is another request.
    A report's fingerprint is of JSON and cannot begin like that of a verb.
    """
    if NAME not in request.headers:
        return None
    names = sorted(request.FILES)
    files = [file for field in names for file in request.FILES.getlist(field)]
    data = request.data
    if isinstance(data, QueryDict):
        data = {field: data.getlist(field) for field in data if field not in names}
    hashed = keyed_hash(f"verb {request.path}\n{_content(data, files)}")
    return IdempotencyRequest(f"user:{user_id}", key_of(request), hashed)


def fingerprint(data: Any, files: Iterable[UploadedFile[bytes]]) -> str:
    """Return a keyed hash of data and files, which does not depend on the order of the keys."""
    return keyed_hash(_content(data, files))


def _content(data: Any, files: Iterable[UploadedFile[bytes]]) -> str:
    parts = [json.dumps(data, sort_keys=True, default=lambda _file: None)]
    parts += [_file_digest(file) for file in files]
    return "\n".join(parts)


def _file_digest(file: UploadedFile[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
