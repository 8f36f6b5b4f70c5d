"""The canary search finds every encoding of a planted canary."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from urllib.parse import quote

import pytest

from tests.privacy import canaries
from tests.privacy.canaries import CanarySearch, MarkedCase

ONE = MarkedCase(17, code="7K2M-9QTX-04BD")
SEARCH = CanarySearch([MarkedCase(3), ONE])
PLANTED = {
    "a name in a log": (f'{{"event": "x", "who": "{ONE.name}"}}'.encode(), canaries.NAME),
    "a number in a log": (f"sent to {ONE.phone}.".encode(), canaries.PHONE),
    "a number with dashes": (b"190-7700-1727", canaries.PHONE),
    "a number with spaces": (b"190 7700 1727", canaries.PHONE),
    "words in JSON": (json.dumps({"text": ONE.words}).encode(), canaries.WORDS),
    "words in an index": (ONE.words.lower().encode(), canaries.WORDS),
    "words in an address": (b"/x/?q=" + quote("号" + ONE.inside).encode(), canaries.INSIDE),
    "a name in a queue": (base64.b64encode(b'[[], {"name": "QZN0017"}]'), canaries.NAME),
    "a name in a session": (
        b"." + base64.urlsafe_b64encode(zlib.compress(b"x" * 99 + b"QZN0017")) + b":1v:sig",
        canaries.NAME,
    ),
    "a comment in a photo": (b"\xff\xfe\0\x09" + ONE.picture + b"\xff\xd9", canaries.PICTURE),
    "a code as printed": (b">7K2M-9QTX-04BD<", canaries.CODE),
    "a code in an address": (b"/track/?code=7K2M9QTX04BD&x", canaries.CODE),
    "a digest": (hashlib.sha256(ONE.phone.encode()).hexdigest().encode(), canaries.DIGEST),
}


@pytest.mark.parametrize(("blob", "kind"), PLANTED.values(), ids=PLANTED)
def test_planted_canary_is_found(blob: bytes, kind: str) -> None:
    assert SEARCH.look(blob)[kind] == {17}


def test_text_without_canaries_has_no_finding() -> None:
    blob = b"the quick brown fox 1907 ABCD-EFGH-JKMN " + base64.b64encode(b"x" * 99)
    assert SEARCH.look(blob, b"") == {}
