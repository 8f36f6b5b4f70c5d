"""Gives every request a number, one log line and its figures, none of them with personal data."""

import logging
import re
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject
from prometheus_client import Histogram
from structlog.typing import EventDict, WrappedLogger

HEADER = "X-Request-ID"
NO_ROUTE = "none"
_FROM_PROXY = re.compile(r"[0-9a-f-]{16,40}")
_SECONDS = Histogram(
    "http_request_duration_seconds",
    "Time from a request's arrival to its answer",
    ["route", "method", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_log = structlog.get_logger("request")


class RequestMiddleware:
    """Numbers the request, logs it when it is answered, and counts it.

    The log names the route, not the path, and never the query: both can hold a tracking code, a
    name or a telephone number that somebody searched for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, with its number in a header."""
        number = request.META["REQUEST_ID"] = _number(request)
        bound = structlog.contextvars.bind_contextvars(request_id=number)
        try:
            return self._answer(request, number)
        finally:
            structlog.contextvars.reset_contextvars(**bound)

    def _answer(self, request: HttpRequest, number: str) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.get_response(request)
        response.headers[HEADER] = number
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            response.content = b""  # the length has been noted already
        seconds = time.perf_counter() - started
        method = request.method if request.method in _METHODS else "other"
        name = route(request)
        _SECONDS.labels(name, method, str(response.status_code)).observe(seconds)
        _log.info(
            "request",
            method=method,
            route=name,
            status=response.status_code,
            ms=round(seconds * 1000),
            user=_user_id(request),
        )
        return response


def request_id(request: HttpRequest) -> str:
    """Return the request's number, which a caller can read out on the telephone."""
    return str(request.META.get("REQUEST_ID", ""))


def route(request: HttpRequest) -> str:
    """Return the name of the route that answered; NO_ROUTE when none did."""
    match = request.resolver_match
    return (match.view_name or match.route) if match else NO_ROUTE


def logging_config(*, as_json: bool, level: str = "INFO", with_messages: bool = False) -> Any:
    """Return the logging configuration: one line per event on standard error.

    Messages of exceptions are kept only when `with_messages` is set, because the database's quote
    the very values it refused.
    """
    configure(as_json=as_json)
    before = [*_SHARED, _Traces(with_messages)]
    last = _JSON if as_json else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"no_path": {"()": _NoPath}},
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": before,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
            },
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["no_path"],
            },
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django brings handlers of its own for these two.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # Refused requests have a line already; failures are told with their trace.
            "django.request": {"level": "ERROR"},
        },
    }


def configure(*, as_json: bool) -> None:
    """Send our own log calls through the same formatter as everybody else's."""
    traces = _Traces(with_messages=not as_json)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            traces,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def json_lines_wanted(choice: str) -> bool:
    """Return whether logs are JSON: as chosen (`json`, `text`), else unless a person watches."""
    return choice == "json" or (choice != "text" and not sys.stderr.isatty())


class _NoPath(logging.Filter):
    """Puts the route's name where Django would log the path."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the path among the record's arguments; keep every record."""
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            paths = {request.path, request.get_full_path()}
            record.args = tuple(route(request) if arg in paths else arg for arg in record.args)
        return True


class _Traces:
    """Turns an exception into its types and places."""

    def __init__(self, with_messages: bool) -> None:
        self.with_messages = with_messages

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        found = event.pop("exc_info", None)
        if found is True:
            found = sys.exc_info()
        error = found[1] if isinstance(found, tuple) else found
        if isinstance(error, BaseException):
            event["exception"] = describe(error, with_messages=self.with_messages)
        return event


def describe(error: BaseException, *, with_messages: bool = False) -> list[str]:
    """Return an exception and its causes, each with the places it went through."""
    lines: list[str] = []
    current: BaseException | None = error
    while current and len(lines) < 200:
        kind = f"{type(current).__module__}.{type(current).__qualname__}"
        lines.append(f"{kind}: {current}" if with_messages else kind)
        trace = current.__traceback__
        while trace:
            code = trace.tb_frame.f_code
            lines.append(f"  {code.co_filename}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        current = current.__cause__ or current.__context__
    return lines


def _number(request: HttpRequest) -> str:
    """Keep the number that our own proxy gave, so that both logs can be laid side by side."""
    given = request.headers.get(HEADER, "") if settings.TRUSTED_PROXIES else ""
    return given if _FROM_PROXY.fullmatch(given) else uuid.uuid4().hex


def _user_id(request: HttpRequest) -> int | None:
    """Return who asked, when that is known already: a log line causes no query."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")
    return getattr(user, "pk", None)


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_JSON = structlog.processors.JSONRenderer(ensure_ascii=False)
