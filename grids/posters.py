"""QR code drawings for print: one SVG path. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import segno

QUIET_ZONE = 4  # white modules around the code (ISO/IEC 18004)


class Drawing(NamedTuple):
    """A square of `size` modules and the path of its dark modules, stroke width one module."""

    size: int
    path: str


def draw(url: str) -> Drawing:
    """Draw the URL with error correction level Q (readable with 25 % of the code damaged)."""
    code = segno.make(url, error="q", micro=False)
    strokes = []
    for row, modules in enumerate(code.matrix, start=QUIET_ZONE):
        column = QUIET_ZONE
        for dark, run in groupby(modules):
            length = len(list(run))
            if dark:
                strokes.append(f"M{column} {row}.5h{length}")
            column += length
    size = len(code.matrix) + 2 * QUIET_ZONE
    return Drawing(size, "".join(strokes))
