"""Keyset pagination of the REST API, by the same function as the pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import Cursor
from rest_framework.pagination import CursorPagination as BaseCursorPagination
from rest_framework.request import Request

from config.lib.db import keyset_pagination
from config.lib.db.keyset_pagination import OLDEST, Order, Page, PageCursor

_INTEGER = re.compile(r"[0-9]{1,18}")


class CursorPagination(BaseCursorPagination):
    """Pages by id; `limit` sets the page size, up to 100.

    The framework provides the shape of the answer, its schema and the encoding of cursors.
    An invalid cursor or limit is answered with 400.
    """

    order: Order = OLDEST
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 100

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any]:
        """Return the rows of the requested page."""
        del view  # part of the framework's signature
        assert isinstance(queryset, QuerySet)
        self.base_url = request.build_absolute_uri()
        cursor, size = self._page_cursor(request), self.get_page_size(request)
        self._page: Page[Any] = keyset_pagination.page(
            queryset, self.order, cursor=cursor, size=size
        )
        return self._page.rows

    def get_next_link(self) -> str | None:
        """Return the URL of the next page."""
        return self._link(self._page.after, is_backwards=False)

    def get_previous_link(self) -> str | None:
        """Return the URL of the previous page."""
        return self._link(self._page.before, is_backwards=True)

    def get_page_size(self, request: Request) -> int:
        """Return the requested number of rows."""
        value = request.query_params.get("limit")
        if value is None:
            return self.page_size
        size = int(value) if _INTEGER.fullmatch(value) else 0
        if not 1 <= size <= self.max_page_size:
            message = _("请填1到%(most)d之间的整数。") % {"most": self.max_page_size}
            raise exceptions.ValidationError({"limit": [message]})
        return size

    def _page_cursor(self, request: Request) -> PageCursor | None:
        """Return the cursor of the request; raise ValidationError when it is invalid.

        Without a position (`?cursor=`) it is that of the first page, as in the framework.
        """
        try:
            cursor = self.decode_cursor(request)
        except exceptions.NotFound as error:
            raise _invalid_cursor() from error
        if cursor is None or cursor.position is None:
            return None
        if not _INTEGER.fullmatch(str(cursor.position)):
            raise _invalid_cursor()
        return PageCursor(None, int(str(cursor.position)), bool(cursor.reverse))

    def _link(self, position: str, *, is_backwards: bool) -> str | None:
        if not position:
            return None
        return self.encode_cursor(Cursor(offset=0, reverse=is_backwards, position=int(position)))


def _invalid_cursor() -> exceptions.ValidationError:
    return exceptions.ValidationError({"cursor": [_("这个游标无效。")]})
