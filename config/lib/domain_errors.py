"""The base class of errors that a business rule raises, and the refusals of a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django_stubs_ext import StrOrPromise


class TypedText(NamedTuple):
    """A text field of a form that was refused: its label, and what was typed."""

    label: StrOrPromise
    text: str


class PageRefused(PermissionDenied):
    """The user may not do this (403); the text is the sentence that the page shows.

    `typed` is shown below it, so that nothing typed is lost.
    """

    def __init__(self, message: str = "", *, typed: Iterable[TypedText] = ()) -> None:
        super().__init__(message)
        self.typed = tuple(typed)


class PageNotFound(Http404):
    """Not found, or not visible to this user (404); `typed` is shown on the page."""

    def __init__(self, message: str = "", *, typed: Iterable[TypedText] = ()) -> None:
        super().__init__(message)
        self.typed = tuple(typed)


class DomainError(Exception):
    """A business rule refused the operation.

    `message` is the sentence shown to people. Subclasses set the HTTP status, the problem code for
    API clients, and `retry_after` in seconds (0: retrying does not help).
    """

    status: int = 409
    code: str = "wrong_state"
    retry_after: int = 0

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
