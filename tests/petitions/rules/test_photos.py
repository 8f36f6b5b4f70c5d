"""Photos in: only pixels come through, upright and small; hostile files leave nothing behind."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from pytest_django import Settings

from petitions.rules import photos
from petitions.rules.photos import PhotoRefused, StoredPhoto

MARK = b"SECRETMARK"
RED, BLUE = (220, 20, 20), (20, 20, 220)


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def _picture(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Left half red, right half blue, so that one sees how it was turned."""
    picture = Image.new("RGB", size, RED)
    picture.paste(BLUE, (size[0] // 2, 0, size[0], size[1]))
    return picture


def _bytes(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = MARK.decode()
    exif[0x013B] = MARK.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (44.0, 9.0, 12.5), 3: "E", 4: (87.0, 59.0, 1.0)})
    exif.get_ifd(0x8769)[0x9286] = MARK
    return exif


def _store(raw: bytes) -> StoredPhoto:
    return photos.store(io.BytesIO(raw))


def _files(media: Path) -> list[Path]:
    return sorted(path for path in media.rglob("*") if path.is_file())


def _near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(got - wanted) < 60 for got, wanted in zip(pixel, colour, strict=True))


# --- What comes through -----------------------------------------------------------------------


def test_stored_with_checksum_thumbnail_and_random_name(media: Path) -> None:
    raw = _bytes(_picture((3000, 1500)), "JPEG")
    first, second = _store(raw), _store(raw)
    assert first.name != second.name
    body = photos.path_of(first.name).read_bytes()
    assert hashlib.sha256(body).hexdigest() == first.sha256
    assert (len(body), first.width, first.height) == (first.size, 2000, 1000)
    with Image.open(photos.thumb_of(first.name)) as thumb:
        assert thumb.size == (400, 200)
    assert len(_files(media)) == 4


XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + MARK + b"</x:xmpmeta>"


def _with_segment(raw: bytes, marker: int, body: bytes) -> bytes:
    """Put one more segment behind the start of a JPEG."""
    return raw[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + raw[2:]


def _noted_png() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", MARK.decode())
    notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return _bytes(_picture(), "PNG", pnginfo=notes, exif=_exif())


LADEN = {
    "exif and gps": _bytes(_picture(), "JPEG", exif=_exif()),
    "comment": _bytes(_picture(), "JPEG", comment=MARK),
    "xmp": _bytes(_picture(), "JPEG", xmp=XMP),
    "iptc": _with_segment(_bytes(_picture(), "JPEG"), 0xED, b"Photoshop 3.0\x008BIM" + MARK),
    "profile": _bytes(_picture(), "JPEG", icc_profile=MARK * 20),
    "unknown segment": _with_segment(_bytes(_picture(), "JPEG"), 0xEB, MARK),
    "behind the end": _bytes(_picture(), "JPEG") + MARK,
    "png texts": _noted_png(),
    "webp": _bytes(_picture(), "WEBP", exif=_exif(), xmp=XMP),
}


@pytest.mark.parametrize("raw", LADEN.values(), ids=LADEN)
def test_no_metadata_comes_through(media: Path, raw: bytes) -> None:
    assert MARK in raw
    _store(raw)
    assert len(_files(media)) == 2
    for path in _files(media):
        body = path.read_bytes()
        assert MARK not in body
        assert b"Exif" not in body
        assert b"GPS" not in body
        with Image.open(path) as stored:
            assert not stored.getexif()
            assert not stored.info.keys() & {"comment", "xmp", "icc_profile", "exif", "photoshop"}


# What stands in the top left corner once the picture is upright: red is the left half.
@pytest.mark.parametrize(
    ("orientation", "corner", "size"),
    [
        (1, RED, (64, 48)),
        (2, BLUE, (64, 48)),
        (3, BLUE, (64, 48)),
        (4, RED, (64, 48)),
        (5, RED, (48, 64)),
        (6, RED, (48, 64)),
        (7, BLUE, (48, 64)),
        (8, BLUE, (48, 64)),
    ],
)
def test_turned_upright(
    orientation: int, corner: tuple[int, int, int], size: tuple[int, int]
) -> None:
    stored = _store(_bytes(_picture(), "JPEG", exif=_exif(orientation), quality=95))
    assert (stored.width, stored.height) == size
    with Image.open(photos.path_of(stored.name)) as upright:
        assert _near(upright.getpixel((3, 3)), corner)


def _raw_exif(*entries: bytes, offset: int = 8) -> bytes:
    """A block of tags as bytes, since Pillow writes no broken ones."""
    count = struct.pack("<H", len(entries))
    header = b"Exif\x00\x00II*\x00" + struct.pack("<I", offset)
    return header + count + b"".join(entries) + bytes(4)


def _entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


ROTATED = _entry(0x0112, 3, 1, 6)
# Whether the orientation can be read, and the block of tags.
BROKEN = {
    "no header": (False, b"Exif\x00\x00" + MARK),
    "empty": (False, b"Exif\x00\x00"),
    "cut": (False, _raw_exif(ROTATED)[:20]),
    "tags beyond the end": (False, _raw_exif(ROTATED, offset=60_000)),
    "orientation without a meaning": (False, _raw_exif(_entry(0x0112, 3, 1, 9))),
    "orientation as text": (False, _raw_exif(_entry(0x0112, 2, 4, 0x36))),
    "several orientations": (True, _raw_exif(_entry(0x0112, 3, 2, 0x0006_0006))),
    "value beyond the end": (True, _raw_exif(ROTATED, _entry(0x010E, 2, 900, 60_000))),
    "unknown type": (True, _raw_exif(ROTATED, _entry(0x010E, 99, 1, 7))),
    "GPS beyond the end": (True, _raw_exif(ROTATED, _entry(0x8825, 4, 1, 60_000))),
    "GPS in a circle": (True, _raw_exif(ROTATED, _entry(0x8825, 4, 1, 8))),
    "GPS as text": (True, _raw_exif(ROTATED, _entry(0x8825, 2, 4, 0x41414141))),
    "width as fraction": (True, _raw_exif(ROTATED, _entry(0x0100, 5, 1, 8))),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns of some; an error in tests only
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("is_rotated", "exif"), BROKEN.values(), ids=BROKEN)
def test_broken_exif_refuses_no_photo(
    media: Path, is_rotated: bool, exif: bytes, kind: str
) -> None:
    stored = _store(_bytes(_picture(), kind, exif=exif))
    assert (stored.width, stored.height) == ((48, 64) if is_rotated else (64, 48))
    for path in _files(media):
        assert b"Exif" not in path.read_bytes()
        with Image.open(path) as written:
            assert not written.getexif()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_becomes_white(kind: str) -> None:
    glass = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    glass.paste((*BLUE, 255), (20, 0, 40, 40))
    options = {"lossless": True} if kind == "WEBP" else {}
    stored = _store(_bytes(glass, kind, **options))
    with Image.open(photos.path_of(stored.name)) as flat:
        assert (flat.format, flat.mode) == ("JPEG", "RGB")
        assert _near(flat.getpixel((4, 20)), (255, 255, 255))
        assert _near(flat.getpixel((35, 20)), BLUE)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "CMYK", "I;16"])
