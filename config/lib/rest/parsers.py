"""Request parsers of the REST API, with size limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.parsers import JSONParser, MultiPartParser

MAX_JSON_BYTES = 1024 * 1024


class TooLarge(exceptions.APIException):
    """The request body is larger than the parser accepts (413)."""

    status_code = 413
    default_detail = ""
    default_code = "too_large"


class StrictJSONParser(JSONParser):
    """Parse JSON in UTF-8 (RFC 8259) up to `MAX_JSON_BYTES`; anything else is answered with 400."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed body."""
        context = {**(parser_context or {}), "encoding": "utf-8"}
        _check_length(MAX_JSON_BYTES, context)
        try:
            return super().parse(stream, media_type, context)
        except RecursionError as error:
            raise exceptions.ParseError(_("嵌套太深。")) from error


class StrictMultiPartParser(MultiPartParser):
    """Parse a form with files up to `settings.LARGEST_BODY` bytes."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return fields and files."""
        _check_length(settings.LARGEST_BODY, parser_context or {})
        return super().parse(stream, media_type, parser_context)


def _check_length(max_bytes: int, context: Mapping[str, Any]) -> None:
    """Raise TooLarge by the Content-Length; the web server reads no further than that."""
    length = str(context["request"].META.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > max_bytes:
        raise TooLarge
