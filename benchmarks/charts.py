"""Draw the charts as SVG: horizontal bars with labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

WIDTH, ROW, LEFT, RIGHT, TOP = 760, 26, 270, 90, 44
COLOURS = ("#8fb3a3", "#3d7d68", "#1f4f41")
INK = "#24302c"
LETTERS = 'role="img" font-family="sans-serif" font-size="12"'
Group = tuple[str, list[float]]


def draw(results: dict[str, Any], folder: Path) -> None:
    """Draw growth, the comparison with django-helpdesk, and filing."""
    sizes = list(results["sizes"])
    growth = [
        (name, [by_size[size]["p95"] for size in sizes])
        for name, by_size in results["pages"].items()
    ]
    _write(folder / "growth.svg", "Pages: p95 in milliseconds", sizes, growth)
    large = sizes[-1]
    filing = [
        ("raw SQL, same rows", [results["raw_filing"][large]["per_second"]]),
        ("report by API", [results["filing"][large]["per_second"]]),
        ("django-helpdesk's ticket by API", [results["helpdesk"][large]["eight"]["per_second"]]),
    ]
    _write(folder / "filing.svg", f"Filing a second, eight clients, {large}", [large], filing)
    pairs = (
        ("filtered list", "list, category, official", "list, one queue, all years"),
        ("case / ticket", "case, ended", "ticket"),
        ("overview / report page", "overview", "report page"),
    )
    rows: list[Group] = []
    for label, own, theirs in pairs:
        rows.append((f"{label}, here", [results["pages"][own][large]["p50"]]))
        rows.append((f"{label}, helpdesk", [results["helpdesk"][large]["pages"][theirs]["p50"]]))
    _write(folder / "helpdesk.svg", f"Milliseconds at {large}, p50", [large], rows)


def _write(path: Path, title: str, series: list[str], groups: list[Group]) -> None:
    path.write_text(svg(title, series, groups) + "\n", encoding="utf-8")


def svg(title: str, series: list[str], groups: list[Group]) -> str:
    """Return a bar chart, a row of bars for each group, scaled to the longest bar."""
    most = max(value for _name, values in groups for value in values) or 1
    thick = ROW / len(series) * 0.8
    height = TOP + len(groups) * (ROW + 8) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {LETTERS}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="20" font-weight="bold" fill="{INK}">{escape(title)}</text>',
    ]
    shades = COLOURS[-len(series) :]
    for place, name in enumerate(series if len(series) > 1 else []):
        x = LEFT + place * 90
        parts.append(f'<rect x="{x}" y="28" width="10" height="10" fill="{shades[place]}"/>')
        parts.append(f'<text x="{x + 15}" y="37" fill="{INK}">{escape(name)}</text>')
    for row, (name, values) in enumerate(groups):
        y = TOP + row * (ROW + 8)
        middle = y + ROW / 2 + 4
        parts.append(
            f'<text x="{LEFT - 10}" y="{middle:.1f}" text-anchor="end" fill="{INK}">'
            f"{escape(name)}</text>"
        )
        for place, value in enumerate(values):
            length = max(1.0, value / most * (WIDTH - LEFT - RIGHT))
            at = y + place * thick
            parts.append(
                f'<rect x="{LEFT}" y="{at:.1f}" width="{length:.1f}" height="{thick:.1f}"'
                f' fill="{shades[place]}"/>'
            )
        parts.append(
            f'<text x="{LEFT + max(1.0, max(values) / most * (WIDTH - LEFT - RIGHT)) + 6:.1f}"'
            f' y="{middle:.1f}" fill="{INK}">{values[-1]:,.0f}</text>'
        )
    return "\n".join([*parts, "</svg>"])
