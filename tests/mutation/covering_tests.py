"""Which tests run a line of the rules, and how long each test takes.

The map is kept in `var/mutation/coverage.json`. A changed test file is measured alone; a changed
module of the rules is a reason to measure everything, because its lines have moved.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import time
from collections import defaultdict
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.mutation import processes
from tests.mutation.processes import ROOT, STORE

TEST_PATHS = (
    *("tests/petitions", "tests/grids", "tests/branches", "tests/members/rights"),
    *("tests/test_access.py", "tests/test_access_residents.py", "tests/test_leaks.py"),
    *("tests/test_counts.py", "tests/test_search_scope.py", "tests/test_withdrawal.py"),
)
RULE_FILES = (
    *("petitions/permissions.py", "petitions/actors.py", "petitions/refusals.py"),
    *("petitions/involvement.py", "petitions/relations.py"),
    *("petitions/separation_of_duties.py", "petitions/case_holders.py", "petitions/states.py"),
    *("petitions/confidential_contacts.py", "petitions/case_workers.py", "petitions/exclusion.py"),
    "petitions/resident_words.py",
    *("petitions/rules/*.py", "petitions/workflow/*.py", "petitions/models/*.py"),
    "grids/calendar/*.py",
)
EXCLUDED = "not browser and not journey and not slow"
TIMEOUT = 3600.0  # seconds for all tests of one process


def rule_files() -> list[str]:
    """Return the modules that are changed, by their path in the checkout."""
    found = (path for pattern in RULE_FILES for path in sorted(ROOT.glob(pattern)))
    return [str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py"]


def test_files() -> list[str]:
    """Return the files of the tests that are to notice a change."""
    found: list[Path] = []
    for name in TEST_PATHS:
        path = ROOT / name
        found += sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
    return [str(path.relative_to(ROOT)) for path in found]


class CoverageMap:
    """The tests of each line and the seconds of each test, read from the store."""

    def __init__(self, path: Path = STORE / "coverage.json") -> None:
        self.path = path
        stored = json.loads(path.read_text()) if path.exists() else {}
        self.digests: dict[str, str] = stored.get("digests", {})
        self.seconds: dict[str, float] = stored.get("seconds", {})
        self.lines: dict[str, dict[str, list[str]]] = stored.get("lines", {})

    def refresh(self, jobs: int) -> None:
        """Measure what has changed since the map was stored."""
        current = {name: _digest(name) for name in (*rule_files(), *test_files())}
        if any(self.digests.get(name) != current[name] for name in rule_files()):
            self.digests, self.seconds, self.lines = {}, {}, {}
        stale = [name for name in test_files() if self.digests.get(name) != current[name]]
        self._forget({*stale, *self.digests} - (current.keys() - set(stale)))
        if stale:
            print(f"Measuring which lines {len(stale)} test files run ...", flush=True)
            for path in _measure(stale, jobs):
                self._add(json.loads(path.read_text()))
        self.digests = current
        content = {"digests": self.digests, "seconds": self.seconds, "lines": self.lines}
        self.path.write_text(json.dumps(content))

    def tests_of(self, file: str, lines: Iterable[int]) -> list[str]:
        """Return the tests that run one of the lines: first the files about the module, by time.

        A line that runs only when its module is imported has the tests of the functions that use
        what it defines, and all tests of the files that name it or the module.
        """
        about = {name for name in self.digests if _is_about(name, file)}
        found = self._tests_at({file: set(lines)})
        if not found:
            about |= {name for name in test_files() if _names(name, defined_at(file, min(lines)))}
            found = {test for test in self.seconds if test.partition("::")[0] in about}
            found |= self._tests_at(lines_that_use(file, min(lines)))
        return sorted(
            found,
            key=lambda test: (test.partition("::")[0] not in about, self.seconds[test], test),
        )

    def _tests_at(self, lines: dict[str, set[int]]) -> set[str]:
        return {
            test
            for file, numbers in lines.items()
            for number in numbers
            for test in self.lines.get(file, {}).get(str(number), ())
            if test in self.seconds
        }

    def _forget(self, files: set[str]) -> None:
        self.seconds = {
            test: spent
            for test, spent in self.seconds.items()
            if test.partition("::")[0] not in files
        }
        for by_line in self.lines.values():
            for line, tests in by_line.items():
                by_line[line] = [test for test in tests if test in self.seconds]

    def _add(self, measured: dict[str, Any]) -> None:
        self.seconds |= measured["seconds"]
        for file, by_line in measured["lines"].items():
            mine = self.lines.setdefault(file, {})
            for line, tests in by_line.items():
                mine[line] = [*mine.get(line, ()), *tests]


def _digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def _is_about(test_file: str, file: str) -> bool:
    return f"/test_{Path(file).stem.rstrip('s')}" in test_file


def _names(test_file: str, names: set[str]) -> bool:
    words = "|".join(map(re.escape, names))
    return bool(re.search(rf"\b({words})\b", (ROOT / test_file).read_text())) if names else False


def defined_at(file: str, line: int) -> set[str]:
    """Return the names that the statement at a line of the top level defines."""
    body = ast.parse((ROOT / file).read_text()).body
    statements = [node for node in body if node.lineno <= line <= (node.end_lineno or 0)]
    return set().union(*(_defined(node) for node in statements))


def lines_that_use(file: str, line: int) -> dict[str, set[int]]:
    """Return the lines of all functions that use what is defined at the top level at `line`.

    Followed through other top-level definitions, and through imports, which never rename.
    """
    modules = {name: ast.parse((ROOT / name).read_text()).body for name in rule_files()}
    names = defined_at(file, line)
    found: dict[str, set[int]] = defaultdict(set)
    known = 0
    while len(names) > known:
        known = len(names)
        for name, body in modules.items():
            for node in body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    for function in ast.walk(node):
                        if isinstance(function, ast.FunctionDef) and _mentions(function, names):
                            found[name] |= set(range(function.lineno, function.end_lineno or 0))
                            found[name].add(function.end_lineno or 0)
                elif not isinstance(node, ast.ImportFrom) and _mentions(node, names):
                    names |= _defined(node)
    return found


def _defined(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


def _mentions(node: ast.AST, names: set[str]) -> bool:
    return any(
        (isinstance(each, ast.Name) and each.id in names)
        or (isinstance(each, ast.Attribute) and each.attr in names)
        for each in ast.walk(node)
    )


# --- Measurement ------------------------------------------------------------------------------


def _measure(files: list[str], jobs: int) -> list[Path]:
    """Run test files in child processes; return the files with what they recorded."""
    targets, running = [], []
    for number in range(jobs):
        if mine := files[number::jobs]:
            target = STORE / f"measured-{number}.json"
            target.unlink(missing_ok=True)
            running.append(
                processes.start(
                    number, TIMEOUT, ["-m", EXCLUDED, *mine], lambda at=target: [Recorder(at)]
                )
            )
            targets.append(target)
    while running:
        time.sleep(0.5)
        running = [process for process in running if process.status() is None]
    return targets


class Recorder:
    """Plugin that records the lines and the seconds of every test that passes."""

    def __init__(self, target: Path) -> None:
        import coverage

        self.target = target
        files = [str(ROOT / name) for name in rule_files()]
        self.coverage = coverage.Coverage(data_file=None, config_file=False, include=files)
        self.coverage.start()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.failed: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop the copies that tests/mutants adds; they pass when the test fails."""
        items[:] = [item for item in items if "[mutant: " not in item.nodeid]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Attribute the lines that run from now on to this test."""
        self.coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the phases of a test."""
        self.seconds[report.nodeid] += report.duration
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write what this process recorded."""
        self.coverage.stop()
        data = self.coverage.get_data()
        lines = {
            str(Path(path).relative_to(ROOT)): {
                str(line): [test for test in tests if test]
                for line, tests in data.contexts_by_lineno(path).items()
            }
            for path in data.measured_files()
        }
        seconds = {test: spent for test, spent in self.seconds.items() if test not in self.failed}
        self.target.write_text(json.dumps({"seconds": seconds, "lines": lines}))
