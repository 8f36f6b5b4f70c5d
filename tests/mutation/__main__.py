"""Draw small changes to the rules at random, and list those that no test notices.

`make mutants ARGS="--seed 7 --count 200"`. A repeated command continues: it tries what is left, and
what survived before. Exit 0 if every change was noticed or is listed in `equivalent.toml`, with at
least 97 % noticed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.mutation import mutations, processes
from tests.mutation.covering_tests import CoverageMap, rule_files
from tests.mutation.mutations import Mutation
from tests.mutation.processes import ROOT, STORE, ChildRun, Selection

MIN_KILLED = 0.97
FIRST = 40  # tests that are run before the rest of those that cover a line
CONTROL_EVERY = 20  # one unchanged module for so many changes: a test must not fail by itself
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
TIMEOUT = "timeout"
KILLED, SURVIVED, FLAWED = "killed", "survived", "failed unchanged"
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
Key = tuple[str, str, str, str]


@dataclass
class Trial:
    """The runs of tests for one mutation; a control runs them without it."""

    mutation: Mutation
    left: list[list[str]]
    is_control: bool = False
    outcome: str = ""
    by: str = ""
    run: ChildRun | None = field(default=None, repr=False)


def main() -> int:
    """Draw, run and report; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--module", default="", help="only files whose path contains this")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--rest", type=float, default=90.0, help="seconds of further tests before it has survived"
    )
    parser.add_argument("--again", action="store_true", help="forget the results of this seed")
    arguments = parser.parse_args()
    everything = all_mutations(arguments.module)
    drawn = draw(everything, arguments.seed, arguments.count)
    stored = STORE / f"results-{arguments.seed}.json"
    results = {} if arguments.again or not stored.exists() else _read(stored)
    left = [each for each in drawn if results.get(each.key, [""])[0] != KILLED]
    left.sort(key=lambda each: each.key in results)  # what has not been tried comes first
    print(f"{len(drawn)} of {len(everything)} changes drawn, {len(left)} to try.", flush=True)
    with processes.services():
        coverage = CoverageMap()
        coverage.refresh(arguments.jobs)
        for trial in run(left, coverage, arguments.jobs, arguments.rest):
            if trial.is_control and trial.outcome == SURVIVED:
                continue
            outcome = FLAWED if trial.is_control else trial.outcome
            results[trial.mutation.key] = (outcome, trial.by)
            stored.write_text(json.dumps([[*key, *value] for key, value in results.items()]))
            if outcome != KILLED:
                print(f"{outcome}: {trial.mutation} {trial.by}", flush=True)
    return report(drawn, results, everything)


def all_mutations(module: str) -> list[Mutation]:
    """Return the mutations of the rules, in the modules whose path contains `module`."""
    enums = mutations.enum_members(ROOT)
    return [
        mutation
        for file in rule_files()
        if module in file
        for mutation in mutations.of_module(file, (ROOT / file).read_text(), enums)
    ]


def _read(path: Path) -> dict[Key, tuple[str, str]]:
    return {tuple(row[:4]): (row[4], row[5]) for row in json.loads(path.read_text())}


def draw(everything: list[Mutation], seed: int, count: int) -> list[Mutation]:
    """Draw changes at random: the same ones as before where the code has stayed the same."""

    def lot(mutation: Mutation) -> bytes:
        return hashlib.sha256(repr((seed, mutation.key)).encode()).digest()

    return sorted(everything, key=lot)[:count]


