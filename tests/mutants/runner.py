"""Collects each named test a second time with its mutant; that copy passes when the test fails."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.mutants import MUTANTS, Mutant, bugs

__all__ = ["bugs"]  # imported to register the mutants

UNMATCHED: list[str] = []
"""Mutants whose test function was collected without the parameters they name."""
MUTANT = pytest.StashKey[Mutant]()


def add_to(items: list[pytest.Item]) -> None:
    """Append a copy with the mutant for every collected test that a mutant names."""
    tests = {item.nodeid: item for item in items if isinstance(item, pytest.Function)}
    functions = {nodeid.partition("[")[0] for nodeid in tests}
    for mutant in MUTANTS:
        if mutant.test in tests:
            items.append(_copy_with_mutant(tests[mutant.test], mutant))
        elif mutant.test.partition("[")[0] in functions:
            UNMATCHED.append(mutant.name)


def _copy_with_mutant(item: pytest.Function, mutant: Mutant) -> pytest.Function:
    copy = pytest.Function.from_parent(
        item.parent,
        name=f"{item.name}[mutant: {mutant.name}]",
        callspec=getattr(item, "callspec", None),
        callobj=item.obj,
        fixtureinfo=item._fixtureinfo,
        originalname=item.originalname,
    )
    copy.own_markers.extend(mark for mark in item.own_markers if mark not in copy.own_markers)
    copy.stash[MUTANT] = mutant
    return copy


def call(item: pytest.Function) -> Generator[None, object, object]:
    """Run a test; a copy with a mutant must fail."""
    mutant = item.stash.get(MUTANT, None)
    if mutant is None:
        return (yield)
    with mutant.applied() as patch:
        try:
            yield
        except mutant.raises:
            if patch.was_reached is False:
                pytest.fail(f"The test failed before it called the mutant: {mutant.name}.")
            return True
    pytest.fail(f"The mutant was not killed: {mutant.name}.")
