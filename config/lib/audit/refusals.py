"""Attempts refused during a request, collected until the response is known.

A rule that refuses an attempt notes it here. The refusal usually rolls a transaction back, so the
line of the security log is written afterwards, by `members.accounts.refusal_log`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class LoggedObject:
    """What an act was about: its kind in words, its id, and the name that people use for it."""

    kind: str
    id: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class RouteWords:
    """What is tried at a route, in words, and the kind of object that its address names."""

    attempt: str
    kind: str


@dataclass(frozen=True, slots=True)
class RefusedAttempt:
    """An attempt that was refused: the sentence shown, what was tried, and on which object.

    Without `attempt` and `about` both follow from the route of the request.
    """

    message: str
    status: int = HTTPStatus.FORBIDDEN
    attempt: str = ""
    about: LoggedObject | None = None


_noted: ContextVar[list[RefusedAttempt] | None] = ContextVar("refused_attempts", default=None)


def note(attempt: RefusedAttempt) -> None:
    """Note a refused attempt of the current request; outside a request nothing happens."""
    attempts = _noted.get()
    if attempts is not None:
        attempts.append(attempt)


def note_unless_noted(attempt: RefusedAttempt) -> None:
    """Note a refusal unless one, in more precise words, has been noted for this request."""
    attempts = _noted.get()
    if attempts is not None and not attempts:
        attempts.append(attempt)


@contextmanager
def collected() -> Iterator[list[RefusedAttempt]]:
    """Collect the attempts refused inside."""
    attempts: list[RefusedAttempt] = []
    token = _noted.set(attempts)
    try:
        yield attempts
    finally:
        _noted.reset(token)
