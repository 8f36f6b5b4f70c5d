"""Request id, one log line and metrics per request, without personal data."""

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
    "Time from the arrival of a request to its response",
    ["route", "method", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_log = structlog.get_logger("request")


class RequestMiddleware:
    """Assigns a request id, logs the response and measures its time.

    The log contains the route, never the path or the query: both may contain a tracking code, a
    name or a telephone number.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Process the request, with its id in the log context and in a response header."""
        new_id = request.META["REQUEST_ID"] = _new_request_id(request)
        tokens = structlog.contextvars.bind_contextvars(request_id=new_id)
        try:
            return self._respond(request, new_id)
        finally:
            structlog.contextvars.reset_contextvars(**tokens)

    def _respond(self, request: HttpRequest, new_id: str) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.get_response(request)
        response.headers[HEADER] = new_id
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            response.content = b""  # Content-Length is set already
        seconds = time.perf_counter() - started
        method = request.method if request.method in _METHODS else "other"
        route_name = route(request)
        _SECONDS.labels(route_name, method, str(response.status_code)).observe(seconds)
        _log.info(
            "request",
            method=method,
            route=route_name,
            status=response.status_code,
            ms=round(seconds * 1000),
            user=_user_id(request),
        )
        return response


def request_id(request: HttpRequest) -> str:
    """Return the request id, which error pages show to the user."""
    return str(request.META.get("REQUEST_ID", ""))


def route(request: HttpRequest) -> str:
    """Return the name of the matched route, NO_ROUTE when none matched."""
    match = request.resolver_match
    return (match.view_name or match.route) if match else NO_ROUTE


def logging_config(*, as_json: bool, level: str = "INFO", with_messages: bool = False) -> Any:
    """Return the logging configuration: one line per event on standard error.

    Messages of exceptions are logged only with `with_messages`, because those of the database
    quote the refused values.
    """
    configure(as_json=as_json)
    pre_chain = [*_SHARED, _ExceptionFormatter(with_messages)]
    renderer = _JSON if as_json else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"no_path": {"()": _PathFilter}},
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": pre_chain,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    renderer,
                ],
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
            # Django configures handlers for these two.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # Refused requests have their own line; errors are logged with their traceback.
            "django.request": {"level": "ERROR"},
        },
    }


def configure(*, as_json: bool) -> None:
    """Format structlog's log calls like those of the standard library."""
    exceptions = _ExceptionFormatter(with_messages=not as_json)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            exceptions,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def json_lines_wanted(choice: str) -> bool:
    """Return whether logs are JSON: `json`, `text`, or by default unless stderr is a terminal."""
    return choice == "json" or (choice != "text" and not sys.stderr.isatty())


class _PathFilter(logging.Filter):
    """Replaces the path in Django's log records by the name of the route."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the path in the arguments of the record; return True (log every record)."""
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            paths = {request.path, request.get_full_path()}
            record.args = tuple(route(request) if arg in paths else arg for arg in record.args)
        return True


class _ExceptionFormatter:
    """structlog processor that logs an exception as its types and locations."""

    def __init__(self, with_messages: bool) -> None:
        self.with_messages = with_messages

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        exc_info = event.pop("exc_info", None)
        if exc_info is True:
            exc_info = sys.exc_info()
        error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
        if isinstance(error, BaseException):
            event["exception"] = describe(error, with_messages=self.with_messages)
        return event


def describe(error: BaseException, *, with_messages: bool = False) -> list[str]:
    """Return the lines of an exception and its causes, each with its locations."""
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


def _new_request_id(request: HttpRequest) -> str:
    """Return the id assigned by a trusted proxy, so that both logs can be joined, or a new id."""
    from_proxy = request.headers.get(HEADER, "") if settings.TRUSTED_PROXIES else ""
    return from_proxy if _FROM_PROXY.fullmatch(from_proxy) else uuid.uuid4().hex


def _user_id(request: HttpRequest) -> int | None:
    """Return the user's id if the user is loaded already: logging causes no query."""
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
