"""Rule on SQL: a statement about cases holds the scope of the viewer who asked for it.

A statement that asks for words or numbers without the scope takes longer when a hidden case has
them, and so tells that it exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

CASE_TABLES = ("petition", "event", "note", "photo", "deadline", "escalation", "feedback", "metoo")
_ABOUT_CASES = re.compile(rf'(?:FROM|JOIN|UPDATE) "petitions_(?:{"|".join(CASE_TABLES)})"')
_BY_IDS = re.compile(r'"(?:petition_id|id)" IN \(([\d, ]+)\)')
_SEALED = re.compile(
    r'NOT \(?"?\w+"?\."is_sealed"|"is_sealed" = (?:false|FALSE)|NOT "?\w+"?\."is_sealed"'
)


def has_scope(sql: str, path: str) -> bool:
    """Tell whether a statement holds the condition of a viewer whose only area has this path."""
    return f"LIKE '{path}%'" in sql and bool(_SEALED.search(sql))


def is_about_cases(sql: str) -> bool:
    """Tell whether a statement reads or writes cases or rows that belong to them."""
    return bool(_ABOUT_CASES.search(sql))


def statements_without_scope(
    statements: Iterable[str], path: str, visible_ids: Iterable[int]
) -> list[str]:
    """Return the statements about cases that neither hold the scope nor ask for visible ids only.

    Rows that belong to the cases of a page are read by the ids that a scoped statement returned.
    """
    visible = set(visible_ids)
    return [
        sql
        for sql in statements
        if is_about_cases(sql) and not has_scope(sql, path) and not _asks_only(sql, visible)
    ]


def _asks_only(sql: str, visible: set[int]) -> bool:
    lists = _BY_IDS.findall(sql)
    return bool(lists) and all(
        int(pk) in visible for ids in lists for pk in ids.replace(" ", "").split(",")
    )
