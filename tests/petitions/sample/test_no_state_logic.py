"""Transitions are written in one place, and the sample has no workflow of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

PRODUCT = Path(settings.BASE_DIR) / "petitions"
SAMPLE = PRODUCT / "sample"
STATE_COLUMNS = {"status", "version"}
SAMPLE_COLUMNS = STATE_COLUMNS | {
    *("state", "settled_at", "ended_at", "reminded_at", "due_at", "soon_at", "level", "round"),
    *("is_answer_owed", "supervisor", "organisation", "assigned_group", "closed_at", "closed_by"),
    *("answered_at", "answer_kind", "solved", "rating", "outcome", "resolved_at", "accepted_at"),
}
"""Columns that say where a case, a deadline or an escalation stands."""
ROWS = {"Event", "Deadline", "Escalation", "Note", "Feedback", "DoorVisit", "Petition"}


def product_modules() -> dict[str, ast.Module]:
    """Return the syntax trees of the app, without migrations."""
    return {
        str(path.relative_to(PRODUCT)): ast.parse(path.read_text())
        for path in sorted(PRODUCT.rglob("*.py"))
        if "migrations" not in path.parts
    }


def constructed(tree: ast.Module) -> set[str]:
    """Return the names of the classes that a module calls."""
    return {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def assigned(tree: ast.Module, owner: str = "") -> Iterator[str]:
    """Yield the attributes that a module assigns, of `owner` or of anything but `self`."""
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            for part in ast.walk(target):
                if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                    name = ast.unparse(part.value)
                    if name.split(".")[-1] == owner or (not owner and name != "self"):
                        yield part.attr


def imported(tree: ast.Module) -> set[str]:
    """Return every module and name that a module imports, dotted."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def test_events_are_constructed_in_one_module() -> None:
    modules = {name for name, tree in product_modules().items() if "Event" in constructed(tree)}
    assert modules == {"workflow/transitions.py"}


def test_status_and_version_are_assigned_in_one_module() -> None:
    modules = {
        name
        for name, tree in product_modules().items()
        if STATE_COLUMNS & {*assigned(tree, "petition"), *assigned(tree, "case")}
    }
    assert modules == {"workflow/transitions.py"}


@pytest.mark.parametrize("path", sorted(SAMPLE.glob("*.py")), ids=lambda path: path.name)
def test_sample_has_no_state_logic(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert constructed(tree) & ROWS == set()
    assert set(assigned(tree)) & SAMPLE_COLUMNS == set()
    assert not {name for name in imported(tree) if name.startswith("petitions.states")}


def test_planted_state_logic_is_found() -> None:
    tree = ast.parse(
        "from petitions.states import RULE_OF\n"
        "case.petition.status = 'closed'\n"
        "row.state, row.ended_at = 'met', now\n"
        "Event(petition=case.petition)\n"
    )
    assert {"Event"} <= constructed(tree) & ROWS
    assert {"status", "state", "ended_at"} <= set(assigned(tree)) & SAMPLE_COLUMNS
    assert {"status"} <= set(assigned(tree, "petition"))
    assert imported(tree) == {"petitions.states.RULE_OF"}
