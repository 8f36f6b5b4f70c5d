"""Rules for structure and size; `python -m tests.support.structure_rules` lists every finding.

Together with the rules for names they are part of `make check`.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.support import naming_rules
from tests.support.architecture_rules import LINES, ROOT, Source, sources
from tests.support.naming_rules import Finding, product, templates, tests_and_benchmarks

TEMPLATE_WIDTH = 200
MAX_SUPPRESSIONS = 14
TESTS_TO_CODE = 1.3
BLOCK = 6  # identical lines in a row
_LAYOUT_TOKENS = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}
_SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|pylint:|fmt:\s*(off|skip))")

# Folders that the framework reads module by module; nothing of the product imports from them.
FRAMEWORK_FOLDERS = frozenset({"migrations", "management", "templatetags", "formats"})


def packages(files: Iterable[Source]) -> set[str]:
    """Name the packages that hold more than one module or package of their own."""
    children = defaultdict(set)
    for source in files:
        parts = source.parts[:-1] if source.parts[-1] == "__init__" else source.parts
        if FRAMEWORK_FOLDERS & set(parts):
            continue
        for depth in range(1, len(parts)):
            children[".".join(parts[:depth])].add(parts[depth])
    return {package for package, own in children.items() if len(own) > 1}


def without_exhaustive_contract(files: Iterable[Source], pyproject: str) -> list[Finding]:
    """Find packages that no exhaustive import contract lists."""
    contracts = tomllib.loads(pyproject)["tool"]["importlinter"]["contracts"]
    listed = {
        container
        for contract in contracts
        if contract.get("exhaustive")
        for container in contract.get("containers", ())
    }
    return [
        Finding(package.replace(".", "/"), 0, "package without an exhaustive import contract")
        for package in sorted(packages(files) - listed)
    ]


def event_constructors(files: Iterable[Source]) -> list[Finding]:
    """Find constructions of a case's event when more than one module has some."""
    made = [
        Finding(source.path, node.lineno, "constructs Event", "the transition writer does")
        for source in files
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and re.fullmatch(
            r"(models\.|events\.)?Event(\.objects\.(a?create|get_or_create))?",
            ast.unparse(node.func),
        )
    ]
    return made if len({finding.path for finding in made}) > 1 else []


def wide_template_lines(files: Iterable[Source]) -> list[Finding]:
    """Find template lines of more than 200 characters."""
    return [
        Finding(source.path, number, f"{len(line)} characters", f"at most {TEMPLATE_WIDTH}")
        for source in files
        for number, line in enumerate(source.text.splitlines(), 1)
        if len(line) > TEMPLATE_WIDTH
    ]


def large_files(files: Iterable[Source]) -> list[Finding]:
    """Find files of more than 400 lines."""
    return [
        Finding(source.path, 0, f"{number} lines", f"at most {LINES}")
        for source in files
        if (number := source.text.count("\n")) > LINES
    ]


def suppressions(files: Iterable[Source]) -> list[Finding]:
    """Find comments that silence a tool when there are 15 or more."""
    silenced = [
        Finding(source.path, token.start[0], token.string.strip(), "solve it")
        for source in files
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline)
        if token.type == tokenize.COMMENT and _SUPPRESSION.search(token.string)
    ]
    return silenced if len(silenced) > MAX_SUPPRESSIONS else []


def repeated_blocks(files: Iterable[Source]) -> list[Finding]:
    """Find blocks of six or more identical lines, blank lines and indentation aside.

    Imports and signatures are not counted: modules that need the same names, and verbs with the
    same keyword arguments, must all declare them.
    """
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for source in files:
        lines = _counted_lines(source)
        for first in range(len(lines) - BLOCK + 1):
            block = lines[first : first + BLOCK]
            places[tuple(text for _, text in block)].append((source.path, block[0][0]))
    findings, last = [], ("", 0)
    for where in places.values():
        for path, line in where[1:]:
            if (path, line - 1) != last:
                findings.append(Finding(path, line, "repeats", "{}:{}".format(*where[0])))
            last = (path, line)
    return findings


def _counted_lines(source: Source) -> list[tuple[int, str]]:
    declared: set[int] = set()
    if source.path.endswith(".py"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                declared |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                declared |= set(range(node.lineno, node.body[0].lineno))
    return [
        (number, line.strip())
        for number, line in enumerate(source.text.splitlines(), 1)
        if line.strip() and number not in declared
    ]


def code_line_count(files: Iterable[Source]) -> int:
    """Count the lines that hold code: no blank lines, comments, docstrings or bare strings."""
    return sum(len(_code_lines(source)) for source in files)


def _code_lines(source: Source) -> set[int]:
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type not in _LAYOUT_TOKENS:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


# --- Report -----------------------------------------------------------------------------------


def _contracts() -> list[Finding]:
    return without_exhaustive_contract(product(), (ROOT / "pyproject.toml").read_text())


def _is_sample(source: Source) -> bool:
    """Tell whether a module makes the sample: data, which the tests use rather than test."""
    return "sample" in source.parts


def _ratio() -> list[Finding]:
    product_files = [
        source
        for source in product()
        if not _is_sample(source) and "migrations" not in source.parts
    ]
    tests, code = code_line_count(sources("tests")), code_line_count(product_files)
    if tests >= TESTS_TO_CODE * code:
        return []
    return [
        Finding(
            "tests",
            0,
            f"{tests} lines of code in tests for {code} in the product",
            f"at least {TESTS_TO_CODE} times",
        )
    ]


CHECKS: dict[str, Callable[[], list[Finding]]] = {
    "names to avoid": lambda: naming_rules.old_names(product()),
    "names to avoid in tests": lambda: naming_rules.old_test_names(tests_and_benchmarks()),
    "texts other systems see": lambda: naming_rules.old_strings(product()),
    "class names used twice": lambda: naming_rules.repeated_classes(product()),
    "imports under another name": lambda: naming_rules.renaming_imports(product()),
    "packages without an exhaustive contract": _contracts,
    "constructors of Event": lambda: event_constructors(product()),
    "wide template lines": lambda: wide_template_lines(templates()),
    "large files": lambda: large_files([*product(), *tests_and_benchmarks()]),
    "suppressions": lambda: suppressions(product()),
    "repeated blocks": lambda: repeated_blocks(product()),
    "weight of the tests": _ratio,
}


def folder(path: str) -> str:
    """Return the package that a path belongs to, two folders deep."""
    parts = Path(path).parts
    return "/".join(parts[:2])


def main() -> int:
    """Print every finding by folder; the exit status is 1 when there is one."""
    total = 0
    for title, check in CHECKS.items():
        findings = check()
        total += len(findings)
        if not findings:
            continue
        counts = Counter(folder(finding.path) for finding in findings)
        by_folder = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        print(f"== {title}: {len(findings)} ({by_folder})")
        for finding in sorted(findings, key=lambda finding: (finding.path, finding.line)):
            print(f"   {finding}")
    print("Nothing found." if not total else f"{total} findings.")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