def test_every_mode_becomes_plain_colour(mode: str) -> None:
    source = _picture().convert("L") if mode == "I;16" else _picture()
    kind = "JPEG" if mode == "CMYK" else "PNG"
    picture = Image.new("I;16", (8, 8), 9000) if mode == "I;16" else source.convert(mode)
    stored = _store(_bytes(picture, kind))
    with Image.open(photos.path_of(stored.name)) as flat:
        assert (flat.format, flat.mode) == ("JPEG", "RGB")


def test_largest_allowed_picture_is_taken() -> None:
    stored = _store(_bytes(Image.new("RGB", (5000, 5000), RED), "JPEG"))
    assert (stored.width, stored.height) == (2000, 2000)


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1)])
def test_a_narrow_transparent_picture_keeps_one_pixel(size: tuple[int, int]) -> None:
    stored = _store(_bytes(Image.new("RGBA", size, (*RED, 255)), "PNG"))
    assert sorted((stored.width, stored.height)) == [1, 2000]


# --- What does not ----------------------------------------------------------------------------


def _png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def _jpeg_header(width: int, height: int) -> bytes:
    """A JPEG whose frame claims another size."""
    raw = bytearray(_bytes(_picture(), "JPEG"))
    at = raw.index(b"\xff\xc0")
    raw[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(raw)


def _animated_gif() -> bytes:
    return _bytes(_picture(), "GIF", save_all=True, append_images=[_picture().rotate(90)])


JPEG, PNG = _bytes(_picture(), "JPEG"), _bytes(_picture(), "PNG")
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
HOSTILE = {
    "nothing": b"",
    "one byte": b"\xff",
    "text": "这不是照片".encode(),
    "zeros": b"\0" * 4096,
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": SVG,
    "svg behind a jpeg's first bytes": b"\xff\xd8\xff\xe0" + SVG,
    "gif": _bytes(_picture(), "GIF"),
    "moving gif": _animated_gif(),
    "bmp": _bytes(_picture(), "BMP"),
    "tiff": _bytes(_picture(), "TIFF"),
    "ico": _bytes(_picture(), "ICO"),
    "pdf": b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "zip": b"PK\x03\x04" + b"\0" * 200,
    "program": b"\x7fELF" + b"\0" * 200,
    "cut jpeg": JPEG[: len(JPEG) // 2],
    "cut after the head": JPEG[:24],
    "cut png": PNG[: len(PNG) // 2],
    "jpeg head, png body": JPEG[:20] + PNG[20:],
    "png of 60000 x 60000": _png_header(60_000, 60_000),
    "png of 5001 x 5000": _png_header(5001, 5000),
    "png of no width": _png_header(0, 10),
    "png too little data": _png_header(4000, 4000),
    "jpeg of 60000 x 60000": _jpeg_header(60_000, 60_000),
    "jpeg of 65535 x 1000": _jpeg_header(65_535, 1000),
    "webp head only": b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 8,
    "21 MiB": JPEG + b"\0" * (21 * 1024 * 1024),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_refused_with_a_reason_and_nothing_left(media: Path, raw: bytes) -> None:
    with pytest.raises(PhotoRefused) as refusal:
        _store(raw)
    assert "照片" in str(refusal.value)
    assert _files(media) == []


POLYGLOTS = {
    "page in a comment": _with_segment(JPEG, 0xFE, b"<script>SECRETMARK</script>"),
    "page behind the end": JPEG + b"<script>SECRETMARK</script>",
    "archive behind the end": JPEG + b"PK\x03\x04SECRETMARK",
    "png with a page behind": PNG + b"<?php SECRETMARK ?>",
}


@pytest.mark.parametrize("raw", POLYGLOTS.values(), ids=POLYGLOTS)
def test_of_a_file_that_is_two_things_only_the_picture_is_kept(media: Path, raw: bytes) -> None:
    stored = _store(raw)
    assert stored.name.endswith(".jpg")
    for path in _files(media):
        body = path.read_bytes()
        assert MARK not in body
        assert b"<script" not in body
        assert body.endswith(b"\xff\xd9")


def test_bomb_is_refused_before_it_is_unpacked() -> None:
    # 60,000 × 60,000 pixels would be 10 GB; the header alone decides.
    with pytest.raises(PhotoRefused):
        _store(_png_header(60_000, 60_000))


@pytest.mark.parametrize("kind", ["JPEG", "MPO"])
@pytest.mark.parametrize(("more", "is_taken"), [(10, True), (40, False)])
def test_a_jpeg_of_endless_scans_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch, more: int, is_taken: bool, kind: str
) -> None:
    raw = _bytes(_picture(), "JPEG", progressive=True)
    if kind == "MPO":  # what holds two photos calls itself by another name
        two = _bytes(_picture(), "MPO", save_all=True, append_images=[_picture()])
        at = two.index(b"\xff\xe2")
        head = two[at : at + 2 + int.from_bytes(two[at + 2 : at + 4], "big")]
        raw = raw[:2] + head + raw[2:]
        with Image.open(io.BytesIO(raw)) as opened:
            assert opened.format == "MPO"
    film = b"\xff\xda\x00\x08" * 100  # behind the end nothing is decoded, so it does not count
    body = raw[:-2] + raw[raw.rindex(b"\xff\xda") : -2] * more + raw[-2:] + film
    decoded = []
    monkeypatch.setattr(photos, "_shrunk", lambda image: decoded.append(image) or image)
    if is_taken:
        assert _store(body).width == 64
    else:
        with pytest.raises(PhotoRefused):
            _store(body)
    assert bool(decoded) is is_taken


@pytest.mark.parametrize(("more", "is_taken"), [(10, True), (40, False)])
def test_scans_behind_a_marker_without_length_are_counted(
    monkeypatch: pytest.MonkeyPatch, more: int, *, is_taken: bool
) -> None:
    raw = _bytes(_picture(), "JPEG", progressive=True)
    last_scan = raw[raw.rindex(b"\xff\xda") : -2]
    body = raw[:-2] + b"\xff\x01" + last_scan * more + raw[-2:]
    decoded = []
    monkeypatch.setattr(photos, "_shrunk", lambda image: decoded.append(image) or image)
    if is_taken:
        assert _store(body).width == 64
    else:
        with pytest.raises(PhotoRefused):
            _store(body)
    assert bool(decoded) is is_taken


def test_file_and_every_folder_that_names_it_are_on_the_disk_before_it_is_known(
    media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[str] = set()
    sync = os.fsync

    def noted(handle: int) -> None:
        synced.add(os.path.realpath(f"/dev/fd/{handle}"))
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    stored = _store(JPEG)
    for path in (photos.path_of(stored.name), photos.thumb_of(stored.name)):
        wanted = {path, *path.parents[:3]}
        assert {os.path.realpath(one) for one in wanted} <= synced
    assert media in photos.path_of(stored.name).parents[:3]


def test_nothing_left_when_the_disk_refuses(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    write = photos._write

    def full_at_the_second(target: Path, body: bytes) -> None:
        if written:
            raise OSError(28, "No space left on device")
        written.append(target)
        write(target, body)

    monkeypatch.setattr(photos, "_write", full_at_the_second)
    with pytest.raises(OSError, match="No space"):
        _store(JPEG)
    assert _files(media) == []


def test_a_segment_of_a_jpeg_is_not_searched_for_scans() -> None:
    body = _with_segment(_bytes(_picture(), "JPEG"), 0xFE, b"\xff\xda\x00\x08" * 100)
    assert _store(body).width == 64
