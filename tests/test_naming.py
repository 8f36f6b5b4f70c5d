"""Names and sizes of the source; each rule also fails on a planted violation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from textwrap import indent

import pytest

from tests.support import naming_rules, structure_rules
from tests.support.architecture_rules import Source
from tests.support.naming_rules import Finding

Rule = Callable[[Iterable[Source]], list[Finding]]
PLAIN = "petitions/plain.py"
SIGNATURE = "def f(\n    *,\n    a: int,\n    b: int,\n    c: int,\n    d: int,\n    e: int,\n):\n"
BLOCK = "\n".join(f"line_{number} = {number}" for number in range(6))

# rule: what it must report, and sources in which it must report it
PLANTED: list[tuple[Rule, str, list[tuple[str, str]]]] = [
    (naming_rules.old_names, "module guesses", [("petitions/rules/guesses.py", "")]),
    (naming_rules.old_names, "module ladder", [("petitions/ladder/__init__.py", "")]),
    (naming_rules.old_names, "class Verdict", [(PLAIN, "class Verdict: ...")]),
    (naming_rules.old_names, "function unseal", [(PLAIN, "def unseal(): ...")]),
    (naming_rules.old_names, "function unseal", [(PLAIN, "async def unseal(): ...")]),
    (naming_rules.old_names, "variable found", [(PLAIN, "def f():\n    found = 1")]),
    (naming_rules.old_names, "variable one", [(PLAIN, "x = [one for one in y]")]),
    (naming_rules.old_names, "variable told", [(PLAIN, "def f(*, told): ...")]),
    (naming_rules.old_names, "variable held", [(PLAIN, "class A:\n    held: int")]),
    (naming_rules.old_names, "variable kept", [(PLAIN, "self.kept = 1")]),
    (naming_rules.old_names, "variable given", [(PLAIN, "if given := f(): ...")]),
    (naming_rules.old_names, "constant HATS", [(PLAIN, "HATS = ()")]),
    (naming_rules.old_names, "class _SeatRows", [(PLAIN, "class _SeatRows: ...")]),
    (naming_rules.old_names, "function open_door", [(PLAIN, "def open_door(): ...")]),
    (
        naming_rules.old_names,
        "function step",
        [("petitions/workflow/transitions.py", "def step(): ...")],
    ),
    (naming_rules.old_test_names, "module crowd", [("tests/support/crowd.py", "")]),
    (naming_rules.old_test_names, "function entered", [("tests/a.py", "def entered(): ...")]),
    (naming_rules.old_strings, "text our_fault", [(PLAIN, "problem('our_fault')")]),
    (
        naming_rules.repeated_classes,
        "class Cell",
        [("grids/a.py", "class Cell: ..."), ("petitions/b.py", "class Cell: ...")],
    ),
    (
        naming_rules.renaming_imports,
        "import workflow as people",
        [(PLAIN, "from members import workflow as people")],
    ),
    (
        naming_rules.renaming_imports,
        "import members.workflow as people",
        [(PLAIN, "import members.workflow as people")],
    ),
    (
        structure_rules.event_constructors,
        "constructs Event",
        [("petitions/a.py", "Event(kind='x')"), ("petitions/b.py", "Event.objects.create()")],
    ),
    (
        structure_rules.wide_template_lines,
        "201 characters",
        [("templates/a.html", "x" * 201)],
    ),
    (structure_rules.large_files, "401 lines", [(PLAIN, "x = 1\n" * 401)]),
    (structure_rules.suppressions, "# noqa: E501", [(PLAIN, "x = 1  # noqa: E501\n" * 15)]),
    (
        structure_rules.suppressions,
        "# type: ignore[misc]",
        [(PLAIN, "x = 1  # type: ignore[misc]\n" * 15)],
    ),
    (
        structure_rules.repeated_blocks,
        "repeats",
        [("grids/a.py", BLOCK), ("petitions/b.py", "if x:\n" + indent(BLOCK, "    "))],
    ),
]

# Sources in which a rule must report nothing.
HARMLESS: list[tuple[Rule, list[tuple[str, str]]]] = [
    (naming_rules.old_names, [(PLAIN, "def door_sheet(doors): ...\nclass DoorVisit: ...")]),
    (naming_rules.old_names, [("members/steps.py", "def step(): ...")]),
    (naming_rules.old_names, [(PLAIN, "x = found(one)")]),
    (
        naming_rules.repeated_classes,
        [("grids/a.py", "class Command: ..."), ("petitions/b.py", "class Command: ...")],
    ),
    (naming_rules.renaming_imports, [(PLAIN, "import datetime as dt\nfrom grids import models")]),
    (structure_rules.event_constructors, [("petitions/a.py", "Event()\nEvent()")]),
    (structure_rules.wide_template_lines, [("templates/a.html", "x" * 200)]),
    (structure_rules.large_files, [(PLAIN, "x = 1\n" * 400)]),
    (structure_rules.suppressions, [(PLAIN, "x = 1  # noqa: E501\n" * 14 + "y = '# noqa'\n" * 9)]),
    (
        structure_rules.repeated_blocks,
        [
            ("grids/a.py", "\n".join(f"import module_{number}" for number in range(9))),
            ("petitions/b.py", "\n".join(f"import module_{number}" for number in range(9))),
        ],
    ),
    (
        structure_rules.repeated_blocks,
        [("grids/a.py", f"{SIGNATURE}    a()\n"), ("petitions/b.py", f"{SIGNATURE}    b()\n")],
    ),
]


def _files(texts: Iterable[tuple[str, str]]) -> list[Source]:
    return [Source(path, text) for path, text in texts]


def _name(value: object) -> str | None:
    return getattr(value, "__name__", None)


@pytest.mark.parametrize("title", structure_rules.CHECKS)
def test_source_has_no_finding(title: str) -> None:
    findings = structure_rules.CHECKS[title]()
    assert [str(finding) for finding in findings] == []


@pytest.mark.parametrize(("rule", "fact", "texts"), PLANTED, ids=_name)
def test_rule_reports_a_planted_violation(
    rule: Rule, fact: str, texts: list[tuple[str, str]]
) -> None:
    assert fact in [finding.fact for finding in rule(_files(texts))]


@pytest.mark.parametrize(("rule", "texts"), HARMLESS, ids=_name)
def test_rule_reports_nothing_in_harmless_source(rule: Rule, texts: list[tuple[str, str]]) -> None:
    assert rule(_files(texts)) == []


def test_package_without_an_exhaustive_contract_is_reported() -> None:
    files = _files([("grids/a.py", ""), ("grids/b.py", ""), ("grids/shapes/only.py", "")])
    contract = '[[tool.importlinter.contracts]]\ncontainers = ["grids"]\nexhaustive = {}\n'
    report = structure_rules.without_exhaustive_contract
    assert [finding.path for finding in report(files, contract.format("false"))] == ["grids"]
    assert report(files, contract.format("true")) == []


def test_every_name_to_avoid_has_a_successor() -> None:
    tables = naming_rules.avoided()
    nested = tables["only"].values()
    flat = [table for name, table in tables.items() if name != "only"]
    assert all(successor for table in (*flat, *nested) for successor in table.values())


def test_check_of_the_makefile_runs_the_rules() -> None:
    makefile = (structure_rules.ROOT / "Makefile").read_text()
    recipe = makefile.partition("\ncheck:  ##")[2].partition("\n\n")[0]
    assert "-m tests.support.structure_rules" in recipe
