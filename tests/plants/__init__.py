"""Typical mistakes, planted one at a time: the test named for each must fail while it is there.

Every named test is collected a second time as `name[planted …]`. That twin runs with the mistake
patched in and passes only if the test fails; a test that does not see its mistake fails itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

FAILING = (AssertionError, pytest.fail.Exception)
Bug = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Plant:
    """One mistake: what it patches, the test (a node id) that must see it, and how it fails."""

    bug: Bug
    test: str
    raises: tuple[type[BaseException], ...]

    @property
    def name(self) -> str:
        """The mistake in a few words."""
        return self.bug.__name__.replace("_", " ")

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Patch the mistake in, and out again."""
        with pytest.MonkeyPatch.context() as patch:
            self.bug(patch)
            yield


PLANTS: list[Plant] = []


def seen_by(
    test: str, *, raises: tuple[type[BaseException], ...] = FAILING
) -> Callable[[Bug], Bug]:
    """Register a mistake under the test that must see it, by an assertion or by `raises`."""

    def register(bug: Bug) -> Bug:
        PLANTS.append(Plant(bug, test, raises))
        return bug

    return register
