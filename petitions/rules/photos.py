"""Photos in: decoded, turned upright, re-encoded without any metadata, and synced to disk.

Accepted: JPEG, PNG, WebP; at most 20 MiB and 25 megapixels (WebP half). What is stored is always a
fresh JPEG of at most 2,000 pixels on the longer side, under a random name; the file sent is never
kept.
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
from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_WEBP_PIXELS = 12_500_000  # its decoder holds every pixel four times
MAX_SIDE = 2000
THUMB_SIDE = 400
MAX_PHOTOS = 6
MAX_SCANS = 32  # a progressive JPEG has about ten; each costs a pass over the whole picture
QUALITY = 82
SEE_THROUGH = ("RGBA", "LA", "P", "PA")
ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a picture must be turned, by the camera's tag."""

MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # the rest are data and marks inside a scan
JPEG_BEGINS = b"\xff\xd8"
START_OF_SCAN, END_OF_IMAGE, WITHOUT_LENGTH = 0xDA, 0xD9, (0x01, 0xD8)
Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # the decoder's own refusal, before any of our code runs
_one_at_a_time = threading.Lock()  # a large picture takes 250 MB while it is decoded


class PhotoRefused(ValueError):
    """A file that is not an acceptable photo; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo on disk, before its row is written: random name, checksum, bytes and pixels."""

    name: str
    sha256: str
    size: int
    width: int
    height: int


def store(file: IO[bytes]) -> StoredPhoto:
    """Clean a sent file and store it with its thumbnail, both synced, before any row names it."""
    image = _decode(file)
    body, (width, height) = _encode(image, MAX_SIDE)
    thumb, _size = _encode(image, THUMB_SIDE)
    token = secrets.token_hex(16)
    name = f"{token[:2]}/{token}.jpg"
    try:
        _write(path_of(name), body)
        _write(thumb_of(name), thumb)
    except OSError:  # a full disk gets back what was half written
        path_of(name).unlink(missing_ok=True)
        thumb_of(name).unlink(missing_ok=True)
        raise
    return StoredPhoto(name, hashlib.sha256(body).hexdigest(), len(body), width, height)


def path_of(name: str) -> Path:
    """Return where a photo lies on disk."""
    return Path(settings.MEDIA_ROOT) / "photos" / name


def thumb_of(name: str) -> Path:
    """Return where a photo's thumbnail lies on disk."""
    return Path(settings.MEDIA_ROOT) / "thumbs" / name


def sweep_unused(known: Container[str], older_than: float) -> int:
    """Delete stored photos that no row names and that are older than `older_than` (epoch seconds).

    They belong to reports that were begun and never sent. Returns how many were deleted.
    """
    gone = 0
    for file in (Path(settings.MEDIA_ROOT) / "photos").glob("*/*.jpg"):
        name = f"{file.parent.name}/{file.name}"
        if name not in known and file.stat().st_mtime < older_than:
            file.unlink(missing_ok=True)
            thumb_of(name).unlink(missing_ok=True)
            gone += 1
    return gone


def _decode(file: IO[bytes]) -> Image.Image:
    """Return the bare pixels, small and upright. One picture at a time, so that memory is bounded.

    Warnings are left alone: the switch that turns them into errors is not one thread's own.
    """
    with _one_at_a_time:
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
            if raw.startswith(JPEG_BEGINS) and _scans(raw) > MAX_SCANS:  # whatever it calls itself
                raise ValueError("more scans than a photo has")
            opened.draft("RGB", (MAX_SIDE, MAX_SIDE))
            opened.load()
            return _flat(_upright(opened, _shrunk(opened)))
    except PhotoRefused:
        raise
    except Exception as error:  # a decoder may throw anything at a hostile file
        raise PhotoRefused(_("这个文件不是可用的照片，请上传JPG、PNG或WebP。")) from error


def _scans(raw: bytes) -> int:
    """Count the scans of a JPEG as its decoder will meet them, up to the end of the picture."""
    at = found = 0
    while mark := MARKER.search(raw, at):
        kind, at = mark[1][0], mark.end()
        if kind == END_OF_IMAGE:
            break
        found += kind == START_OF_SCAN
        if kind not in WITHOUT_LENGTH:
            at += int.from_bytes(raw[at : at + 2], "big")
    return found


def _shrunk(image: Image.Image) -> Image.Image:
    """Make a picture small before anything else; what has a palette gets its colours first.

    Of a very large one that is not opaque every second pixel goes: all else would copy it whole.
    """
    small = image
    while image.mode in SEE_THROUGH and max(small.size) > 2 * MAX_SIDE:
        half = (max(1, small.width // 2), max(1, small.height // 2))
        small = small.resize(half, Image.Resampling.NEAREST)
    small = small.convert("RGBA") if small.mode in ("P", "PA") else small
    small.thumbnail((MAX_SIDE, MAX_SIDE))  # in place: no second copy of a large picture
    return small


def _upright(sent: Image.Image, small: Image.Image) -> Image.Image:
    """Turn a picture as the camera said. Only this one tag is read; broken tags turn nothing."""
    try:
        turn = UPRIGHT.get(sent.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - tags may hold anything
        turn = None
    return small if turn is None else small.transpose(turn)


def _flat(image: Image.Image) -> Image.Image:
    """Return the bare pixels on white: no transparency, no profile, no comment, no tags."""
    if image.mode in ("RGBA", "LA"):
        rgba = image.convert("RGBA")
        ground = Image.new("RGB", rgba.size, "white")
        ground.paste(rgba, mask=rgba.getchannel("A"))
        return ground
    clean = Image.new("RGB", image.size)
    clean.paste(image.convert("RGB"))
    return clean


def _encode(image: Image.Image, side: int) -> tuple[bytes, tuple[int, int]]:
    small = image.copy()
    small.thumbnail((side, side))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue(), small.size


def _write(target: Path, body: bytes) -> None:
    """Write a new file so that it survives a power cut: file synced, then whatever names it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())
    for folder in target.parents[:3]:  # its own, that of the kind, and the root: any may be new
        _sync(folder)


def _sync(folder: Path) -> None:
    """Bring a folder's list of names to the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
