"""What residents' own words point to among the categories, and whom to call at once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from petitions.enums import Urgency
from petitions.models import Category
from petitions.rules import catalogue

MOST_MATCHES = 6
NATIONAL = frozenset({"110", "119", "120", "122"})
NUMBER = re.compile(r"\d[\d-]*\d")
PARTS = re.compile(r"[；;，,、]")
BRACKETS = re.compile(r"[（(].*?[）)]")
ENGLISH_WORD = re.compile(r"[a-z]{4,}")
NAME_PARTS = re.compile(r"[/()（）与\s]+")


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """A telephone number to call at once, and whose it is."""

    number: str
    name: str


def suggest(typed: str) -> list[Category]:
    """Return the matters that a resident's sentence points to, best first, at most six.

    A matter counts when one of its keywords, or a word of its English name, stands in what was
    typed; longer ones weigh more.
    A sentence without any known keyword is looked up as a word or pinyin initials.
    """
    whole = "".join(typed.lower().split())
    if not whole:
        return []
    english = _english(typed)
    scored = [
        (_points(row, whole, english), -place, row)
        for place, row in enumerate(catalogue.reportable_categories())
    ]
    best = sorted((one for one in scored if one[0]), key=lambda one: one[:2], reverse=True)
    found = [row for _points_, _place, row in best] or catalogue.search(typed)
    return found[:MOST_MATCHES]


def _points(row: Category, whole: str, english: set[str]) -> int:
    said = {*row.keywords.lower().split(), *NAME_PARTS.split(row.name.lower())}
    found = {word for word in said if word and word in whole} | (_english(row.name_en) & english)
    return sum(len(word) for word in found)


def _english(text: str) -> set[str]:
    """Return the English words of a text that say something; one and many are the same."""
    return {word.rstrip("s") for word in ENGLISH_WORD.findall(text.lower())}


def is_emergency(category: Category) -> bool:
    """Tell whether the telephone comes before any form."""
    return category.urgency == Urgency.EMERGENCY


def emergency_numbers(category: Category) -> list[EmergencyNumber]:
    """Return the numbers to call at once for a category, besides the four national ones.

    They stand in one field, as `119；燃气抢修 0994-5550000（示例）`.
    """
    found = []
    for part in PARTS.split(category.emergency_phone):
        number = NUMBER.search(part)
        if number and number[0] not in NATIONAL:
            name = BRACKETS.sub("", part.replace(number[0], "")).strip()
            found.append(EmergencyNumber(number[0], name))
    return found
