"""Full-text search of cases: tsvector of Han characters and bigrams, so two characters suffice."""

from __future__ import annotations

import re

from django.contrib.postgres.search import SearchQuery
from django.db.models.expressions import RawSQL

HAN_RUN = re.compile(r"[㐀-鿿]+|[0-9a-zA-Z؀-ۿЀ-ӿ]+")
NUMBER = re.compile(r"^\s*(?:\d{4}-)?0*(\d{1,12})\s*$")
FULL_NUMBER = re.compile(r"^\s*\d{4}-\d{6,}\s*$")
MAX_WORDS = 200
MAX_QUERY_TERMS = 12


def tokenize(text: str) -> list[str]:
    """Split text into search tokens: each Han character and bigram, each other word whole."""
    tokens: list[str] = []
    for run in HAN_RUN.findall(text.lower()):
        if "㐀" <= run[0] <= "鿿":
            tokens += list(run)
            tokens += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            tokens.append(run[:40])
    return tokens


def vector(*texts: str) -> RawSQL:
    """Return the SQL expression of the tsvector of `texts`, without positions."""
    unique = sorted({token for text in texts for token in tokenize(text)})
    # Raw SQL: compiling SearchVector takes long, and each submitted report needs one.
    return RawSQL("to_tsvector('simple', %s)", [" ".join(unique[: MAX_WORDS * 20])])


def query(words: str) -> SearchQuery | None:
    """Return the query for the first 12 terms of the typed text; None without a term.

    A case must contain all of them. A run of Han characters gives one term per bigram.
    """
    terms: list[str] = []
    for run in HAN_RUN.findall(words.lower()):
        if "㐀" <= run[0] <= "鿿" and len(run) > 1:
            terms += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            terms.append(run[:40])
    if not terms:
        return None
    return SearchQuery(
        " & ".join(f"'{word}'" for word in terms[:MAX_QUERY_TERMS]),
        search_type="raw",
        config="simple",
    )


def petition_id(words: str) -> int | None:
    """Return the id in a typed case number (`2026-000123`, `000123`), None for other text."""
    if FULL_NUMBER.match(words):
        return int(words.strip().split("-")[1])
    match = NUMBER.match(words)
    return int(match[1]) if match and len(words.strip()) >= 6 else None
