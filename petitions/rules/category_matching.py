"""Suggest categories from free text."""

from __future__ import annotations

import re

from petitions.models import Category
from petitions.rules import catalogue

MAX_MATCHES = 6
ENGLISH_WORD = re.compile(r"[a-z]{4,}")
NAME_PARTS = re.compile(r"[/()（）与\s]+")


def suggest(typed: str) -> list[Category]:
    """Return at most six categories that match a resident's sentence, the best first.

    A category matches if the text contains one of its keywords, or a word of its English name;
    the score is the total length of these words. A text that matches none is searched as a name
    or as pinyin initials.
    """
    whole = "".join(typed.lower().split())
    if not whole:
        return []
    english = _english(typed)
    scored = [
        (_score(row, whole, english), -place, row)
        for place, row in enumerate(catalogue.reportable_categories())
    ]
    matches = [entry for entry in scored if entry[0]]
    matches.sort(key=lambda entry: entry[:2], reverse=True)
    categories = [row for _score, _place, row in matches] or catalogue.search(typed)
    return categories[:MAX_MATCHES]


def _score(row: Category, whole: str, english: set[str]) -> int:
    keywords = {*row.keywords.lower().split(), *NAME_PARTS.split(row.name.lower())}
    matches = {word for word in keywords if word and word in whole}
    return sum(len(word) for word in matches | (_english(row.name_en) & english))


def _english(text: str) -> set[str]:
    """Return the English words of at least four letters, without a plural s."""
    return {word.rstrip("s") for word in ENGLISH_WORD.findall(text.lower())}
