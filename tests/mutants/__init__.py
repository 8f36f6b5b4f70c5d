"""Typical mistakes, planted one at a time: the test named for each must fail while it is there.

Every named test is collected a second time as `name[planted …]`. That twin runs with the mistake
patched in and passes only if the test fails; a test that does not see its mistake fails itself.
So does one that fails without having come to the mistake: whatever it saw was something else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import pytest


class Watched(pytest.MonkeyPatch):
    """Patches, and knows whether any of the functions it put in place was ever called."""

    def __init__(self) -> None:
        super().__init__()
        self.was_reached: bool | None = None
        """None where no function was put in place: then nobody can tell."""

    def setattr(self, target: Any, name: str, value: Any, raising: bool = True) -> None:  # type: ignore[override]  # one of its two shapes
        """Put `value` in place."""
        super().setattr(target, name, self._watch(value), raising)

    def _watch(self, value: Any) -> Any:
        if not isinstance(value, FunctionType):
            return value
        self.was_reached = self.was_reached or False

        @functools.wraps(value)
        def noting(*args: Any, **kwargs: Any) -> Any:
            self.was_reached = True
            return value(*args, **kwargs)

        return noting


FAILING = (AssertionError, pytest.fail.Exception)
Bug = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake: what it patches, the test (a node id) that must see it, and how it fails."""

    bug: Bug
    test: str
    raises: tuple[type[BaseException], ...]

    @property
    def name(self) -> str:
        """The mistake in a few words."""
        return self.bug.__name__.replace("_", " ")

    @contextmanager
    def applied(self) -> Iterator[Watched]:
        """Patch the mistake in, and out again."""
        patch = Watched()
        try:
            self.bug(patch)
            yield patch
        finally:
            patch.undo()


MUTANTS: list[Mutant] = []


def killed_by(
    test: str, *, raises: tuple[type[BaseException], ...] = FAILING
) -> Callable[[Bug], Bug]:
    """Register a mistake under the test that must see it, by an assertion or by `raises`."""

    def register(bug: Bug) -> Bug:
        MUTANTS.append(Mutant(bug, test, raises))
        return bug

    return register
