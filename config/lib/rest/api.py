"""What every door for programs shares: who comes in, how bodies are read, paging, and pace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import Cursor
from rest_framework.pagination import CursorPagination as BaseCursorPagination
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request

MEGABYTE = 1024 * 1024
LARGEST_JSON = 1 * MEGABYTE
_NUMBER = re.compile(r"[0-9]{1,18}")


class TooLarge(exceptions.APIException):
    """What was sent is larger than is read here (413)."""

    status_code = 413
    default_detail = ""
    default_code = "too_large"


class StrictJSONParser(JSONParser):
    """Reads JSON in UTF-8 only (RFC 8259), of bounded size; whatever it cannot read is a 400."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what was sent."""
        context = {**(parser_context or {}), "encoding": "utf-8"}
        _refuse_over(LARGEST_JSON, context)
        try:
            return super().parse(stream, media_type, context)
        except RecursionError as error:
            raise exceptions.ParseError(_("嵌套太深。")) from error


class StrictMultiPartParser(MultiPartParser):
    """Reads a form with files, of bounded size."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return fields and files."""
        _refuse_over(settings.LARGEST_BODY, parser_context or {})
        return super().parse(stream, media_type, parser_context)


def _refuse_over(limit: int, context: Mapping[str, Any]) -> None:
    """Refuse by the length that was announced; a server reads no further than that."""
    length = str(context["request"].META.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > limit:
        raise TooLarge


class CursorPagination(BaseCursorPagination):
    """Pages by key, in the order of the ids, so that cost never grows with history.

    `limit` up to 100. A cursor or limit that cannot be read is refused, never guessed.
    """

    ordering: str | tuple[str, ...] = "id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 100

    def get_page_size(self, request: Request) -> int | None:
        """Return the number of rows asked for."""
        given = request.query_params.get("limit")
        if given is None:
            return self.page_size
        size = int(given) if _NUMBER.fullmatch(given) else 0
        if not 1 <= size <= self.max_page_size:
            words = _("请填1到%(most)d之间的整数。") % {"most": self.max_page_size}
            raise exceptions.ValidationError({"limit": [words]})
        return size

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the place a cursor names."""
        try:
            found = super().decode_cursor(request)
        except exceptions.NotFound as error:
            raise _bad_cursor() from error
        if found and found.position is not None and not _NUMBER.fullmatch(str(found.position)):
            raise _bad_cursor()
        return found


def _bad_cursor() -> exceptions.ValidationError:
    return exceptions.ValidationError({"cursor": [_("这个游标无效。")]})
