"""The diagram in the README is made from the one table of states."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from petitions.enums import STATUSES
from petitions.management.commands.state_diagram import BEGIN, END, diagram
from petitions.states import VERB_RULES


def test_every_change_of_state_is_drawn() -> None:
    drawn = diagram()
    for move in VERB_RULES:
        for source in move.sources:
            if move.to is not None and source != move.to:
                arrows = [
                    line for line in drawn.splitlines() if f" {source} --> {move.to}:" in line
                ]
                assert len(arrows) == 1
                assert str(move.verb.label) in arrows[0]
    assert all(f'"{status.label}" as {status}' in drawn for status in STATUSES)


def test_written_between_its_marks_and_checked(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    with pytest.raises(CommandError):
        call_command("state_diagram", check=page)
    call_command("state_diagram", write=page)
    call_command("state_diagram", check=page)
    written = page.read_text()
    assert "old" not in written
    assert written.startswith(f"before\n{BEGIN}")
    assert written.endswith(f"{END}\nafter\n")


def test_missing_marks_are_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(CommandError, match="states:begin"):
        call_command("state_diagram", write=page)
