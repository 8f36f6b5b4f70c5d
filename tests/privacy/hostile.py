"""Hostile files, built on the spot: what somebody may send in place of a photo.

`KEPT` must come through as a bare picture, `REFUSED` must be refused, `EITHER` is the decoder's to
judge; none may be stored as sent, carry its mark on, crash anything or take long.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, PngImagePlugin

MARK = b"QZXMETADATA"
KEPT, REFUSED, EITHER = "kept", "refused", "either"
SCRIPT = b"<script>alert('QZXMETADATA')</script>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'>" + SCRIPT + b"</svg>"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + MARK + b"</x:xmpmeta>"
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sent:
    """One file as it is sent; `is_large` when it takes a second or more to handle."""

    body: bytes
    outcome: str
    name: bytes = b"photo.jpg"
    kind: bytes = b"image/jpeg"
    is_large: bool = False


def picture(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """Return a picture that is not all one colour."""
    image_file = Image.new("RGB", size, "brown")
    image_file.paste("teal", (size[0] // 2, 0, size[0], size[1]))
    return image_file.convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def segment(raw: bytes, marker: int, *bodies: bytes) -> bytes:
    """Put more segments behind the start of a JPEG."""
    more = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for body in bodies)
    return raw[:2] + more + raw[2:]


def chunk(name: bytes, body: bytes, *, is_sound: bool = True) -> bytes:
    """Return a chunk of a PNG."""
    checksum = zlib.crc32(name + body) ^ (0 if is_sound else 1)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def with_chunk(raw: bytes, name: bytes, body: bytes, *, is_sound: bool = True) -> bytes:
    """Put one more chunk behind the head of a PNG."""
    return raw[:33] + chunk(name, body, is_sound=is_sound) + raw[33:]


def png_claiming(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and holds next to nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")


def jpeg_claiming(width: int, height: int, *, precision: int = 8, frame: int = 0xC0) -> bytes:
    """Return a JPEG whose frame claims something else than its data hold."""
    raw = bytearray(JPEG)
    at = raw.index(b"\xff\xc0")
    raw[at + 1] = frame
    raw[at + 4 : at + 9] = struct.pack(">BHH", precision, height, width)
    return bytes(raw)


def webp_claiming(side: int) -> bytes:
    """Return a lossless WebP whose head claims a size."""
    bits = (side - 1) | ((side - 1) << 14)
    body = b"\x2f" + struct.pack("<I", bits) + b"\0" * 40
    parts = b"WEBPVP8L" + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(parts)) + parts


def endless_scans(count: int) -> bytes:
    """Return a small JPEG of many scans, each of which costs a pass over the whole picture."""
    raw = saved(Image.new("RGB", (4800, 4800), "gray"), "JPEG", progressive=True, quality=30)
    last = raw[raw.rindex(b"\xff\xda") : -2]
    return raw[:-2] + last * count + b"\xff\xd9"


def exif(orientation: object = 1, **tags: object) -> bytes:
    """Return tags as a camera writes them, each with the mark, position included."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    for tag in (0x010E, 0x010F, 0x0131, 0x013B, 0x8298):
        tags[tag] = MARK.decode()
    tags.get_ifd(0x8825).update({1: "N", 2: (44.0, 9.0, 12.5), 3: "E", 4: (87.0, 59.0, 1.0)})
    tags.get_ifd(0x8769)[0x9286] = MARK
    return tags.tobytes()


def _raw_exif(orientation: bytes, *, following: int = 0) -> bytes:
    """Return hand-made tags: one orientation field as given, and where the next table lies."""
    table = struct.pack("<H", 1) + orientation + struct.pack("<I", following)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + table


def _thumbnailed() -> bytes:
    """Return a photo whose tags hold another, smaller photo with a mark in it."""
    small = segment(saved(picture((16, 12)), "JPEG"), 0xFE, MARK)
    head = struct.pack("<H", 0) + struct.pack("<I", 14)
    table = struct.pack("<H", 2)
    table += struct.pack("<HHII", 0x0201, 4, 1, 44) + struct.pack("<HHII", 0x0202, 4, 1, len(small))
    return segment(JPEG, 0xE1, b"Exif\0\0II*\0\x08\0\0\0" + head + table + b"\0" * 4 + small)


def _frames(kind: str, count: int) -> bytes:
    first, *rest = (Image.new("RGB", (40, 30), (n % 256, 90, 90)) for n in range(count))
    return saved(first, kind, save_all=True, append_images=rest, duration=20)


def _noted() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", MARK.decode())
    notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return saved(picture(), "PNG", pnginfo=notes, exif=exif())


JPEG, PNG, WEBP = saved(picture(), "JPEG"), saved(picture(), "PNG"), saved(picture(), "WEBP")
BOMB = zlib.compress(b"A" * (30 * MIB), 9)
GIF = saved(picture(), "GIF")
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 400

