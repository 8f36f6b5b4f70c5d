"""One form for everything people type: width, digits, invisible characters, separators, case.

A telephone with an input method in full width, an Arabic keyboard or a pasted direction mark is the
same telephone. Each field of a form, serializer, admin page or command declares the form of its
values, and the value is brought to this form before it is checked, stored, hashed, compared or
searched. The functions are pure and idempotent, and accept any text.

| Form | Function | Use |
|---|---|---|
| telephone | `fold_telephone`, `is_telephone`, `last_four_digits` | stored, hashed, compared |
| tracking code | `fold_code` | hashed, compared |
| number | `fold_number` | numbers, case numbers, order numbers: stored, compared |
| user name | `fold_user_name` | identity: stored, compared, unique |
| search text | `fold_search_text` | search and keywords only, never a stored value or an identity |
| free text | `clean_text`, `clean_line` | stored as typed, without what cannot be seen |
"""

from __future__ import annotations

import re
import unicodedata

MOBILE_LENGTH = 11
LAST_DIGITS = 4
MIN_TELEPHONE_DIGITS, MAX_TELEPHONE_DIGITS = 7, 15  # ITU-T E.164: at most 15

_SOFT_HYPHEN = "\u00ad"
_ZERO_WIDTH_AND_MARKS = "\u200b-\u200f\u061c\u2060-\u2064\ufeff"
_DIRECTION_CONTROLS = "\u202a-\u202e\u2066-\u2069"
_INVISIBLE = re.compile(f"[{_SOFT_HYPHEN}{_ZERO_WIDTH_AND_MARKS}{_DIRECTION_CONTROLS}]")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")  # decimal digits of other scripts
_DASH = re.compile("[\u2010-\u2015\u2043\u2212\ufe58\ufe63]")
_NOT_LETTER_OR_DIGIT = re.compile(r"[\W_]+")
_SPACE = re.compile(r"\s+")

_TELEPHONE_LINK = re.compile(r"(?i)^\s*tel:")
_TELEPHONE_SEPARATORS = re.compile(r"[\s\-./\\_,·•・。、()\[\]]+")
_TELEPHONE = re.compile(rf"\+?\d{{{MIN_TELEPHONE_DIGITS},{MAX_TELEPHONE_DIGITS}}}", re.ASCII)
_MASK = re.compile(r"[*#xX•×]+")
_COUNTRY_CODE = re.compile(r"^(?:\+|00)+86(?=\d{5})")
_INTERNATIONAL_PREFIX = re.compile(r"^00(?=\d{7})")
_MOBILE_WITH_PREFIX = re.compile(r"^(?:0?86|0)(1[3-9]\d{9})$", re.ASCII)
_MOBILE = re.compile(r"1[3-9]\d*", re.ASCII)
# Area code without its 0, and number; 400 and 800 are service numbers and have no area code.
_LANDLINE_WITHOUT_ZERO = re.compile(r"^(?!400|800)(?:(?:10|2\d)\d{8}|[3-9]\d{2}\d{7,8})$", re.ASCII)

_AREA_CODE = re.compile(r"^0(?:10|2\d|[3-9]\d\d)(?=\d{7,8}$)", re.ASCII)

# Cyrillic capitals that look like a Latin letter or digit, as on a Kazakh keyboard.
_CYRILLIC_LOOK_ALIKES = str.maketrans("АВЕКМНОРСТХУІЅЈԚԜҮ", "ABEKMHOPCTXYISJQWY")

# Uyghur and Kazakh letters that texts of both languages mix; for search only, because different
# names become equal. Sources: Unicode CLDR 48 (ug, kk-Arab), GB/T 21669-2008.
_TATWEEL = "\u0640"
_ARABIC_MARK = re.compile(f"[{_TATWEEL}\u064b-\u065f\u0670]")
_ARABIC_LETTERS = str.maketrans(
    {"\u0626": None, "\u0621": None, "\u0674": None}  # hamza and its carrier
    | dict.fromkeys("\u06d5\u06be\u06c1\u0629\u06c0", "\u0647")  # h and e
    | dict.fromkeys("\u0649\u06cc\u06d0", "\u064a")
    | {"\u06a9": "\u0643"}
    | dict.fromkeys("\u06c7\u06c6\u06c8\u06cb\u0624", "\u0648")
    | dict.fromkeys("\u0623\u0625\u0622\u0671", "\u0627")
)

_LINE_END = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
# ZWJ and ZWNJ, and the plain marks LRM, RLM and ALM stay: they shape Arabic words and emoji and
# cannot reverse other text. Embeddings, overrides and isolates can.
_NOT_STORED = re.compile(f"[{_SOFT_HYPHEN}\u200b\u2060-\u2064\ufeff{_DIRECTION_CONTROLS}]")
_ARABIC_PRESENTATION_FORM = re.compile("[\ufb50-\ufdff\ufe70-\ufefc]")
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols without ink
_VISIBLE_CATEGORIES = frozenset("LNPS")  # letters, numbers, punctuation, symbols


def fold_characters(text: str) -> str:
    """Fold width (NFKC) and digits of all scripts to 0-9, and remove invisible characters.

    The base of all forms but free text. Case, separators and the order of characters stay.
    """
    if text.isascii():
        return text
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    folded = _OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), folded)
    return folded if folded == text else fold_characters(folded)


