"""Collects each named test once more, with its mistake planted; the twin passes when it fails."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.mutants import MUTANTS, Mutant, bugs

__all__ = ["bugs"]  # imported so that the mistakes are registered

WITHOUT: list[str] = []
"""Mistakes whose function was collected, but not with the parameters they name."""
PLANTED = pytest.StashKey[Mutant]()


def add_to(items: list[pytest.Item]) -> None:
    """Put a twin behind every collected test that a mistake names."""
    found = {item.nodeid: item for item in items if isinstance(item, pytest.Function)}
    functions = {nodeid.partition("[")[0] for nodeid in found}
    for plant in MUTANTS:
        if plant.test in found:
            items.append(_twin(found[plant.test], plant))
        elif plant.test.partition("[")[0] in functions:
            WITHOUT.append(plant.name)


def _twin(item: pytest.Function, plant: Mutant) -> pytest.Function:
    twin = pytest.Function.from_parent(
        item.parent,
        name=f"{item.name}[planted: {plant.name}]",
        callspec=getattr(item, "callspec", None),
        callobj=item.obj,
        fixtureinfo=item._fixtureinfo,
        originalname=item.originalname,
    )
    twin.own_markers.extend(mark for mark in item.own_markers if mark not in twin.own_markers)
    twin.stash[PLANTED] = plant
    return twin


def call(item: pytest.Function) -> Generator[None, object, object]:
    """Run a test; of a twin the failure is what is wanted."""
    plant = item.stash.get(PLANTED, None)
    if plant is None:
        return (yield)
    with plant.applied() as patch:
        try:
            yield
        except plant.raises:
            if patch.was_reached is False:
                pytest.fail(f"The test failed before it came to the mistake: {plant.name}.")
            return True
    pytest.fail(f"The planted mistake was not seen: {plant.name}.")
