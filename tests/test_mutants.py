"""The mutants: their number, and that each names an existing test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants import MUTANTS, Mutant, runner

ROOT = Path(__file__).resolve().parent.parent
AT_LEAST = 14


def test_mutants_are_unique_and_enough() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(names) == len(set(names)) >= AT_LEAST


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_names_an_existing_test(mutant: Mutant) -> None:
    """A mutant of a renamed test would never run."""
    file, _, function = mutant.test.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert function.partition("[")[0] in functions


def test_mutants_name_existing_parameters() -> None:
    """A mutant of a test with renamed parameters would never run."""
    assert runner.UNMATCHED == []


def test_surviving_mutant_fails() -> None:
    """A copy whose test passes with the mutant must fail."""
    run = runner.call(_Blind())  # type: ignore[arg-type]
    next(run)
    with pytest.raises(pytest.fail.Exception, match="not killed"):
        run.send(None)


class _Blind:
    """A test that passes with any mutant."""

    stash = pytest.Stash()
    stash[runner.MUTANT] = Mutant(lambda _patch: None, "tests/none.py::none", ())
