"""Full-text search of cases: tsvector of Han characters and bigrams, so two characters suffice."""

from __future__ import annotations

import re
import unicodedata

from django.contrib.postgres.search import SearchQuery
from django.db.models.expressions import RawSQL

from config.lib.text_forms import fold_characters, fold_number, fold_search_text

_HAN = "㐀-䶿一-鿿豈-\ufaff\U00020000-\U0003ffff"
# Runs of Han characters, and runs of all other letters and digits with Arabic vowel marks.
_RUN = re.compile(rf"[{_HAN}]+|(?:[^\W_{_HAN}]|[\u0600-\u06ff])+")
_HAN_START = re.compile(rf"[{_HAN}]")
_NUMBER_LABEL = re.compile(
    r"^(?:(?:12345)?(?:热线)?(?:工单|诉求|案件|办件)?(?:编号|单号|号码|号)|(?:12345)?(?:热线)?工单|no\.?)?[:#]*",
    re.IGNORECASE,
)
_YEAR_AND_ID = re.compile(r"(\d{4})-(\d{6,12})|(20\d{2})(\d{6,10})", re.ASCII)
_ID = re.compile(r"\d{1,12}", re.ASCII)
_PARTS_OF_NUMBER = re.compile(r"[\d\s\-]+", re.ASCII)
MAX_WORD_LENGTH = 40
MAX_WORDS = 200


def tokenize(text: str) -> list[str]:
    """Split text into search tokens: each Han character and bigram, each other word whole.

    Width, digits and case are folded; other words have their search form too (`fold_search_text`).
    """
    tokens: list[str] = []
    for run in _runs(text):
        if _HAN_START.match(run):
            tokens += list(run)
            tokens += [run[i : i + 2] for i in range(len(run) - 1)]
        else:
            tokens += _spellings(run)
    return tokens


def vector(*texts: str) -> RawSQL:
    """Return the SQL expression of the tsvector of `texts`, without positions."""
    unique = sorted({token for text in texts for token in tokenize(text)})
    # Raw SQL: compiling SearchVector takes long, and each submitted report needs one.
    return RawSQL("to_tsvector('simple', %s)", [" ".join(unique[: MAX_WORDS * 20])])


def query(words: str) -> SearchQuery | None:
    """Return the query for the typed text; None without a term.

    A case must contain every term. A run of Han characters gives one term per bigram. Digits typed
    with spaces or dashes are looked up as one word too.
    """
    terms: list[str] = []
    for run in _runs(words):
        if _HAN_START.match(run) and len(run) > 1:
            terms += [_quoted(run[i : i + 2]) for i in range(len(run) - 1)]
        else:
            terms.append("(" + " | ".join(_quoted(word) for word in _spellings(run)) + ")")
    if not terms:
        return None
    expression = " & ".join(list(dict.fromkeys(terms))[:MAX_WORDS])
    folded = fold_characters(words)
    if _PARTS_OF_NUMBER.fullmatch(folded) and len(terms) > 1:
        joined = "".join(re.findall(r"\d", folded))[:MAX_WORD_LENGTH]
        expression = f"({expression}) | {_quoted(joined)}"
    return SearchQuery(expression, search_type="raw", config="simple")


def unsearchable(words: str) -> str:
    """Return the letters and symbols typed that no case can be found by, such as emoji.

    Punctuation and spaces separate words and are not among them.
    """
    rest = _RUN.sub(" ", fold_characters(words).lower())
    return "".join(
        dict.fromkeys(c for c in rest if unicodedata.category(c) in {"So", "Lo", "Lm", "No", "Nl"})
    )


def number(words: str) -> str:
    """Return a typed number without its label: `2026-001513` for `编号2026-001513`."""
    return _NUMBER_LABEL.sub("", fold_number(words), count=1)


def full_number(words: str) -> str:
    """Return the complete case number that was typed, with year: `2026-001513`; else empty."""
    match = _YEAR_AND_ID.fullmatch(number(words))
    if match is None:
        return ""
    year, pk = match[1] or match[3], match[2] or match[4]
    return f"{year}-{int(pk):06d}"


def petition_ids(words: str) -> list[int]:
    """Return the ids that a typed number can mean: `2026-001513`, `2026001513`, `1513`."""
    typed = number(words)
    ids = [int(typed)] if _ID.fullmatch(typed) else []
    if full := full_number(words):
        ids.append(int(full.split("-")[1]))
    return ids


def _runs(text: str) -> list[str]:
    return _RUN.findall(fold_characters(text).lower())


def _spellings(run: str) -> list[str]:
    """Return a word as typed and in its search form; cases filed earlier hold the former only."""
    forms = (run[:MAX_WORD_LENGTH], fold_search_text(run)[:MAX_WORD_LENGTH])
    return [form for form in dict.fromkeys(forms) if form and _RUN.fullmatch(form)]


def _quoted(word: str) -> str:
    return f"'{word}'"