def fold_telephone(typed: str) -> str:
    """Return a telephone number as digits, a foreign one with `+`: `13900001234`, `09945550000`.

    Separators and the country code of China (`+86`, `0086`, `86`) are removed; a landline number
    gets the 0 of its area code back. Other text is returned without separators; whether it is a
    telephone says `is_telephone`.
    """
    folded, number = _fold_telephone_once(typed), typed
    while folded != number:  # several prefixes, one after the other
        folded, number = _fold_telephone_once(folded), folded
    return folded


def _fold_telephone_once(typed: str) -> str:
    number = _TELEPHONE_LINK.sub("", _DASH.sub("-", fold_characters(typed)))
    number = _TELEPHONE_SEPARATORS.sub("", number)
    national = _MOBILE_WITH_PREFIX.sub(r"\1", _COUNTRY_CODE.sub("", number))
    national = _INTERNATIONAL_PREFIX.sub("+", national)
    if number.startswith(("+", "00")) and _LANDLINE_WITHOUT_ZERO.match(national):
        national = f"0{national}"
    return national


def is_telephone(folded: str) -> bool:
    """Tell whether a folded telephone has 7 to 15 digits; a Chinese mobile number has 11."""
    return bool(_TELEPHONE.fullmatch(folded)) and mobile_digits(folded) in (0, MOBILE_LENGTH)


def telephone_to_store(text: str) -> str:
    """Return a telephone folded; other text, e.g. two numbers, keeps its separators.

    Fields refuse such text; it can stand in rows that were stored before there was one rule.
    """
    folded = fold_telephone(text)
    return folded if is_telephone(folded) else clean_line(fold_characters(text))


def grouped_telephone(folded: str) -> str:
    """Return a folded telephone as it is shown: `139 0000 1234`, `0994-5550000`."""
    if mobile_digits(folded) == MOBILE_LENGTH:
        return f"{folded[:3]} {folded[3:7]} {folded[7:]}"
    area = _AREA_CODE.match(folded)
    return f"{area[0]}-{folded[area.end() :]}" if area else folded


def mobile_digits(folded: str) -> int:
    """Return how many digits a folded Chinese mobile number has; 0 for other numbers."""
    return len(folded) if _MOBILE.fullmatch(folded) else 0


def last_four_digits(typed: str) -> str | None:
    """Return the last four digits of typed four digits, a whole or a masked telephone.

    Nothing typed gives an empty text, anything else None.
    """
    folded = fold_telephone(typed)
    if not folded:
        return ""
    number = _MASK.sub("", folded).removeprefix("+")
    is_whole = MIN_TELEPHONE_DIGITS <= len(number) <= MAX_TELEPHONE_DIGITS
    if not number.isdecimal() or not (is_whole or len(number) == LAST_DIGITS):
        return None
    return number[-LAST_DIGITS:]


def fold_code(typed: str) -> str:
    """Return the letters and digits of a code in upper case, Cyrillic look-alikes as Latin.

    Which other characters look alike, the alphabet of the code says.
    """
    letters = _NOT_LETTER_OR_DIGIT.sub("", fold_characters(typed)).upper()
    return fold_characters(letters).translate(_CYRILLIC_LOOK_ALIKES)


def fold_number(typed: str) -> str:
    """Return a number or an order number without spaces, all dashes as `-`: `2026-001513`."""
    folded = _SPACE.sub("", _DASH.sub("-", fold_characters(_CONTROL.sub("", typed))))
    return folded if folded == typed else fold_number(folded)


def fold_user_name(typed: str) -> str:
    """Return a user name in the form in which it is stored and unique: folded, in lower case."""
    visible = _SPACE.sub(" ", _CONTROL.sub("", typed)).strip()
    folded = fold_characters(visible).casefold()
    return folded if folded == typed else fold_user_name(folded)


def fold_search_text(typed: str) -> str:
    """Return text as it is searched: folded, in lower case, single spaces, Arabic letters merged.

    Different words can become equal (about 1.7 % of Uyghur and Kazakh words), so the result must
    not be stored in place of the text and must not decide whether two names are the same.
    """
    folded = fold_characters(typed)
    if not folded.isascii():
        folded = _ARABIC_MARK.sub("", folded).translate(_ARABIC_LETTERS)
    folded = _SPACE.sub(" ", _CONTROL.sub(" ", folded.casefold())).strip()
    return folded if folded == typed else fold_search_text(folded)


def clean_text(typed: str) -> str:
    """Return free text for storage: NFC, line ends as LF, without control and direction codes.

    Arabic presentation forms become letters; everything else stays as typed.
    """
    text = _CONTROL.sub("", _LINE_END.sub("\n", typed).replace("\t", " "))
    if not text.isascii():
        text = _ARABIC_PRESENTATION_FORM.sub(_as_letters, _NOT_STORED.sub("", text))
        text = unicodedata.normalize("NFC", text)
    return text.strip()


def clean_line(typed: str) -> str:
    """Return free text of one line for storage: `clean_text` with single spaces."""
    return _SPACE.sub(" ", clean_text(typed))


def has_visible_character(text: str) -> bool:
    """Tell whether a text has a letter, number, punctuation mark or symbol that is seen."""
    return any(
        unicodedata.category(character)[0] in _VISIBLE_CATEGORIES
        and character not in _BLANK_LETTERS
        for character in text
    )


def _as_letters(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0])
