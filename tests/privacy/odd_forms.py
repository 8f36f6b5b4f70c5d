"""Malformed forms that no browser sends, each with its content type."""

from __future__ import annotations

from tests.privacy.hostile import JPEG, KEPT, Sent
from tests.privacy.visitor import BOUNDARY, MULTIPART, form

PLAIN = Sent(JPEG, KEPT)
EDGE = b"--" + BOUNDARY
HEAD = b'Content-Disposition: form-data; name="photos"; filename="a.jpg"\r\n'
TYPE = b"Content-Type: image/jpeg\r\n"


def _one(head: bytes, body: bytes = JPEG, end: bytes = b"--\r\n") -> bytes:
    return EDGE + b"\r\n" + head + b"\r\n" + body + b"\r\n" + EDGE + end


def bodies(fields: list[tuple[str, object]]) -> dict[str, tuple[bytes, str]]:
    """Return name → (body, content type); `fields` are those that make the form complete."""
    whole = form(fields, [("photos", PLAIN)])
    return {
        "no boundary named": (whole, "multipart/form-data"),
        "empty boundary": (whole, "multipart/form-data; boundary="),
        "another boundary": (whole, "multipart/form-data; boundary=other"),
        "boundary of 300 letters": (whole, f"multipart/form-data; boundary={'b' * 300}"),
        "boundary not in ascii": (whole, "multipart/form-data; boundary=\xe9\xe9"),
        "cut in the middle": (whole[: len(whole) // 2], MULTIPART),
        "cut in the head": (whole[:20], MULTIPART),
        "nothing": (b"", MULTIPART),
        "no end": (_one(HEAD + TYPE, end=b"\r\n"), MULTIPART),
        "file without a name": (_one(HEAD.replace(b'; filename="a.jpg"', b"") + TYPE), MULTIPART),
        "file of an empty name": (_one(HEAD.replace(b"a.jpg", b"") + TYPE), MULTIPART),
        "field without a name": (_one(HEAD.replace(b'name="photos"; ', b"")), MULTIPART),
        "file of no type": (_one(HEAD), MULTIPART),
        "file of an endless type": (_one(HEAD + b"Content-Type: " + b"a/" * 4000), MULTIPART),
        "file in broken base64": (
            _one(HEAD + TYPE + b"Content-Transfer-Encoding: base64\r\n", b"!!!!!"),
            MULTIPART,
        ),
        "form inside the form": (_one(HEAD + b"Content-Type: " + MULTIPART.encode()), MULTIPART),
        "head of 64 KiB": (_one(HEAD + b"X-More: " + b"a" * 65536 + b"\r\n"), MULTIPART),
        "seven files": (form(fields, [("photos", PLAIN)] * 7), MULTIPART),
        "two hundred files": (form(fields, [("photos", PLAIN)] * 200), MULTIPART),
        "two thousand fields": (form([*fields, *[("x", "y")] * 2000]), MULTIPART),
        "every field twice": (form(fields * 2, [("photos", PLAIN)] * 2), MULTIPART),
        "file where words belong": (form([], [("text", PLAIN), ("key", PLAIN)]), MULTIPART),
        "words where a file belongs": (form([*fields, ("photos", "words")]), MULTIPART),
        "fields not in utf-8": (form([*fields, ("since", b"\xff\xfe")]), MULTIPART),
        "charset nobody knows": (whole, f"{MULTIPART}; charset=klingon"),
        "a form sent as json": (whole, "application/json"),
        "a photo alone": (JPEG, "image/jpeg"),
    }
