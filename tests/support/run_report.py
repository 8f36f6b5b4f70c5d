"""What tests measured, said at the end of a run.

What a test prints is lost when the tests run in several processes. What it says here travels with
its report.
"""

from collections.abc import Callable
from functools import partial
from itertools import chain

import pytest

ReportFigure = Callable[[str], None]

_NAME = "figure"


@pytest.fixture
def report_figure(record_property: Callable[[str, object], None]) -> ReportFigure:
    """Give what passes a line on to whoever reads the end of this run."""
    return partial(record_property, _NAME)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what the tests measured, each with its test."""
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
