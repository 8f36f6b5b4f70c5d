"""Suggest categories from free text, and list emergency numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from petitions.enums import Urgency
from petitions.models import Category
from petitions.rules import catalogue

MAX_MATCHES = 6
NATIONAL_NUMBERS = frozenset({"110", "119", "120", "122"})
NUMBER = re.compile(r"\d[\d-]*\d")
PARTS = re.compile(r"[；;，,、]")
BRACKETS = re.compile(r"[（(].*?[）)]")
ENGLISH_WORD = re.compile(r"[a-z]{4,}")
NAME_PARTS = re.compile(r"[/()（）与\s]+")


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """A telephone number for emergencies, and the service it belongs to."""

    number: str
    name: str


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


def is_emergency(category: Category) -> bool:
    """Tell whether the resident should call an emergency number before reporting."""
    return category.urgency == Urgency.EMERGENCY


def emergency_numbers(category: Category) -> list[EmergencyNumber]:
    """Return the emergency numbers of a category, without the four national ones.

    They are parsed from one field, for example `119；燃气抢修 0994-5550000（示例）`.
    """
    numbers = []
    for part in PARTS.split(category.emergency_phone):
        number = NUMBER.search(part)
        if number and number[0] not in NATIONAL_NUMBERS:
            name = BRACKETS.sub("", part.replace(number[0], "")).strip()
            numbers.append(EmergencyNumber(number[0], name))
    return numbers
