"""The drawing of a QR code for print: one SVG path, no markup of its own. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import segno

QUIET_ZONE = 4  # modules of white around the code, as the standard asks


class Drawing(NamedTuple):
    """A square of `size` modules and the path of its dark ones, to be stroked one module wide."""

    size: int
    path: str


def draw(address: str) -> Drawing:
    """Draw the address; a quarter of the code may be dirty or torn and it still reads."""
    code = segno.make(address, error="q", micro=False)
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
