"""Measurements of tests, printed at the end of a run.

Output that a test prints is lost when tests run in several processes; these lines are attached to
the test's report.
"""

from collections.abc import Callable
from functools import partial
from itertools import chain

import pytest

ReportFigure = Callable[[str], None]

_NAME = "figure"


@pytest.fixture
def report_figure(record_property: Callable[[str, object], None]) -> ReportFigure:
    """Return a function that adds a line to the summary of this run."""
    return partial(record_property, _NAME)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the measurements by test."""
    said = {
        report.nodeid: [words for name, words in report.user_properties if name == _NAME]
        for report in chain.from_iterable(terminalreporter.stats.values())
        if isinstance(report, pytest.TestReport) and report.when == "call"
    }
    if any(said.values()):
        terminalreporter.section("measured")
    for test, lines in sorted(said.items()):
        if lines:
            terminalreporter.write_line("\n    ".join([test, *lines]))
