"""Request parsers of the REST API, with size limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.parsers import BaseParser, JSONParser, MultiPartParser

MAX_JSON_BYTES = 1024 * 1024


class TooLarge(exceptions.APIException):
    """The request body is larger than the parser accepts (413)."""

    status_code = 413
    default_detail = ""
    default_code = "too_large"


class LimitedParser(BaseParser):
    """A parser that raises TooLarge for bodies of more than `max_bytes()`."""

    def max_bytes(self) -> int:
        """Return the size limit of the body."""
        raise NotImplementedError

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Check the Content-Length, beyond which the web server does not read; then parse."""
        context = {**(parser_context or {}), "encoding": "utf-8"}
        length = str(context["request"].META.get("CONTENT_LENGTH") or "0")
        if not length.isdecimal() or int(length) > self.max_bytes():
            raise TooLarge
        try:
            return super().parse(stream, media_type, context)
        except RecursionError as error:
            raise exceptions.ParseError(_("嵌套太深。")) from error


class StrictJSONParser(LimitedParser, JSONParser):
    """Parses JSON in UTF-8 (RFC 8259) up to `MAX_JSON_BYTES`; other input is answered with 400."""

    def max_bytes(self) -> int:
        """Return the size limit of the body."""
        return MAX_JSON_BYTES


class StrictMultiPartParser(LimitedParser, MultiPartParser):
    """Parses a form with files up to `settings.LARGEST_BODY` bytes."""

    def max_bytes(self) -> int:
        """Return the size limit of the body."""
        return int(settings.LARGEST_BODY)