def run(
    drawn: list[Mutation], coverage: CoverageMap, jobs: int, rest_seconds: float
) -> Iterator[Trial]:
    """Try the mutations in `jobs` processes; yield the trials as they end.

    A line of every request has two thousand tests. Of those behind the first, only some are run.
    """
    waiting = []
    for place, mutation in enumerate(drawn):
        tests = coverage.tests_of(mutation.file, mutation.lines)
        first, rest = tests[:FIRST], within(rest_seconds, tests[FIRST:], coverage)
        waiting.append(Trial(mutation, [part for part in (first, rest) if part]))
        if place % CONTROL_EVERY == 0 and first:
            waiting.append(Trial(mutation, [first], is_control=True))
    running: list[Trial] = []
    while waiting or running:
        while waiting and len(running) < jobs:
            trial = waiting.pop(0)
            free = set(range(jobs)) - {each.run.database for each in running if each.run}
            if _start_next(trial, coverage, min(free)):
                running.append(trial)
            else:
                yield trial
        time.sleep(0.05)
        for trial in list(running):
            if _has_ended(trial, coverage):
                running.remove(trial)
                yield trial


def within(seconds: float, tests: list[str], coverage: CoverageMap) -> list[str]:
    """Return tests that take `seconds` together, of as many files as possible."""
    place_in_file: Counter[str] = Counter()
    order = {}
    for test in tests:
        file = test.partition("::")[0]
        order[test] = place_in_file[file]
        place_in_file[file] += 1
    chosen = []
    for test in sorted(tests, key=lambda test: order[test]):
        seconds -= coverage.seconds[test]
        if seconds >= 0:
            chosen.append(test)
    return chosen


def _start_next(trial: Trial, coverage: CoverageMap, database: int) -> bool:
    """Start the next part of the tests; without one, the mutation has survived."""
    if not trial.left:
        trial.outcome = SURVIVED
        return False
    tests = trial.left.pop(0)
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    timeout = 60 + 4 * sum(coverage.seconds[test] for test in tests)
    trial.run = processes.start(
        database,
        timeout,
        ["-x", *files],
        lambda: [Selection(tests, set(coverage.seconds))],
        None if trial.is_control else (trial.mutation.file, trial.mutation.source),
    )
    return True


def _has_ended(trial: Trial, coverage: CoverageMap) -> bool:
    assert trial.run
    status = trial.run.status()
    if status is None:
        return False
    if status in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        return not _start_next(trial, coverage, trial.run.database)
    output = trial.run.log.read_text(errors="replace")
    found = _FAILED.search(output)
    if status == pytest.ExitCode.INTERRUPTED and not found:
        raise KeyboardInterrupt  # the child got Ctrl-C as well, so no test noticed the change
    trial.outcome = KILLED
    trial.by = found[1] if found else TIMEOUT if status < 0 else f"exit status {status}"
    return True


def report(
    drawn: list[Mutation], results: dict[Key, tuple[str, str]], everything: list[Mutation]
) -> int:
    """Print the figures, what survived, and what is wrong in the list; return the exit status."""
    listed = {
        (row["file"], row["function"], row["old"], row["new"]): row["reason"]
        for row in tomllib.loads(EQUIVALENT.read_text())["equivalent"]
    }
    outcomes = {each.key: results.get(each.key, ("not tried", ""))[0] for each in drawn}
    figures = Counter(outcomes.values())
    open_ones = [each for each in drawn if outcomes[each.key] != KILLED and each.key not in listed]
    print(f"\nKilled: {figures[KILLED]} of {len(drawn)} ({figures[KILLED] / len(drawn):.1%}).")
    slow = [each for each in drawn if results.get(each.key) == (KILLED, TIMEOUT)]
    for each in slow:
        print(f"killed by a timeout: {each}")
    print(f"Listed as equivalent: {len(drawn) - figures[KILLED] - len(open_ones)}.")
    for each in open_ones:
        print(f"{outcomes[each.key]}: {each}")
    for key in listed:
        if outcomes.get(key) == KILLED:
            print(f"Listed as equivalent, but killed by {results[key][1]}: {key}")
    for key in listed.keys() - {each.key for each in everything}:
        if any(each.file == key[0] for each in everything):
            print(f"Listed as equivalent, but no such change exists any more: {key}")
    return int(bool(open_ones) or figures[KILLED] < MIN_KILLED * len(drawn))


if __name__ == "__main__":
    sys.exit(main())
