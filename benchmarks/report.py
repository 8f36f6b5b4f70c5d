"""Write the results of a run: figures as JSON, tables with the bars, and charts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import charts, pages, server

FOLDER = server.ROOT / "benchmarks" / "results"
MOST_GROWTH, MOST_QUERIES, MOST_SEARCH = 1.3, 12, 2.0
FILING, LIST, ESCALATIONS, MEGABYTES = 3.0, 100.0, 300.0, 150.0
OUR_LIST, THEIR_LIST = "list, category, official", "list, one queue, all years"
Results = dict[str, Any]


def write(results: Results, folder: Path) -> str:
    """Write figures, tables and charts into a folder; return the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(_lines(results)) + "\n"
    (folder / "bench.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    (folder / "bench.md").write_text(text)
    charts.draw(results, folder)
    return text


def bars(results: Results) -> list[dict[str, Any]]:
    """Compare every figure with its bar."""
    small, large = _ends(results)
    grown = {name: _ratio(results, name) for name in results["pages"]}
    verbs = {n: t[large]["p95"] / t[small]["p95"] for n, t in results["verbs"].items()}
    queries = [row["queries"] for size in results["queries"].values() for row in size.values()]
    queries += list(results["verb_queries"].values())
    theirs, ours = results["helpdesk"], results["filing"]
    made = [
        _most("queue: p95 at the largest over the smallest", grown, pages.QUEUE, MOST_GROWTH),
        _most("filtered list: p95 ratio", grown, pages.LISTS, MOST_GROWTH),
        _most("case page: p95 ratio", grown, pages.CASES, MOST_GROWTH),
        _most("verb: p95 ratio", verbs, list(verbs), MOST_GROWTH),
        _most("search of two characters: p95 ratio", grown, pages.SEARCHES, MOST_SEARCH),
        _bar("most queries of a page or verb", max(queries), MOST_QUERIES, is_most=True),
    ]
    filing = ours[large]["per_second"] / theirs[large]["eight"]["per_second"]
    made.append(_bar("filing by API, 8 clients, over django-helpdesk's", filing, FILING))
    listed = theirs[large]["pages"][THEIR_LIST]["p50"] / results["pages"][OUR_LIST][large]["p50"]
    made.append(_bar("filtered list: times faster than django-helpdesk's", listed, LIST))
    made.append(_bar("cases escalated a second", results["sweep"]["per_second"], ESCALATIONS))
    worker = max(part for memory in results["memory"].values() for part in memory["pss"][1:])
    made.append(_bar("largest web worker, MB", worker, MEGABYTES, is_most=True))
    broken = sum(results["check"]["broken"].values())
    made.append(_bar("violated integrity checks after the run", broken, 0, is_most=True))
    return made


def _most(name: str, figures: dict[str, float], among: Iterable[str], bar: float) -> dict[str, Any]:
    worst = max(among, key=figures.__getitem__)
    return _bar(f"{name} (worst: {worst})", figures[worst], bar, is_most=True)


def _bar(name: str, value: float, bar: float, *, is_most: bool = False) -> dict[str, Any]:
    holds = value <= bar if is_most else value >= bar
    return {"name": name, "value": round(value, 2), "bar": bar, "most": is_most, "holds": holds}


def _ends(results: Results) -> tuple[str, str]:
    sizes = list(results["sizes"])
    return sizes[0], sizes[-1]


def _ratio(results: Results, name: str) -> float:
    small, large = _ends(results)
    by_size = results["pages"][name]
    return float(by_size[large]["p95"] / by_size[small]["p95"])


def _lines(results: Results) -> list[str]:
    return [
        *_head(results),
        *_bars(results["bars"]),
        *_pages(results),
        *_verbs(results),
        *_filing(results),
        *_helpdesk(results),
        *_rest(results),
    ]


def _head(results: Results) -> list[str]:
    machine = results["machine"]
    sizes = "; ".join(
        f"{name}: {size['cases']:,} cases, {size['open']:,} open, {size['events']:,} events,"
        f" {size['megabytes']:,} MB"
        for name, size in results["sizes"].items()
    )
    where = (
        f"{machine['at']}, {machine['processor']}, {machine['cores']} cores shared by web, database"
        f" and clients, {machine['memory_gb']} GB, Python {machine['python']}, PostgreSQL"
        f" {results['postgres']}; load before: {machine['load_before']:.1f};"
        f" {results['minutes']} minutes."
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


def _pages(results: Results) -> list[str]:
    small, large = _ends(results)
    sizes = list(results["sizes"])
    head = " | ".join(f"{size}: p50 / p95 / p99" for size in sizes)
    lines = [
        "## Pages (milliseconds)",
        "",
        "Interleaved runs: every page is requested from every size in turn.",
        "",
        f"| page | queries | rows, {small} → {large} | {head} | p95 ratio | raw SQL, {large} |",
        "|---|---|---|" + "---|" * (len(sizes) + 2),
    ]
    for name, by_size in results["pages"].items():
        counts = [results["queries"][size].get(name) for size in (small, large)]
        times = " | ".join(_times(by_size[size]) for size in sizes)
        queries = f"{counts[1]['queries']}" if counts[1] else "–"
        rows = f"{counts[0]['rows_read']:,} → {counts[1]['rows_read']:,}" if all(counts) else "–"
        sql_only = f"{counts[1]['raw_ms']:.1f}" if counts[1] else "–"
        lines.append(
            f"| {name} | {queries} | {rows} | {times} | {_ratio(results, name):.2f} | {sql_only} |"
        )
    lines += [
        "",
        "Eight clients at once:",
        "",
        f"| page | {small}: a second | {large} |",
        "|---|---|---|",
    ]
    for name in results["load"][small]:
        loads = (results["load"][size][name] for size in (small, large))
        row = " | ".join(f"{load['per_second']:,} (p95 {load['p95']:,.0f} ms)" for load in loads)
        lines.append(f"| {name} | {row} |")
    return [*lines, ""]


def _verbs(results: Results) -> list[str]:
    small, large = _ends(results)
    sizes = list(results["sizes"])
    head = " | ".join(f"{size}: p50 / p95 / p99" for size in sizes)
    lines = ["## Verbs (milliseconds)", "", f"| verb | queries | {head} | p95 ratio |"]
    lines.append("|---|---|" + "---|" * (len(sizes) + 1))
    for name, by_size in results["verbs"].items():
        times = " | ".join(_times(by_size[size]) for size in sizes)
        ratio = by_size[large]["p95"] / by_size[small]["p95"]
        lines.append(
            f"| {name} | {results['verb_queries'].get(name, '–')} | {times} | {ratio:.2f} |"
        )
    return [*lines, ""]


def _filing(results: Results) -> list[str]:
    lines = [
        "## Filing by API, eight clients",
        "",
        "| | a second | p50 | p95 | share of raw SQL |",
        "|---|---|---|---|---|",
    ]
    for size in results["filing"]:
        ours, floor = results["filing"][size], results["raw_filing"][size]
        theirs = results["helpdesk"][size]["eight"]
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


def _helpdesk(results: Results) -> list[str]:
    small, large = _ends(results)
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
        at = [results["helpdesk"][size]["pages"][name]["p50"] for size in (small, large)]
        own = results["pages"][other][large]["p50"]
        lines.append(
            f"| {name} / {other} | {at[0]:,.0f} | {at[1]:,.0f} | {own:,.1f} | {at[1] / own:,.1f} |"
        )
    return [*lines, ""]


def _rest(results: Results) -> list[str]:
    sweep = results["sweep"]
    escalated = (
        f"{sweep['expired']:,} deadlines passed at once: {sweep['seconds']} s,"
        f" {sweep['per_second']:,} cases a second with one worker; a sweep with nothing due:"
        f" {sweep['idle_ms']} ms."
    )
    lines = [
        "## Sweep and memory",
        "",
        escalated,
        "",
    ]
    for size, memory in results["memory"].items():
        master, *workers = memory["pss"]
        workers_pss = ", ".join(f"{worker} MB" for worker in workers)
        workers_rss = ", ".join(f"{worker} MB" for worker in memory["rss"][1:])
        lines.append(
            f"Web server on {size}, PSS: master {master} MB, workers {workers_pss}"
            f" (RSS {workers_rss})."
        )
    broken = results["check"]["broken"]
    lines += ["", f"Violated integrity checks after the run: {broken or 'none'}.", ""]
    return lines


def _times(figures: dict[str, float]) -> str:
    return f"{figures['p50']:.1f} / {figures['p95']:.1f} / {figures['p99']:.1f}"
