"""How large a photo may be, to the byte and to the pixel."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest
from PIL import Image
from pytest_django import Settings

from petitions.rules import photos
from petitions.rules.photos import PhotoRefused

LIMIT = 20 * 1024 * 1024  # bytes, as the message says


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def _of_size(size: int) -> io.BytesIO:
    """Return a small picture with bytes behind its end, which are ignored."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48)).save(out, "JPEG")
    return io.BytesIO(out.getvalue().ljust(size, b"\0"))


def test_a_file_is_complete_before_it_is_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    monkeypatch.setattr(photos.os, "fsync", lambda file: sizes.append(os.fstat(file).st_size))
    stored = photos.store(_of_size(10_000))
    files = (photos.path_of(stored.name), photos.thumb_of(stored.name))
    assert {path.stat().st_size for path in files} <= set(sizes)


def test_twenty_megabytes_are_accepted() -> None:
    assert photos.store(_of_size(LIMIT)).width == 64


def test_one_byte_more_is_refused() -> None:
    with pytest.raises(PhotoRefused, match="20MB"):
        photos.store(_of_size(LIMIT + 1))


def _empty(kind: str, size: tuple[int, int]) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("L", size).save(out, kind)
    return io.BytesIO(out.getvalue())


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("kind", "size", "words"),
    [("PNG", (5001, 5000), "2500万像素"), ("WEBP", (3126, 4000), "1250万像素")],
)
def test_message_says_which_limit(kind: str, size: tuple[int, int], words: str) -> None:
    with pytest.raises(PhotoRefused, match=words):
        photos.store(_empty(kind, size))


def test_largest_webp_is_accepted() -> None:
    assert photos.store(_empty("WEBP", (3125, 4000))).height == 2000


def test_name_has_128_random_bits() -> None:
    assert re.fullmatch(r"([0-9a-f]{2})/\1[0-9a-f]{30}\.jpg", photos.store(_of_size(1)).name)


@pytest.mark.parametrize(
    ("size", "expected"), [((4100, 410), (2000, 200)), ((410, 4100), (200, 2000))]
)
def test_large_transparent_picture_keeps_its_shape(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    out = io.BytesIO()
    Image.new("RGBA", size).save(out, "PNG")
    stored = photos.store(io.BytesIO(out.getvalue()))
    assert (stored.width, stored.height) == expected


def test_line_of_one_pixel_is_no_error() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4100, 1)).save(out, "PNG")
    stored = photos.store(io.BytesIO(out.getvalue()))
    assert (stored.width, stored.height) == (2000, 1)


def test_large_picture_without_transparency_is_averaged() -> None:
    """Columns of black and white pixels become grey; dropping pixels would leave one of them."""
    columns = Image.new("L", (2, 1))
    columns.putdata([0, 255])
    out = io.BytesIO()
    wide = Image.new("L", (4200, 40))
    for x in range(0, 4200, 2):
        wide.paste(columns.resize((2, 40), Image.Resampling.NEAREST), (x, 0))
    wide.convert("RGB").save(out, "PNG")
    stored = photos.store(io.BytesIO(out.getvalue()))
    with Image.open(photos.path_of(stored.name)) as picture:
        pixel = picture.getpixel((1000, 10))
    assert isinstance(pixel, tuple)
    assert all(80 < value < 175 for value in pixel)


def test_thumbnail_has_at_most_400_pixels_a_side() -> None:
    stored = photos.store(_empty("PNG", (420, 840)))
    with Image.open(photos.thumb_of(stored.name)) as thumb:
        assert thumb.size == (200, 400)
