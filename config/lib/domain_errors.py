"""The base class of errors that a business rule raises, and the refusal of a page."""

from django.core.exceptions import PermissionDenied


class PageRefused(PermissionDenied):
    """The user may not do this (403); the text is the sentence that the page shows."""


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
