"""Uploaded photos: decode, rotate, re-encode without metadata, and write durably to disk.

Accepted are JPEG, PNG and WebP of at most 20 MiB and 25 megapixels (WebP half). The stored file is
always a new JPEG of at most 2,000 pixels on the longer side, with a random name.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import threading
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import ExifTags, Image, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_WEBP_PIXELS = 12_500_000  # its decoder needs four times the memory
MAX_SIDE = 2000
THUMB_SIDE = 400
MAX_PHOTOS = 6
MAX_SCANS = 32  # a progressive JPEG has about ten; each needs a pass over all pixels
QUALITY = 82
SEE_THROUGH = ("RGBA", "LA", "P", "PA")
MARKER = re.compile(
    rb"\xff([^\x00\xff\xd0-\xd7])"
)  # other codes are data and markers inside a scan
JPEG_BEGINS = b"\xff\xd8"
START_OF_SCAN, END_OF_IMAGE, WITHOUT_LENGTH = 0xDA, 0xD9, (0x01, 0xD8)
Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow refuses larger images while opening them
_decoding = threading.Lock()  # decoding a large image needs 250 MB


class PhotoRefused(ValueError):
    """The file is not an acceptable photo; the message tells the user why."""


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo on disk without a row yet: random name, checksum, size in bytes, pixels."""

    name: str
    sha256: str
    size: int
    width: int
    height: int


def store(file: IO[bytes]) -> StoredPhoto:
    """Re-encode an upload; write photo and thumbnail durably. Raises `PhotoRefused`."""
    image = _decode(file)
    body, (width, height) = _encode(image, MAX_SIDE)
    thumb, _size = _encode(image, THUMB_SIDE)
    token = secrets.token_hex(16)
    name = f"{token[:2]}/{token}.jpg"
    try:
        _write(path_of(name), body)
        _write(thumb_of(name), thumb)
    except OSError:  # for example a full disk: remove partial files
        path_of(name).unlink(missing_ok=True)
        thumb_of(name).unlink(missing_ok=True)
        raise
    return StoredPhoto(name, hashlib.sha256(body).hexdigest(), len(body), width, height)


def path_of(name: str) -> Path:
    """Return the path of a photo on disk."""
    return Path(settings.MEDIA_ROOT) / "photos" / name


def thumb_of(name: str) -> Path:
    """Return the path of a photo's thumbnail on disk."""
    return Path(settings.MEDIA_ROOT) / "thumbs" / name


def sweep_unused(used: Container[str], older_than: float) -> int:
    """Delete photos without a row that are older than `older_than` (epoch seconds).

    They belong to reports that were never submitted. Return the number of deleted photos.
    """
    deleted = 0
    for file in (Path(settings.MEDIA_ROOT) / "photos").glob("*/*.jpg"):
        name = f"{file.parent.name}/{file.name}"
        if name not in used and file.stat().st_mtime < older_than:
            file.unlink(missing_ok=True)
            thumb_of(name).unlink(missing_ok=True)
            deleted += 1
    return deleted


def _decode(file: IO[bytes]) -> Image.Image:
    """Return the image scaled down and rotated. One image at a time, to bound the memory.

    Pillow's warnings are not turned into errors: the warning filter is shared by all threads.
    """
    with _decoding:
        raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise PhotoRefused(_("照片太大，每张不能超过20MB。"))
        return _pixels(raw)


def _pixels(raw: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise PhotoRefused(_("照片像素太大，不能超过2500万像素。"))
            if opened.format == "WEBP" and opened.width * opened.height > MAX_WEBP_PIXELS:
                raise PhotoRefused(_("WebP照片像素太大，不能超过1250万像素。"))
            if raw.startswith(JPEG_BEGINS) and _scans(raw) > MAX_SCANS:  # whatever its name says
                raise ValueError("more scans than a photo has")
            opened.draft("RGB", (MAX_SIDE, MAX_SIDE))
            opened.load()
            image = _flat(_shrunk(opened))
            _rotate(image, opened)
            return image
    except PhotoRefused:
        raise
    except Exception as error:  # a decoder may throw anything at a hostile file
        raise PhotoRefused(_("这个文件不是可用的照片，请上传JPG、PNG或WebP。")) from error


def _scans(raw: bytes) -> int:
    """Count the scans of a JPEG up to its end marker."""
    at = scans = 0
    while marker := MARKER.search(raw, at):
        kind, at = marker[1][0], marker.end()
        if kind == END_OF_IMAGE:
            break
        scans += kind == START_OF_SCAN
        if kind not in WITHOUT_LENGTH:
            at += int.from_bytes(raw[at : at + 2], "big")
    return scans


def _shrunk(image: Image.Image) -> Image.Image:
    """Scale the image down before other steps; convert a palette to colours first.

    A very large image with transparency is halved by dropping pixels, because every other method
    would copy it in full size.
    """
    small = image
    while image.mode in SEE_THROUGH and max(small.size) > 2 * MAX_SIDE:
        half = (max(1, small.width // 2), max(1, small.height // 2))
        small = small.resize(half, Image.Resampling.NEAREST)
    small = small.convert("RGBA") if small.mode in ("P", "PA") else small
    small.thumbnail((MAX_SIDE, MAX_SIDE))  # in place: no second copy of a large picture
    return small


def _flat(image: Image.Image) -> Image.Image:
    """Return the pixels on a white background, without transparency, profile, comment and tags."""
    if image.mode in ("RGBA", "LA"):
        rgba = image.convert("RGBA")
        background = Image.new("RGB", rgba.size, "white")
        background.paste(rgba, mask=rgba.getchannel("A"))
        return background
    clean = Image.new("RGB", image.size)
    clean.paste(image.convert("RGB"))
    return clean


def _rotate(image: Image.Image, original: Image.Image) -> None:
    """Rotate an image in place by the EXIF orientation of its original.

    Only the orientation is copied: Pillow writes all tags again after rotating, which fails for
    some broken ones. Unreadable tags are ignored.
    """
    orientation = ExifTags.Base.Orientation
    try:
        image.getexif()[orientation] = original.getexif().get(orientation, 1)
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:  # noqa: BLE001 - tags may contain anything
        return


def _encode(image: Image.Image, side: int) -> tuple[bytes, tuple[int, int]]:
    small = image.copy()
    small.thumbnail((side, side))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue(), small.size


def _write(target: Path, body: bytes) -> None:
    """Write a new file durably: sync the file, then the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())
    for folder in target.parents[:3]:  # any of them may be new
        _sync(folder)


def _sync(folder: Path) -> None:
    """Sync the entries of a folder to disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
