"""What every door for programs shares: paging by cursor, so that cost never grows with history."""

from rest_framework.pagination import CursorPagination as BaseCursorPagination


class CursorPagination(BaseCursorPagination):
    """Pages by key, in the order of the ids; `limit` up to 200."""

    ordering = "id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