NO_PHOTO: dict[str, bytes] = {
    "nothing": b"",
    "one byte": b"\xff",
    "words": "这不是照片".encode(),
    "zeros": b"\0" * 4096,
    "page": b"<!doctype html>" + SCRIPT,
    "svg": SVG,
    "svg behind a jpeg's first bytes": b"\xff\xd8\xff\xe0" + SVG,
    "script": b"<?php system($_GET['c']); ?>",
    "gif": GIF,
    "gif of 200 frames": _frames("GIF", 200),
    "gif and archive": GIF + b"PK\x03\x04" + MARK,
    "bmp": saved(picture(), "BMP"),
    "tiff": saved(picture(), "TIFF"),
    "tiff, big endian": b"MM\0*\0\0\0\x08" + b"\xff" * 200,
    "icon": saved(picture(), "ICO"),
    "pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript>>>>endobj\ntrailer<<>>\n%%EOF",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(rm) run\n",
    "psd": b"8BPS\0\x01" + b"\0" * 6 + struct.pack(">HIIHH", 3, 9, 9, 8, 3) + b"\0" * 99,
    "heic": HEIC,
    "avif": HEIC.replace(b"heic", b"avif"),
    "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 200,
    "film": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 200,
    "archive": b"PK\x03\x04" + b"\0" * 200,
    "program": b"\x7fELF" + b"\0" * 200,
    "cut jpeg": JPEG[: len(JPEG) // 2],
    "jpeg cut after the head": JPEG[:24],
    "cut png": PNG[: len(PNG) // 2],
    "cut webp": WEBP[: len(WEBP) // 2],
    "jpeg head, png body": JPEG[:20] + PNG[20:],
    "webp head only": b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 8,
    "png of 60000 x 60000": png_claiming(60_000, 60_000),
    "png of 2147483647 x 1": png_claiming(2**31 - 1, 1),
    "png of 5001 x 5000": png_claiming(5001, 5000),
    "png of no width": png_claiming(0, 10),
    "png with too little data": png_claiming(4000, 4000),
    "png of a broken chunk": with_chunk(PNG, b"PLTE", b"\0" * 7, is_sound=False),
    "jpeg of 60000 x 60000": jpeg_claiming(60_000, 60_000),
    "jpeg of 65535 x 1000": jpeg_claiming(65_535, 1000),
    "jpeg of 12 bits": jpeg_claiming(64, 48, precision=12),
    "jpeg without loss": jpeg_claiming(64, 48, frame=0xC3),
    "jpeg of no height": jpeg_claiming(64, 0),
    "webp of 16384 x 16384": webp_claiming(16_384),
    "webp of 3600 x 3600": webp_claiming(3600),
}  # fmt: skip

LADEN: dict[str, bytes] = {
    "tags and position": saved(picture(), "JPEG", exif=exif()),
    "comment": saved(picture(), "JPEG", comment=MARK),
    "flood of comments": segment(JPEG, 0xFE, *[MARK * 5000] * 100),
    "xmp": saved(picture(), "JPEG", xmp=XMP),
    "iptc": segment(JPEG, 0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0b" + MARK),
    "colour profile": saved(picture(), "JPEG", icc_profile=MARK * 20),
    "unknown segment": segment(JPEG, 0xEB, MARK),
    "photo inside the tags": _thumbnailed(),
    "two photos in one": _frames("MPO", 2) + MARK,
    "png texts": _noted(),
    "png tags": with_chunk(PNG, b"eXIf", exif()[6:]),
    "webp tags": saved(picture(), "WEBP", exif=exif(), xmp=XMP),
    "webp profile": saved(picture(), "WEBP", icc_profile=MARK * 20),
    "page in a comment": segment(JPEG, 0xFE, SCRIPT),
    "page behind the end": JPEG + SCRIPT,
    "script behind the end": JPEG + b"<?php QZXMETADATA ?>",
    "archive behind the end": JPEG + b"PK\x03\x04" + MARK,
    "pdf behind the end": JPEG + b"%PDF-1.7 " + MARK,
    "png with a page behind": PNG + SCRIPT,
    "webp with a page behind": WEBP + SCRIPT,
    "film behind the end": JPEG + b"ftypmp42" + b"\xff\xda\0\x08" * 5000 + MARK,
    "cmyk": saved(picture(mode="CMYK"), "JPEG", comment=MARK),
    "grey": saved(picture(mode="L"), "JPEG", comment=MARK),
    "progressive": saved(picture(), "JPEG", progressive=True, comment=MARK),
}  # fmt: skip

PLAIN: dict[str, bytes] = {
    "sixteen bits": saved(Image.new("I;16", (8, 8), 9000), "PNG"),
    "palette with transparency": saved(picture(mode="P"), "PNG", transparency=0),
    "grey with transparency": saved(picture(mode="LA"), "PNG"),
    "black and white": saved(picture(mode="1"), "PNG"),
    "one pixel": saved(picture((1, 1)), "PNG"),
    "very long": saved(picture((9000, 2)), "PNG"),
    "moving png of 60 frames": _frames("PNG", 60),
    "moving webp of 60 frames": _frames("WEBP", 60),
}
ORIENTATIONS = {
    "orientation 9": struct.pack("<HHIHH", 0x0112, 3, 1, 9, 0),
    "orientation 65535": struct.pack("<HHIHH", 0x0112, 3, 1, 65_535, 0),
    "orientation in words": struct.pack("<HHI4s", 0x0112, 2, 4, b"up!\0"),
    "orientation by the thousand": struct.pack("<HHII", 0x0112, 3, 2**31, 8),
    "orientation far away": struct.pack("<HHII", 0x0112, 12, 9, 2**31),
}
UNSURE: dict[str, bytes] = {
    **{name: segment(JPEG, 0xE1, _raw_exif(field)) for name, field in ORIENTATIONS.items()},
    "tags that lead to themselves": segment(
        JPEG, 0xE1, _raw_exif(ORIENTATIONS["orientation 9"], following=8)
    ),
    "tags cut off": segment(JPEG, 0xE1, exif()[:30]),
    "png text bomb": with_chunk(PNG, b"zTXt", b"x\0\0" + BOMB),
    "png profile bomb": with_chunk(PNG, b"iCCP", b"x\0\0" + BOMB),
    "png with a wrong sum": with_chunk(PNG, b"tEXt", b"x\0y", is_sound=False),
    "png without an end": PNG[:-12],
    "jpeg without an end": JPEG[:-2],
}

NAMES: dict[str, bytes] = {
    "name that climbs": b"../../../../etc/cron.d/photo.jpg",
    "name that climbs backwards": b"..\\..\\..\\photo.jpg",
    "name from the root": b"/etc/passwd",
    "name with a nul": b"photo\0.php.jpg",
    "name read from the right": "photo\u202egpj.exe".encode(),
    "name of 4000 letters": b"a" * 4000 + b".jpg",
    "name of a page": b"<img src=x onerror=alert(1)>.jpg",
    "name of a program": b"shell.php",
    "name with two ends": b"photo.jpg.html",
    "name of a device": b"CON.jpg",
    "name that hides": b".htaccess",
    "name not in utf-8": b"\xff\xfe\xfd.jpg",
    "name of a command": b"$(reboot);`id`|x.jpg",
    "name with a new line": b"a%0d%0aX-Evil: 1.jpg",
}


def _large() -> Iterator[tuple[str, Sent]]:
    big = Image.new("RGBA", (5000, 5000), (1, 2, 3, 4))
    yield "21 MiB", Sent(JPEG + b"\0" * (21 * MIB), REFUSED, is_large=True)
    yield "endless scans", Sent(endless_scans(2000), REFUSED, is_large=True)
    yield "png of 25 megapixels", Sent(saved(big, "PNG"), KEPT, is_large=True)
    yield (
        "palette of 25 megapixels",
        Sent(saved(Image.new("P", (5000, 5000)), "PNG", transparency=0), KEPT, is_large=True),
    )
    yield "jpeg of 25 megapixels", Sent(saved(big.convert("RGB"), "JPEG"), KEPT, is_large=True)
    yield "webp of 25 megapixels", Sent(saved(big, "WEBP", quality=1), REFUSED, is_large=True)
    yield (
        "webp of 12 megapixels",
        Sent(saved(big.crop((0, 0, 3500, 3500)), "WEBP", quality=1), KEPT, is_large=True),
    )
    yield "19 MiB behind the end", Sent(JPEG + b"\xff\xda" * (9 * MIB), KEPT, is_large=True)


def small() -> dict[str, Sent]:
    """Return everything that is handled in a moment."""
    wrong = {
        "png by the name of a jpeg": Sent(PNG, KEPT),
        "jpeg by the name of a script": Sent(JPEG, KEPT, b"x.php", b"application/x-php"),
        "photo sent as a page": Sent(JPEG, KEPT, b"x.html", b"text/html"),
        "page sent as a photo": Sent(b"<html>" + SCRIPT, REFUSED, b"x.html", b"text/html"),
        "svg sent as svg": Sent(SVG, REFUSED, b"x.svg", b"image/svg+xml"),
    }
    return (
        {name: Sent(body, REFUSED) for name, body in NO_PHOTO.items()}
        | {name: Sent(body, KEPT) for name, body in (LADEN | PLAIN).items()}
        | {name: Sent(body, EITHER) for name, body in UNSURE.items()}
        | {name: Sent(JPEG, EITHER, name=sent) for name, sent in NAMES.items()}
        | wrong
    )


def large() -> dict[str, Sent]:
    """Return what is heavy to handle."""
    return dict(_large())
