"""Middleware that writes the refused attempts of a request to the security log."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus

import structlog
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from config.lib.audit import refusals
from config.lib.audit.refusals import LoggedObject, RefusedAttempt, RouteWords
from members.accounts import audit_log
from members.accounts.audit_log import LogActor
from members.enums import SecurityAction
from members.models import User

OBJECT_KEYS = ("pk", "uuid", "object_id")  # URL parameters that name one row
MAX_ID_DIGITS = 18  # of a 64-bit integer
_ACTIONS: dict[int, SecurityAction] = {
    HTTPStatus.UNAUTHORIZED: SecurityAction.TOKEN_REFUSED,
    HTTPStatus.NOT_FOUND: SecurityAction.NOT_VISIBLE,
}
_log = structlog.get_logger("audit")


class RefusalLogMiddleware:
    """Writes each refused attempt as a line, after the response and its transaction are complete.

    A refusal is 403, any refusal that a rule noted, 401 for a token that is no good, and for users
    404 at the address of one row: whether the row exists is not looked up, so that both cases take
    the same time. A failure to write never changes the response.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Process the request, then write what was refused."""
        with refusals.collected() as attempts:
            response = self.get_response(request)
        if attempts:
            self._write(request, attempts)
        return response

    def _write(self, request: HttpRequest, attempts: Iterable[RefusedAttempt]) -> None:
        user = request.user if isinstance(request.user, User) else None
        address, words = get_adapter().get_client_ip(request), _words_of(request)
        for attempt in attempts:
            if not _is_logged(attempt, request, user):
                continue
            try:
                audit_log.write_refusal(
                    _ACTIONS.get(attempt.status, SecurityAction.REFUSED),
                    user=user,
                    ip=address,
                    actor=None if user else LogActor(audit_log.VISITOR),
                    about=attempt.about or _object_of(request, words.kind),
                    message=attempt.message,
                    attempt=attempt.attempt or words.attempt,
                )
            except DatabaseError as error:
                _log.warning("refusal_not_logged", error=type(error).__name__)
                return


def _is_logged(attempt: RefusedAttempt, request: HttpRequest, user: User | None) -> bool:
    """Tell whether a refusal concerns a right: a visitor who is asked to log in does not count."""
    if attempt.status == HTTPStatus.UNAUTHORIZED:
        return "Authorization" in request.headers
    if attempt.status == HTTPStatus.NOT_FOUND:
        return user is not None and _row_key(request) is not None
    return True


def _row_key(request: HttpRequest) -> str | None:
    """Return the URL parameter that names one row, None if the address names none."""
    match = request.resolver_match
    keys = match.kwargs if match else {}
    return next((str(keys[name]) for name in OBJECT_KEYS if name in keys), None)


def _object_of(request: HttpRequest, kind: str) -> LoggedObject:
    """Return the object that the address names; an address holds no secret where rows have one."""
    key = _row_key(request)
    if key is None:
        return LoggedObject(kind)
    is_id = key.isascii() and key.isdigit() and len(key) <= MAX_ID_DIGITS
    return LoggedObject(kind, int(key), key) if is_id else LoggedObject(kind, None, _uuid(key))


def _uuid(key: str) -> str:
    """Return a key that is a UUID; empty for anything else, which may be what somebody typed."""
    try:
        return str(uuid.UUID(key))
    except ValueError:
        return ""


def _words_of(request: HttpRequest) -> RouteWords:
    """Return in words which page was opened or which act was tried."""
    match = request.resolver_match
    words: Callable[[str], RouteWords] = import_string(settings.ROUTE_WORDS)
    return words(match.view_name if match else "")
