"""The planted mistakes themselves: enough of them, and each under a test that exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants import MUTANTS, Mutant, runner

ROOT = Path(__file__).resolve().parent.parent
AT_LEAST = 14


def test_there_are_enough_and_each_once() -> None:
    names = [plant.name for plant in MUTANTS]
    assert len(names) == len(set(names)) >= AT_LEAST


@pytest.mark.parametrize("plant", MUTANTS, ids=lambda plant: plant.name)
def test_the_test_named_for_it_exists(plant: Mutant) -> None:
    """A twin is only made beside a test: one renamed would let its mistake go unseen."""
    file, _, function = plant.test.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert function.partition("[")[0] in functions


def test_every_mistake_names_its_parameters_rightly() -> None:
    """A test whose parameters were renamed would let its mistake go unseen."""
    assert runner.WITHOUT == []


def test_a_test_that_sees_nothing_fails() -> None:
    """The net itself: a twin whose test passes is a failure."""
    run = runner.call(_Blind())  # type: ignore[arg-type]
    next(run)
    with pytest.raises(pytest.fail.Exception, match="not seen"):
        run.send(None)


class _Blind:
    """A test that passes whatever is planted."""

    stash = pytest.Stash()
    stash[runner.PLANTED] = Mutant(lambda _patch: None, "tests/none.py::none", ())
