"""How case text is made searchable: Han bigrams in a tsvector, so two characters suffice."""

from __future__ import annotations

import re

from django.contrib.postgres.search import SearchQuery
from django.db.models.expressions import RawSQL

HAN_RUN = re.compile(r"[㐀-鿿]+|[0-9a-zA-Z؀-ۿЀ-ӿ]+")
NUMBER = re.compile(r"^\s*(?:\d{4}-)?0*(\d{1,12})\s*$")
FULL_NUMBER = re.compile(r"^\s*\d{4}-\d{6,}\s*$")
MAX_WORDS = 200


def tokens(text: str) -> list[str]:
    """Split text into search tokens: every Han character and pair, every other word whole."""
    found: list[str] = []
    for run in HAN_RUN.findall(text.lower()):
        if "㐀" <= run[0] <= "鿿":
            found += list(run)
            found += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            found.append(run[:40])
    return found


def vector(*texts: str) -> RawSQL:
    """Return the expression to store for `texts`; order of words is not kept."""
    unique = sorted({token for text in texts for token in tokens(text)})
    # Written out: the framework's own expression takes long to be put together for each report.
    return RawSQL("to_tsvector('simple', %s)", [" ".join(unique[: MAX_WORDS * 20])])


def query(words: str) -> SearchQuery | None:
    """Return the query for typed words: all of them, a Han run by its pairs; None when empty."""
    wanted: list[str] = []
    for run in HAN_RUN.findall(words.lower()):
        if "㐀" <= run[0] <= "鿿" and len(run) > 1:
            wanted += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            wanted.append(run[:40])
    if not wanted:
        return None
    return SearchQuery(
        " & ".join(f"'{word}'" for word in wanted[:12]), search_type="raw", config="simple"
    )


def petition_id(words: str) -> int | None:
    """Return the serial of a typed case number (`2026-000123`, `000123`), else None."""
    if FULL_NUMBER.match(words):
        return int(words.strip().split("-")[1])
    found = NUMBER.match(words)
    return int(found[1]) if found and len(words.strip()) >= 6 else None
