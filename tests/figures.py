"""What tests measured, said at the end of a run.

What a test prints is lost when the tests run in several processes. What it says here travels with
its report.
"""

from collections.abc import Callable

import pytest

Say = Callable[[str], None]

_NAME = "figure"


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Say:
    """Give what passes a line on to whoever reads the end of this run."""
    return lambda words: request.node.user_properties.append((_NAME, words))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what the tests measured, each with its test."""
    said: dict[str, list[str]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                lines = [words for name, words in report.user_properties if name == _NAME]
                said.setdefault(report.nodeid, []).extend(lines)
    if not any(said.values()):
        return
    terminalreporter.section("measured")
    for test in sorted(test for test, lines in said.items() if lines):
        terminalreporter.write_line(test)
        for words in said[test]:
            terminalreporter.write_line(f"    {words}")
