"""What the exit status of the tests says about a change."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.mutation import __main__ as mutation
from tests.mutation.__main__ import KILLED, TIMEOUT, Trial
from tests.mutation.covering_tests import CoverageMap
from tests.mutation.mutations import of_module

FAILURE = "FAILED tests/test_x.py::test_y - assert False\n"
BROKEN_IMPORT = (
    "ERROR tests/test_x.py - NameError\n!!! Interrupted: 1 error during collection !!!\n"
)


def _ended(tmp_path: Path, status: int, output: str) -> Trial:
    """Return the trial of a change whose tests ended with a status and an output."""
    log = tmp_path / "process.log"
    log.write_text(output)
    [change] = of_module("rules.py", "x = True\n", {})
    trial = Trial(change, [])
    trial.run = cast("Any", SimpleNamespace(status=lambda: status, log=log, database=0))
    assert mutation._has_ended(trial, CoverageMap(tmp_path / "coverage.json"))
    return trial


@pytest.mark.parametrize(
    ("status", "output", "by"),
    [
        (1, FAILURE, "tests/test_x.py::test_y"),
        (2, BROKEN_IMPORT, "tests/test_x.py"),
        (-9, "..", TIMEOUT),
        (3, "INTERNALERROR", "exit status 3"),
    ],
)
def test_failed_tests_kill_a_change(tmp_path: Path, status: int, output: str, by: str) -> None:
    trial = _ended(tmp_path, status, output)
    assert (trial.outcome, trial.by) == (KILLED, by)


def test_interrupted_tests_say_nothing_about_a_change(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _ended(tmp_path, 2, "....\n!!!!! KeyboardInterrupt !!!!!\n")


def test_the_draw_stays_the_same_where_the_code_does() -> None:
    before = of_module("rules.py", "".join(f"x{number} = True\n" for number in range(40)), {})
    drawn = mutation.draw(before, 7, 10)
    after = [change for change in before if change != drawn[0]]
    assert mutation.draw(after, 7, 9) == drawn[1:]
    assert mutation.draw(before, 8, 10) != drawn
