"""How a place is called, found and sorted: full name, pinyin initials, search words. Pure."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import NamedTuple

from grids.enums import Level

DIGITS = "零一二三四五六七八九"
NUMBER_RUN = re.compile(r"[零一二三四五六七八九十百]+")
RUN = re.compile(r"\d+|[a-z]+|[^\da-z\s]+")
NUMBER_WIDTH = 5
INITIALS_LENGTH = 60
SORT_KEY_LENGTH = 200
AMBIGUOUS_CHARACTERS = 2  # all readings of these many first characters are searchable


class Spelling(NamedTuple):
    """What is stored beside a name so that it can be found and sorted."""

    initials: str
    search_text: str
    sort_key: str


@dataclass(frozen=True, slots=True)
class _Romanised:
    initials: list[str]
    pinyin: str


def full_name(level: int, name: str, parent_full_name: str, parent_level: int | None) -> str:
    """Return how people say the place: from the estate on together, above it the name alone."""
    if level == Level.BUILDING and parent_level == Level.ESTATE:
        return f"{parent_full_name}{name}"
    return name


def spell(name: str, context: tuple[str, ...] = ()) -> Spelling:
    """Return initials (`fxhy46hl`), search words and a sort key in which 2号楼 precedes 10号楼.

    `context` are the names of the grid and community around the place, searchable as well.
    """
    own = _romanise(name)
    words = [name.lower(), *own.initials, own.pinyin]
    for around in context:
        words += [around.lower(), _romanise(around).initials[0]]
    sort_key = re.sub(r"\d+", _padded, _romanise(_with_numerals(name)).pinyin)
    return Spelling(
        initials=own.initials[0][:INITIALS_LENGTH],
        search_text=" ".join(dict.fromkeys(words)),
        sort_key=sort_key[:SORT_KEY_LENGTH],
    )


def runs(text: str) -> list[str]:
    """Split what somebody typed into runs of Chinese, Latin letters and digits, lower-case."""
    return RUN.findall(text.lower())


def _romanise(text: str) -> _Romanised:
    # pypinyin loads its dictionaries for a fifth of a second: only where places are written.
    from pypinyin import Style, pinyin  # noqa: PLC0415

    spelt = pinyin(text, style=Style.NORMAL, heteronym=True)
    letters: list[list[str]] = []
    for position, readings in enumerate(spelt):
        heads = [_head(reading) for reading in readings]
        keep = heads if position < AMBIGUOUS_CHARACTERS else heads[:1]
        letters.append(list(dict.fromkeys(keep)))
    initials = ["".join(choice) for choice in itertools.product(*letters)]
    return _Romanised(initials or [""], "".join(_tidy(readings[0]) for readings in spelt))


def _head(reading: str) -> str:
    """First letter of a syllable; text that is not Chinese (`46`, `A`) is kept whole."""
    tidy = _tidy(reading)
    return tidy if not tidy.isalpha() else tidy[:1]


def _tidy(text: str) -> str:
    return re.sub(r"\s+", "", text.lower())


def _padded(match: re.Match[str]) -> str:
    return match.group().zfill(NUMBER_WIDTH)


def _with_numerals(name: str) -> str:
    """Write 第三, 三巷, 十二 with digits, so that they sort as numbers."""
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
