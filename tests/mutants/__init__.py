"""Mutants: typical bugs, each applied alone, that the named test must kill.

Every named test is collected a second time as `name[mutant: …]`. That copy runs with the mutant in
place and passes only if the test fails. It fails when the test passes, and also when the test fails
before the mutated function was called.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import pytest

from config.lib.db import compiled_select


class Watched(pytest.MonkeyPatch):
    """A MonkeyPatch that records whether one of its functions was called."""

    def __init__(self) -> None:
        super().__init__()
        self.was_reached: bool | None = None
        """None when the mutant patches no function."""

    def setattr(self, target: Any, name: str, value: Any, raising: bool = True) -> None:  # type: ignore[override]  # one of its two shapes
        """Patch an attribute; a function is wrapped to record its calls."""
        super().setattr(target, name, self._watch(value), raising)

    def _watch(self, value: Any) -> Any:
        if not isinstance(value, FunctionType):
            return value
        self.was_reached = self.was_reached or False

        @functools.wraps(value)
        def recording(*args: Any, **kwargs: Any) -> Any:
            self.was_reached = True
            return value(*args, **kwargs)

        return recording


FAILING = (AssertionError, pytest.fail.Exception)
Bug = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug, the node id of the test that must kill it, and the exceptions that count."""

    bug: Bug
    test: str
    raises: tuple[type[BaseException], ...]

    @property
    def name(self) -> str:
        """The name of the bug in words."""
        return self.bug.__name__.replace("_", " ")

    @contextmanager
    def applied(self) -> Iterator[Watched]:
        """Apply the bug, and undo it at the end; statements compiled on the other side go."""
        patch = Watched()
        compiled_select.clear()
        try:
            self.bug(patch)
            yield patch
        finally:
            patch.undo()
            compiled_select.clear()


MUTANTS: list[Mutant] = []


def killed_by(
    test: str, *, raises: tuple[type[BaseException], ...] = FAILING
) -> Callable[[Bug], Bug]:
    """Register a bug with the test that must fail by an assertion or by `raises`."""

    def register(bug: Bug) -> Bug:
        MUTANTS.append(Mutant(bug, test, raises))
        return bug

    return register
