"""Full names, pinyin initials, search words and sort keys of places. Pure functions."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import NamedTuple

from config.lib.text_forms import fold_characters
from grids.enums import Level

DIGITS = "零一二三四五六七八九"
NUMBER_RUN = re.compile(r"[零一二三四五六七八九十百]+")
RUN = re.compile(r"\d+|[a-z]+|[^\da-z\s]+")
NUMBER_WIDTH = 5
INITIALS_LENGTH = 60
SORT_KEY_LENGTH = 200
MIN_NEAR_LENGTH = 3  # of a run in which one wrong character is looked for
_BUILDING = r"(?:号楼|号?[栋幢座]|#楼?|号院?|楼)"
_REST = r"-\s*\d.*|[,，]?[\d一二三四五六七八九十]+\s*(?:单元|门|层|楼|室|号).*"
_WITH_REST = re.compile(rf"(?P<name>.*?\d+)(?!\d)\s*(?:{_BUILDING}(?P<rest>.*)|(?P<bare>{_REST}))")
AMBIGUOUS_CHARACTERS = 2  # every reading of the first characters is searchable


class Spelling(NamedTuple):
    """Search and sort columns stored with a name."""

    initials: str
    search_text: str
    sort_key: str


@dataclass(frozen=True, slots=True)
class _Romanised:
    initials: list[str]
    pinyin: str


def full_name(level: int, name: str, parent_full_name: str, parent_level: int | None) -> str:
    """Return the name as people say it: building and estate together, other places alone."""
    if level == Level.BUILDING and parent_level == Level.ESTATE:
        return f"{parent_full_name}{name}"
    return name


def spell(name: str, context: tuple[str, ...] = ()) -> Spelling:
    """Return initials (`fxhy46hl`), search words and a sort key that puts 2号楼 before 10号楼.

    `context` holds the names of the surrounding grid and community; they are searchable as well.
    """
    own = _romanise(name)
    words = [name.lower(), *own.initials, own.pinyin]
    for surrounding in context:
        words += [surrounding.lower(), _romanise(surrounding).initials[0]]
    sort_key = re.sub(r"\d+", _padded, _romanise(_with_numerals(name)).pinyin)
    return Spelling(
        initials=own.initials[0][:INITIALS_LENGTH],
        search_text=" ".join(dict.fromkeys(words)),
        sort_key=sort_key[:SORT_KEY_LENGTH],
    )


def runs(text: str) -> list[str]:
    """Split a query into folded runs of Chinese characters, Latin letters and digits."""
    return RUN.findall(fold_characters(text).lower())


def split_building(text: str) -> tuple[str, str]:
    """Split folded text into a building by its number and what follows: `阜兴花苑46`, `3单元501`.

    Whatever is written for the building (`46栋`, `46幢`, `46#楼`, `46号楼`, `46-3-501`) is removed.
    Other text is returned whole with an empty rest.
    """
    match = _WITH_REST.fullmatch(text.strip())
    if match is None:
        return text, ""
    return match["name"], (match["rest"] or match["bare"] or "").strip(" -,，、")


def whole_number_pattern(name: str) -> str:
    """Return a regular expression for the number at the end of a name: 46, but not 460 or 146."""
    number = re.search(r"\d*$", name)
    return rf"(^|[^0-9]){number[0] if number else ''}([^0-9]|$)"


def near_pattern(text: str) -> str:
    """Return a regular expression for names with one wrong, missing or additional character.

    Only runs of at least three characters may differ, numbers must be equal. Empty if there is no
    such run.
    """
    parts = runs(text)
    patterns = []
    for position, part in enumerate(parts):
        if not part.isdigit() and not part.isascii() and len(part) >= MIN_NEAR_LENGTH:
            others = [_exactly(other) for other in parts]
            others[position] = f"({'|'.join(_one_character_off(part))})"
            patterns.append(" *".join(others))
    return "|".join(patterns)


def _one_character_off(run: str) -> list[str]:
    places = range(len(run))
    return list(
        dict.fromkeys(
            [re.escape(run[:i]) + "[^0-9]" + re.escape(run[i + 1 :]) for i in places]
            + [re.escape(run[:i] + run[i + 1 :]) for i in places]
            + [re.escape(run[:i]) + "[^0-9]" + re.escape(run[i:]) for i in places[1:]]
        )
    )


def _exactly(run: str) -> str:
    return f"{run}(?![0-9])" if run.isdigit() else re.escape(run)


def _romanise(text: str) -> _Romanised:
    # Importing pypinyin takes 0.2 s and 40 MB; only processes that write places need it.
    from pypinyin import Style, pinyin

    syllables = pinyin(text, style=Style.NORMAL, heteronym=True)
    letters: list[list[str]] = []
    for position, readings in enumerate(syllables):
        initials = [_head(reading) for reading in readings]
        searchable = initials if position < AMBIGUOUS_CHARACTERS else initials[:1]
        letters.append(list(dict.fromkeys(searchable)))
    initials = ["".join(choice) for choice in itertools.product(*letters)]
    return _Romanised(initials or [""], "".join(_tidy(readings[0]) for readings in syllables))


def _head(reading: str) -> str:
    """Return the first letter of a syllable; other text (`46`, `A`) is returned whole."""
    tidy = _tidy(reading)
    return tidy if not tidy.isalpha() else tidy[:1]


def _tidy(text: str) -> str:
    return re.sub(r"\s+", "", text.lower())


def _padded(match: re.Match[str]) -> str:
    return match.group().zfill(NUMBER_WIDTH)


def _with_numerals(name: str) -> str:
    """Replace Chinese numerals (第三, 三巷, 十二) by digits, so that they sort as numbers."""
    return NUMBER_RUN.sub(lambda match: str(_number(match.group())), name)


def _number(chinese: str) -> int:
    total, digit = 0, 0
    for character in chinese:
        if character in DIGITS:
            digit = DIGITS.index(character)
        else:
            unit = 10 if character == "十" else 100
            total += (digit or 1) * unit
            digit = 0
    return total + digit
