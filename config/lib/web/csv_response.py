"""CSV files that spreadsheet programs open safely: no cell can become a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads Chinese as another encoding
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Characters that spreadsheet programs or readers take for one of the above, or do not show.
_WIDE_STARTS = ("＝", "＋", "－", "＠")


class _Echo:
    """A file for the CSV writer that returns each line instead of storing it."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line


def inert(value: object) -> object:
    """Return a cell that no spreadsheet program takes for a formula; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    start = value.lstrip()[:1]
    if value.startswith(FORMULA_STARTS) or start in FORMULA_STARTS or start in _WIDE_STARTS:
        return f"'{value}"
    return value


def csv_response(name: str, rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """Return a download of rows, written while they are read; nothing stores it."""
    return StreamingHttpResponse(
        _text(rows),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


def _text(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK
    for row in rows:
        yield writer.writerow([inert(cell) for cell in row])
