"""Writes what was found: figures as JSON, the same as tables with the bars, and charts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from benchmarks import charts, pages, server

FOLDER = server.ROOT / "benchmarks" / "results"
MOST_GROWTH, MOST_QUERIES, MOST_SEARCH = 1.3, 12, 2.0
FILING, LIST, CLIMBS, MEGABYTES = 3.0, 100.0, 300.0, 150.0
OUR_LIST, THEIR_LIST = "list, category, official", "list, one queue, all years"
Found = dict[str, Any]


def write(found: Found) -> None:
    """Write all of it; a quick run writes beside the results that are kept."""
    folder = server.VAR / "results" if found["quick"] else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    found["bars"] = bars(found)
    text = "\n".join(_lines(found)) + "\n"
    (folder / "bench.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    (folder / "bench.md").write_text(text)
    charts.draw(found, folder)
    print(text, flush=True)


def bars(found: Found) -> list[dict[str, Any]]:
    """Hold every figure against its bar."""
    small, large = _ends(found)
    grown = {name: _ratio(found, name) for name in found["pages"]}
    verbs = {n: t[large]["p95"] / t[small]["p95"] for n, t in found["verbs"].items()}
    questions = [row["queries"] for size in found["asked"].values() for row in size.values()]
    questions += list(found["verb_queries"].values())
    theirs, ours = found["rival"], found["filing"]
    made = [
        _most("queue: p95 at the largest over the smallest", grown, pages.QUEUE, MOST_GROWTH),
        _most("filtered list: p95 ratio", grown, pages.LISTS, MOST_GROWTH),
        _most("case page: p95 ratio", grown, pages.CASES, MOST_GROWTH),
        _most("verb: p95 ratio", verbs, list(verbs), MOST_GROWTH),
        _most("search of two characters: p95 ratio", grown, pages.SEARCHES, MOST_SEARCH),
        _bar("most queries of a page or verb", max(questions), MOST_QUERIES, is_most=True),
    ]
    filing = ours[large]["per_second"] / theirs[large]["eight"]["per_second"]
    made.append(_bar("filing by API, 8 clients, over django-helpdesk's", filing, FILING))
    listed = theirs[large]["pages"][THEIR_LIST]["p50"] / found["pages"][OUR_LIST][large]["p50"]
    made.append(_bar("filtered list: times faster than django-helpdesk's", listed, LIST))
    made.append(_bar("cases escalated a second", found["sweep"]["per_second"], CLIMBS))
    worker = max(part for memory in found["memory"].values() for part in memory["pss"][1:])
    made.append(_bar("largest web worker, MB", worker, MEGABYTES, is_most=True))
    broken = sum(found["verdict"]["verdict"].values())
    made.append(_bar("broken promises after all of it", broken, 0, is_most=True))
    return made


def _most(name: str, figures: dict[str, float], among: Iterable[str], bar: float) -> dict[str, Any]:
    worst = max(among, key=figures.__getitem__)
    return _bar(f"{name} (worst: {worst})", figures[worst], bar, is_most=True)


def _bar(name: str, value: float, bar: float, *, is_most: bool = False) -> dict[str, Any]:
    holds = value <= bar if is_most else value >= bar
    return {"name": name, "value": round(value, 2), "bar": bar, "most": is_most, "holds": holds}


def _ends(found: Found) -> tuple[str, str]:
    sizes = list(found["sizes"])
    return sizes[0], sizes[-1]


def _ratio(found: Found, name: str) -> float:
    small, large = _ends(found)
    by_size = found["pages"][name]
    return float(by_size[large]["p95"] / by_size[small]["p95"])


def _lines(found: Found) -> list[str]:
    return [
        *_head(found),
        *_bars(found["bars"]),
        *_pages(found),
        *_verbs(found),
        *_filing(found),
        *_rival(found),
        *_rest(found),
    ]


def _head(found: Found) -> list[str]:
    machine = found["machine"]
    sizes = "; ".join(
        f"{name}: {size['cases']:,} cases, {size['open']:,} open, {size['events']:,} events,"
        f" {size['megabytes']:,} MB"
        for name, size in found["sizes"].items()
    )
    where = (
        f"{machine['at']}, {machine['processor']}, {machine['cores']} cores shared by web, database"
        f" and clients, {machine['memory_gb']} GB, Python {machine['python']}, PostgreSQL"
        f" {found['postgres']}; load before: {machine['load_before']:.1f};"
        f" {found['minutes']} minutes."
    )
    return [
        "# Measured",
        "",
        where,
        "",
        f"Sizes: {sizes}.",
        "",
    ]


def _bars(made: list[dict[str, Any]]) -> list[str]:
    rows = [
        f"| {bar['name']} | {bar['value']:,} | {'≤' if bar['most'] else '≥'} {bar['bar']:g}"
        f" | {'yes' if bar['holds'] else '**no**'} |"
        for bar in made
    ]
    return ["| bar | seen | wanted | holds |", "|---|---|---|---|", *rows, ""]


def _pages(found: Found) -> list[str]:
    small, large = _ends(found)
    sizes = list(found["sizes"])
    head = " | ".join(f"{size}: p50 / p95 / p99" for size in sizes)
    lines = [
        "## Pages (milliseconds)",
        "",
        "Every page is asked of every size in turn, so that all have the same weather.",
        "",
        f"| page | queries | rows, {small} → {large} | {head} | p95 ratio | raw SQL, {large} |",
        "|---|---|---|" + "---|" * (len(sizes) + 2),
    ]
    for name, by_size in found["pages"].items():
        asked = [found["asked"][size].get(name) for size in (small, large)]
        times = " | ".join(_times(by_size[size]) for size in sizes)
        queries = f"{asked[1]['queries']}" if asked[1] else "–"
        rows = f"{asked[0]['rows_read']:,} → {asked[1]['rows_read']:,}" if all(asked) else "–"
        alone = f"{asked[1]['raw_ms']:.1f}" if asked[1] else "–"
        lines.append(
            f"| {name} | {queries} | {rows} | {times} | {_ratio(found, name):.2f} | {alone} |"
        )
    lines += [
        "",
        "Eight clients at once:",
        "",
        f"| page | {small}: a second | {large} |",
        "|---|---|---|",
    ]
    for name in found["crowd"][small]:
        seen = (found["crowd"][size][name] for size in (small, large))
        row = " | ".join(f"{one['per_second']:,} (p95 {one['p95']:,.0f} ms)" for one in seen)
        lines.append(f"| {name} | {row} |")
    return [*lines, ""]


def _verbs(found: Found) -> list[str]:
    small, large = _ends(found)
    sizes = list(found["sizes"])
    head = " | ".join(f"{size}: p50 / p95 / p99" for size in sizes)
    lines = ["## Verbs (milliseconds)", "", f"| verb | queries | {head} | p95 ratio |"]
    lines.append("|---|---|" + "---|" * (len(sizes) + 1))
    for name, by_size in found["verbs"].items():
        times = " | ".join(_times(by_size[size]) for size in sizes)
        ratio = by_size[large]["p95"] / by_size[small]["p95"]
        lines.append(f"| {name} | {found['verb_queries'].get(name, '–')} | {times} | {ratio:.2f} |")
    return [*lines, ""]


def _filing(found: Found) -> list[str]:
    lines = [
        "## Filing by API, eight clients",
        "",
        "| | a second | p50 | p95 | share of raw SQL |",
        "|---|---|---|---|---|",
    ]
    for size in found["filing"]:
        ours, floor = found["filing"][size], found["raw_filing"][size]
        theirs = found["rival"][size]["eight"]
        share = ours["per_second"] / floor["per_second"]
        for name, row, said in (
            (f"report, {size}", ours, f"{share:.0%}"),
            (f"raw SQL for the same rows, {size}", floor, "100%"),
            (f"django-helpdesk's ticket, {size}", theirs, "–"),
        ):
            lines.append(
                f"| {name} | {row['per_second']:,} | {row['p50']:.1f} | {row['p95']:.1f} | {said} |"
            )
    return [*lines, ""]


def _rival(found: Found) -> list[str]:
    small, large = _ends(found)
    lines = [
        "## django-helpdesk, same PostgreSQL (milliseconds, p50)",
        "",
        f"| | {small} | {large} | ours at {large} | times |",
        "|---|---|---|---|---|",
    ]
    ours = {
        "list, one queue, all years": OUR_LIST,
        "list, one queue, open": "list, open, official",
        "ticket": "case, ended",
        "report page": "overview",
    }
    for name, other in ours.items():
        at = [found["rival"][size]["pages"][name]["p50"] for size in (small, large)]
        own = found["pages"][other][large]["p50"]
        lines.append(
            f"| {name} / {other} | {at[0]:,.0f} | {at[1]:,.0f} | {own:,.1f} | {at[1] / own:,.1f} |"
        )
    return [*lines, ""]


def _rest(found: Found) -> list[str]:
    sweep = found["sweep"]
    climbed = (
        f"{sweep['fired']:,} limits passed at once: {sweep['seconds']} s, {sweep['per_second']:,}"
        f" cases a second with one worker; a sweep with nothing due: {sweep['idle_ms']} ms."
    )
    lines = [
        "## Sweep and memory",
        "",
        climbed,
        "",
    ]
    for size, memory in found["memory"].items():
        master, *workers = memory["pss"]
        own = ", ".join(f"{worker} MB" for worker in workers)
        seen = ", ".join(f"{worker} MB" for worker in memory["rss"][1:])
        lines.append(f"Web on {size}, PSS: master {master} MB, workers {own} (RSS {seen}).")
    broken = found["verdict"]["verdict"]
    lines += ["", f"Integrity after all of it, broken promises: {broken or 'none'}.", ""]
    return lines


def _times(figures: dict[str, float]) -> str:
    return f"{figures['p50']:.1f} / {figures['p95']:.1f} / {figures['p99']:.1f}"
