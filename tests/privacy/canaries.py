"""Canaries: marked values of a case, and the search for them.

A canary is found in plain text, in any letter case, with separators of telephone numbers, inside
base64 (as queues and sessions write it), compressed there, and as a plain digest.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from petitions.rules import tracking_codes
from tests.privacy.tables import digests

NAME, PHONE, WORDS, INSIDE, PICTURE = "name", "phone", "words", "inside", "picture"
CODE, DIGEST = "code", "digest"
LETTERS = {b"N": NAME, b"W": WORDS, b"I": INSIDE, b"P": PICTURE}
MARK = re.compile(rb"QZ([NWIP])(\d{4})", re.IGNORECASE)
NUMBER = re.compile(rb"1[ -]?9[ -]?0[ -]?7[ -]?7[ -]?(\d)[ -]?(\d)[ -]?(\d)[ -]?(\d)[ -]?\d[ -]?\d")
_SIGN = f"[{tracking_codes.ALPHABET}]".encode()
CODES = re.compile(rb"(?<!\w)(%b{4})-?(%b{4})-?(%b{4})(?!\w)" % ((_SIGN,) * 3))
HEX = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32,128}(?![0-9a-f])")
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{20,}")


@dataclass(slots=True)
class MarkedCase:
    """A case with canaries in every field; the code is known after filing."""

    number: int
    code: str = ""
    case: int = 0

    @property
    def is_about_branch(self) -> bool:
        """Whether the case is about the branch; the desk files no such case here."""
        return self.number % 10 == 5 and self.number % 3 != 1

    @property
    def is_confidential(self) -> bool:
        """Whether the contact details are for the community only."""
        return self.number % 5 == 0 and self.number % 3 != 1

    @property
    def name(self) -> str:
        """The petitioner's name."""
        return f"示例QZN{self.number:04}"

    @property
    def phone(self) -> str:
        """The telephone number."""
        return f"19077{self.number:04}{self.number % 90 + 10:02}"

    @property
    def words(self) -> str:
        """The text of the report."""
        return f"QZW{self.number:04}号水管漏水"

    @property
    def inside(self) -> str:
        """An internal note of the branch."""
        return f"QZI{self.number:04}内部的话"

    @property
    def picture(self) -> bytes:
        """The metadata of the photo."""
        return b"QZP%04d" % self.number


Canaries = dict[str, set[int]]


@dataclass
class CanarySearch:
    """Searches for the canaries of all cases."""

    cases: list[MarkedCase]
    codes: dict[str, int] = field(default_factory=dict)
    digests: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for case in self.cases:
            if case.code:
                self.codes[tracking_codes.normalised(case.code)] = case.number
            self.digests |= dict.fromkeys(digests(case.phone) | digests(case.name), case.number)

    def look(self, *blobs: bytes) -> Canaries:
        """Return the kinds of canaries found, with the numbers of their cases."""
        canaries_found: Canaries = {}
        for blob in blobs:
            self._look(blob, canaries_found)
            if b"%" in blob:
                self._look(unquote_to_bytes(blob), canaries_found)
            for token in set(BASE64.findall(blob)):
                for inner in _opened(token):
                    self._look(inner, canaries_found)
        return canaries_found

    def look_raw(self, blob: bytes) -> Canaries:
        """Return canaries in plain form only, for files too large to decode."""
        canaries_found: Canaries = {}
        self._look(blob, canaries_found)
        return canaries_found

    def _look(self, blob: bytes, canaries_found: Canaries) -> None:
        for letter, number in MARK.findall(blob):
            canaries_found.setdefault(LETTERS[letter.upper()], set()).add(int(number))
        for digits in NUMBER.findall(blob):
            canaries_found.setdefault(PHONE, set()).add(int(b"".join(digits)))
        for parts in CODES.findall(blob):
            if (number := self.codes.get(b"".join(parts).decode())) is not None:
                canaries_found.setdefault(CODE, set()).add(number)
        for digest in HEX.findall(blob):
            if (number := self.digests.get(digest.decode())) is not None:
                canaries_found.setdefault(DIGEST, set()).add(number)


def _opened(token: bytes) -> Iterable[bytes]:
    """Yield the decodings of a token: base64 of either alphabet, compressed or not."""
    padded = token.translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    try:
        plain = base64.b64decode(padded + b"=" * (-len(padded) % 4))
    except (binascii.Error, ValueError):
        return
    yield plain
    try:
        yield zlib.decompress(plain)
    except zlib.error:
        return
