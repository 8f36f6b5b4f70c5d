"""Keyset pagination of the REST API."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import Cursor
from rest_framework.pagination import CursorPagination as BaseCursorPagination
from rest_framework.request import Request

_INTEGER = re.compile(r"[0-9]{1,18}")


class CursorPagination(BaseCursorPagination):
    """Pages by id, so that the cost of a page does not grow with history.

    `limit` sets the page size, up to 100. An invalid cursor or limit is answered with 400.
    """

    ordering: str | tuple[str, ...] = "id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 100

    def get_page_size(self, request: Request) -> int | None:
        """Return the requested number of rows."""
        value = request.query_params.get("limit")
        if value is None:
            return self.page_size
        size = int(value) if _INTEGER.fullmatch(value) else 0
        if not 1 <= size <= self.max_page_size:
            message = _("请填1到%(most)d之间的整数。") % {"most": self.max_page_size}
            raise exceptions.ValidationError({"limit": [message]})
        return size

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of the request; raise ValidationError when it is invalid."""
        try:
            cursor = super().decode_cursor(request)
        except exceptions.NotFound as error:
            raise _invalid_cursor() from error
        if cursor and cursor.position is not None and not _INTEGER.fullmatch(str(cursor.position)):
            raise _invalid_cursor()
        return cursor


def _invalid_cursor() -> exceptions.ValidationError:
    return exceptions.ValidationError({"cursor": [_("这个游标无效。")]})
