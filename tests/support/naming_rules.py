"""Rules for names, read from the source; the names to avoid are in tests/data/names.toml.

Each rule takes sources and returns a finding per violation, so that test_naming.py can show every
rule failing on a planted violation.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.support.architecture_rules import CODE, ROOT, Source, sources

FRAMEWORK_CLASSES = frozenset({"Command", "Meta", "Migration"})  # the framework asks for the name
GENERATED = frozenset({"migrations", "vendor", "__pycache__"})
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class Finding:
    """A violation: where it is, the name or fact, and what to do instead."""

    path: str
    line: int
    fact: str
    advice: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.fact}" + (f" -> {self.advice}" if self.advice else "")


@dataclass(frozen=True)
class Identifier:
    """A name that a source defines: kind is module, class, function, variable or constant."""

    path: str
    line: int
    kind: str
    name: str

    def finding(self, advice: str) -> Finding:
        """Report this name."""
        return Finding(self.path, self.line, f"{self.kind} {self.name}", advice)


@cache
def avoided() -> dict[str, Any]:
    """Read the names to avoid."""
    return tomllib.loads((ROOT / "tests" / "data" / "names.toml").read_text(encoding="utf-8"))


@cache
def product() -> list[Source]:
    """Read the product's Python sources without migrations."""
    return [source for source in sources(*CODE) if not GENERATED & set(source.parts)]


def tests_and_benchmarks() -> list[Source]:
    """Read the sources of tests and benchmarks."""
    return sources("tests", "benchmarks")


def templates() -> list[Source]:
    """Read the templates."""
    return sources("templates", suffix=".html")


# --- Names ------------------------------------------------------------------------------------


def _variable(path: str, line: int, name: str) -> Identifier:
    kind = "constant" if name.isupper() and len(name) > 1 else "variable"
    return Identifier(path, line, kind, name)


def _name_of(node: ast.AST) -> tuple[str, str] | None:
    """Return kind and name when a node defines a name."""
    if isinstance(node, ast.ClassDef):
        return "class", node.name
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return "function", node.name
    if isinstance(node, ast.arg):
        return "variable", node.arg
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return "variable", node.id
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return "variable", node.attr
    return None


def identifiers(source: Source) -> Iterator[Identifier]:
    """Yield every name that a module defines, its own name or that of its package first."""
    stem = source.parts[-1]
    yield Identifier(source.path, 0, "module", source.parts[-2] if stem == "__init__" else stem)
    for node in ast.walk(source.tree):
        if named := _name_of(node):
            kind, name = named
            line = getattr(node, "lineno", 0)
            if kind == "variable":
                yield _variable(source.path, line, name)
            else:
                yield Identifier(source.path, line, kind, name)


def words(name: str) -> set[str]:
    """Split a name into its words, in lower case: `_SealedRows` into sealed and rows."""
    return {word.lower() for part in name.split("_") for word in _CAMEL.findall(part)}


_TABLES = {
    "module": "modules",
    "class": "classes",
    "function": "functions",
    "variable": "variables",
    "constant": "constants",
}
# The flats of a building: door sheet, door visits, affected doors.
DOOR_SHEET = re.compile(
    r"door_?(sheet|visit|result|cell|count|number|key|word|state|palette|form|body|row)|visit|"
    r"^_?doors?$|(affected|of|per|at|after|most|largest|fuxing|erase|behind)_?doors?|doors?_per|"
    r"has_door|at_doors|door_sheet",
    re.IGNORECASE,
)


def _part_advice(name: str) -> str:
    for word in sorted(words(name) & avoided()["parts"].keys()):
        if word == "door" and DOOR_SHEET.search(name):
            continue
        return str(avoided()["parts"][word])
    return ""


def _advice(identifier: Identifier) -> str:
    """Return the standard name when a name is one to avoid, else an empty string."""
    table = avoided()[_TABLES[identifier.kind]]
    if identifier.name in table:
        return str(table[identifier.name])
    for path, own in avoided()["only"].items():
        inside = identifier.path == path or identifier.path.startswith(f"{path}/")
        if inside and identifier.kind != "module" and identifier.name in own:
            return str(own[identifier.name])
    return _part_advice(identifier.name)


def old_names(files: Iterable[Source]) -> list[Finding]:
    """Find names of the left columns in the product."""
    return [
        identifier.finding(advice)
        for source in files
        for identifier in identifiers(source)
        if (advice := _advice(identifier))
    ]


def old_test_names(files: Iterable[Source]) -> list[Finding]:
    """Find helper modules and functions of tests under names to avoid."""
    tables = {"module": avoided()["test_modules"], "function": avoided()["test_functions"]}
    return [
        identifier.finding(str(table[identifier.name]))
        for source in files
        for identifier in identifiers(source)
        if (table := tables.get(identifier.kind)) and identifier.name in table
        if not source.path.endswith("/__init__.py")  # a folder of tests mirrors its package
    ]


def old_strings(files: Iterable[Source]) -> list[Finding]:
    """Find problem codes, metrics, log events and schedule entries under their old names."""
    table = avoided()["strings"]
    return [
        Finding(source.path, node.lineno, f"text {node.value}", table[node.value])
        for source in files
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in table
    ]


def repeated_classes(files: Iterable[Source]) -> list[Finding]:
    """Find class names that occur more than once."""
    places = defaultdict(list)
    for source in files:
        for identifier in identifiers(source):
            if identifier.kind == "class" and identifier.name not in FRAMEWORK_CLASSES:
                places[identifier.name].append(identifier)
    return [
        identifier.finding("a class name occurs once")
        for same in places.values()
        if len(same) > 1
        for identifier in same
    ]


def renaming_imports(files: Iterable[Source]) -> list[Finding]:
    """Find imports of the product's own modules and names under another name."""
    findings = []
    for source in files:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom):
                own = node.level > 0 or (node.module or "").split(".")[0] in CODE
                renamed = [alias for alias in node.names if own and alias.asname]
            elif isinstance(node, ast.Import):
                renamed = [a for a in node.names if a.asname and a.name.split(".")[0] in CODE]
            else:
                continue
            findings += [
                Finding(
                    source.path,
                    node.lineno,
                    f"import {alias.name} as {alias.asname}",
                    "rename the module",
                )
                for alias in renamed
                if alias.asname != alias.name
            ]
    return findings
