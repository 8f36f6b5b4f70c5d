"""Drawn pictures for the sample: simple scenes, no photographs."""

from __future__ import annotations

import hashlib
import io
import os
import random
import tempfile
from collections.abc import Callable

from PIL import Image, ImageDraw

from petitions.rules import photos
from petitions.rules.photos import StoredPhoto

SIZE = (960, 720)
THUMB = (400, 300)
QUALITY = 82
NAME_PREFIX = "5a"  # sample pictures have a folder of their own
Draw = ImageDraw.ImageDraw
Scene = Callable[[Draw, random.Random], None]


def _ground(draw: Draw, above: str, below: str, horizon: int) -> None:
    draw.rectangle((0, 0, 960, horizon), fill=above)
    draw.rectangle((0, horizon, 960, 720), fill=below)


def _water(draw: Draw, rng: random.Random) -> None:
    _ground(draw, "#dfe3e2", "#c9cfce", 520)
    draw.rounded_rectangle((180, 460, 780, 640), 40, fill="#f4f5f4", outline="#8d9694", width=6)
    draw.rectangle((440, 150, 520, 200), fill="#7d8784")
    draw.polygon(
        [(440, 200), (640, 200), (640, 290), (600, 290), (600, 240), (440, 240)], "#98a2a0"
    )
    brown = rng.choice(("#b08b4f", "#9c7a3c", "#c2a468"))
    draw.rectangle((606, 290, 634, 540), fill=brown)
    draw.ellipse((300, 520, 700, 610), fill=brown)


def _lamp(draw: Draw, rng: random.Random) -> None:
    _ground(draw, "#1d2433", "#2b2f36", 560)
    for left in range(40, 900, 230):
        height = rng.randint(180, 330)
        draw.rectangle((left, 560 - height, left + 170, 560), fill="#2a3244")
        for y in range(580 - height, 540, 46):
            lit = rng.choice(("#d9b45a", "#3a4459", "#3a4459"))
            draw.rectangle((left + 24, y, left + 56, y + 26), fill=lit)
    draw.rectangle((470, 210, 484, 640), fill="#566074")
    draw.polygon([(477, 210), (580, 190), (580, 206), (484, 226)], "#566074")
    draw.ellipse((566, 190, 620, 216), fill="#3c4353")


def _rubbish(draw: Draw, rng: random.Random) -> None:
    _ground(draw, "#cbb9a4", "#8f8a82", 430)
    for left in (160, 420, 660):
        draw.rounded_rectangle((left, 330, left + 170, 610), 14, fill="#3f6b4f")
        draw.rectangle((left - 8, 318, left + 178, 346), fill="#2e5040")
    for _bag in range(14):
        x, y = rng.randint(90, 840), rng.randint(540, 670)
        shade = rng.choice(("#222222", "#e8e4da", "#6d7f94", "#b9483c"))
        draw.ellipse((x, y - 46, x + 92, y + 26), fill=shade)


def _snow(draw: Draw, rng: random.Random) -> None:
    _ground(draw, "#b9c7d6", "#eef2f6", 380)
    for left in range(0, 960, 240):
        draw.rectangle((left, 140, left + 200, 380), fill="#8c96a3")
        draw.rectangle((left, 126, left + 200, 146), fill="#f6f8fa")
    draw.polygon([(360, 720), (600, 720), (520, 380), (450, 380)], "#d3dce6")
    for _flake in range(160):
        x, y = rng.randint(0, 950), rng.randint(0, 700)
        draw.ellipse((x, y, x + 7, y + 7), fill="white")


def _radiator(draw: Draw, rng: random.Random) -> None:
    _ground(draw, "#e6e0d4", "#a88a66", 610)
    for left in range(230, 730, 62):
        draw.rounded_rectangle((left, 250, left + 50, 560), 18, fill="#f8f8f6", outline="#b5b1a8")
    draw.rounded_rectangle((700, 110, 850, 200), 12, fill="#2f3a40")
    for bar in range(rng.randint(2, 3)):
        draw.rectangle((724 + 40 * bar, 130, 748 + 40 * bar, 180), fill="#9fd0ff")


def _wall(draw: Draw, rng: random.Random) -> None:
    _ground(draw, "#d8cfc0", "#9a948b", 600)
    x, y = rng.randint(250, 600), 90
    for _crack in range(12):
        to = (x + rng.randint(-60, 60), y + rng.randint(30, 60))
        draw.line((x, y, *to), fill="#5c5348", width=7)
        x, y = to
    draw.ellipse((300, 200, 560, 380), fill="#c6b89f")


def _door(draw: Draw, rng: random.Random) -> None:
    _ground(draw, "#c7c2b8", "#85807a", 620)
    draw.rectangle((330, 130, 630, 620), fill="#55606a")
    draw.polygon([(330, 130), (500, 170), (500, 660), (330, 620)], "#6d7983")
    draw.rectangle((680, 300, 740, 400), fill="#30363b")
    draw.ellipse((698, 360, 722, 384), fill=rng.choice(("#b9483c", "#8c8c8c")))


def _done(draw: Draw, rng: random.Random) -> None:
    _ground(draw, "#dfe8e2", "#b5beb8", 500)
    for top in (240, 330):
        draw.rounded_rectangle((120, top, 840, top + 46), 20, fill="#6f94b5", outline="#456784")
    for x in (260, 480, 700):
        draw.rectangle((x, 226, x + 36, 392), fill=rng.choice(("#456784", "#c7a23f")))


SCENES: dict[str, Scene] = {
    "WS": _water,
    "HT": _radiator,
    "PK06": _lamp,
    "EN01": _rubbish,
    "EN02": _rubbish,
    "EN04": _snow,
    "HS": _wall,
    "PM03": _door,
    "done": _done,
}


def scene_for(code: str) -> str:
    """Return which scene fits a category, empty if none does."""
    return next((key for key in (code, code[:2]) if key in SCENES), "")


def drawn(scene: str, seed: str) -> StoredPhoto:
    """Draw a scene and put it where photos lie, under a name that is always the same."""
    rng = random.Random(seed)
    image = Image.new("RGB", SIZE)
    SCENES[scene](ImageDraw.Draw(image), rng)
    name = f"{NAME_PREFIX}/{hashlib.sha256(seed.encode()).hexdigest()[:32]}.jpg"
    body = _jpeg(image)
    _put(str(photos.path_of(name)), body)
    _put(str(photos.thumb_of(name)), _jpeg(image.resize(THUMB)))
    return StoredPhoto(name, hashlib.sha256(body).hexdigest(), len(body), *SIZE)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _put(target: str, body: bytes) -> None:
    """Write a file in one go; one that is there already is replaced."""
    folder = os.path.dirname(target)
    os.makedirs(folder, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as out:
        out.write(body)
    os.chmod(name, 0o640)
    os.replace(name, target)
