"""Error responses: an HTML page for browsers, `application/problem+json` (RFC 9457) for the API."""

import errno
import sys
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template import loader
from django.utils.html import escape
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.views import set_rollback

from config.lib.audit import refusals
from config.lib.audit.refusals import RefusedAttempt
from config.lib.domain_errors import DomainError, PageNotFound, PageRefused, TypedText
from config.lib.web.request_log import request_id

if TYPE_CHECKING:
    from rest_framework.views import APIView

PROBLEM = "application/problem+json"
RETRY_AFTER = 5  # seconds; a database restarts within that time
API = "/api/"
CSRF_PAGE = "403_csrf"
_RAISED_BY_TRIGGER = "P0001"
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})
_REFUSALS = frozenset({401, 403, 404})
_log = structlog.get_logger("errors")
_CODES = {
    400: "bad_request",
    401: "not_logged_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "wrong_state",
    412: "stale",
    413: "too_large",
    415: "wrong_type",
    422: "key_reused",
    428: "precondition_required",
    429: "rate_limited",
    500: "internal_error",
    503: "service_unavailable",
}


class RequestSanityMiddleware:
    """Rejects requests with NUL bytes in path or cookies (400) or with an oversized body (413).

    PostgreSQL text cannot contain NUL. The size is taken from Content-Length, because the web
    server reads no further than that.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Reject the request or process it."""
        if any("\0" in text for text in (request.path, *request.COOKIES.values())):
            return answer(request, 400)
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if length.isdecimal() and int(length) > settings.LARGEST_BODY:
            return answer(request, 413)
        return self.get_response(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Error handler: malformed request (400)."""
    return answer(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Error handler: the user may not do this (403); the page shows the sentence of a refusal.

    The security log gets the same sentence, and not what was typed.
    """
    if not isinstance(exception, PageRefused):
        return answer(request, 403)
    detail = str(exception)
    if detail:
        refusals.note_unless_noted(RefusedAttempt(detail))
    return answer(request, 403, detail=detail, typed=exception.typed)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Error handler: not found, or not visible to this user (404)."""
    typed = exception.typed if isinstance(exception, PageNotFound) else ()
    return answer(request, 404, typed=typed)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Error handler: a rate limit of allauth is reached (429)."""
    return answer(request, 429)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Error handler: missing or outdated CSRF token (403); the page says how to send it again."""
    return answer(request, 403, page=CSRF_PAGE, code="form_outdated")


def server_error(request: HttpRequest) -> HttpResponse:
    """Error handler: any other exception; `status_of` decides the status."""
    error = sys.exc_info()[1]
    status = status_of(error)
    detail = error.message if isinstance(error, DomainError) else ""
    code = error.code if isinstance(error, DomainError) else ""
    return answer(request, status, code=code, detail=detail)


def status_of(error: BaseException | None) -> int:
    """Return 503 for a failed service or disk, the status of a domain error, 409, or 500."""
    if isinstance(error, DomainError):
        return error.status
    if isinstance(error, OperationalError | InterfaceError | RedisError):
        return 503
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return 503
    if isinstance(error, InternalError) and _raised_by_trigger(error):
        return 409
    return 500


def answer(
    request: HttpRequest,
    status: int,
    *,
    page: str = "",
    code: str = "",
    detail: str = "",
    typed: Sequence[TypedText] = (),
) -> HttpResponse:
    """Return the page or the problem document for a status; 503 gets a Retry-After header.

    The page shows what was `typed` into a form that was not saved.
    """
    if page != CSRF_PAGE:
        _note_refusal(status, detail)
    if request.path.startswith(API):
        response = problem(request, status, code=code, detail=detail)
    else:
        response = HttpResponse(_page(request, page or str(status), detail, typed), status=status)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def problem(
    request: HttpRequest, status: int, *, code: str = "", detail: str = "", errors: object = None
) -> HttpResponse:
    """Return an RFC 9457 document; `errors` lists field, code and message of each error."""
    body = problem_body(request, status, code=code, detail=detail, errors=errors)
    return JsonResponse(body, status=status, content_type=PROBLEM, json_dumps_params=_PLAIN)


def problem_body(
    request: HttpRequest, status: int, *, code: str = "", detail: str = "", errors: object = None
) -> dict[str, object]:
    """Return the members of a problem document."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": title(status),
        "status": status,
        "code": code or _CODES.get(status, "error"),
        "request_id": request_id(request),
    }
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    return body


def problem_handler(exc: Exception, context: Mapping[str, object]) -> Response | None:
    """Exception handler of the REST framework; None leaves the exception to `server_error`."""
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    elif isinstance(exc, DjangoValidationError):
        exc = exceptions.ValidationError(as_serializer_error(exc))
    request = cast("APIView", context["view"]).request
    if isinstance(exc, DomainError):
        set_rollback()
        _note_refusal(exc.status, exc.message)
        body = problem_body(request, exc.status, code=exc.code, detail=exc.message)
        headers = {"Retry-After": str(exc.retry_after)} if exc.retry_after else {}
        return Response(body, status=exc.status, headers=headers, content_type=PROBLEM)
    if not isinstance(exc, exceptions.APIException):
        return None
    set_rollback()
    fields = _fields(exc.get_full_details()) if isinstance(exc, exceptions.ValidationError) else []
    detail = "" if fields or not isinstance(exc.detail, str) else str(exc.detail)
    _note_refusal(exc.status_code, detail)
    body = problem_body(request, exc.status_code, detail=detail, errors=fields)
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = str(auth_header)
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    return Response(body, status=exc.status_code, headers=headers, content_type=PROBLEM)


def title(status: int) -> str:
    """Return the meaning of a status in plain words."""
    return {
        400: _("看不懂这个请求"),
        401: _("请先登录"),
        403: _("您不能做这一步"),
        404: _("没有找到"),
        405: _("这里不能这样做"),
        406: _("不能按这种格式回答"),
        409: _("现在不能做这一步"),
        412: _("别人已经改过，请刷新后再试"),
        413: _("内容太大"),
        415: _("不能读取这种格式"),
        422: _("这个提交编号已用于另一份内容"),
        428: _("请说明您看到的版本"),
        429: _("操作太频繁，请稍后再试"),
        503: _("系统暂时不可用，尚未受理，请稍后再试"),
    }.get(status, _("系统出错，尚未受理"))


def _note_refusal(status: int, message: str) -> None:
    """Note a refusal of a right for the security log, unless a rule has noted it already."""
    if status in _REFUSALS:
        refusals.note_unless_noted(RefusedAttempt(message or title(status), status))


def _fields(details: object, path: str = "") -> list[dict[str, str]]:
    """Flatten the nested errors of the framework to a list of field, code and message."""
    if isinstance(details, dict) and {"message", "code"} <= details.keys():
        error = {"field": path, "code": details["code"], "message": details["message"]}
        # A lone surrogate (`\ud800`) in the input can be parsed, but not encoded again.
        return [{name: str(text).encode(errors="replace").decode() for name, text in error.items()}]
    if isinstance(details, dict):
        nested = [(f"{path}.{key}" if path else str(key), value) for key, value in details.items()]
    elif isinstance(details, list):
        is_indexed = any(isinstance(value, dict) and "message" not in value for value in details)
        nested = [
            (f"{path}[{index}]" if is_indexed else path, value)
            for index, value in enumerate(details)
        ]
    else:
        return []
    return [error for field, value in nested for error in _fields(value, field)]


def _page(request: HttpRequest, name: str, detail: str, typed: Sequence[TypedText]) -> str:
    """Render the error page; when rendering fails, return a minimal page."""
    context = {
        "request": request,
        "request_id": request_id(request),
        "detail": detail,
        "typed": typed,
        "retry_after": RETRY_AFTER,
    }
    status = int(name) if name.isdigit() else 403
    try:
        if name == "403":
            context["start_url"] = _start_url(request)
        template = loader.select_template([f"errors/{name}.html", "errors/500.html"])
        # Without context processors: they query the database, which may be unavailable.
        return str(template.render(context))
    except Exception as error:  # noqa: BLE001 - an error page must not fail
        _log.warning("error_page_failed", page=name, exc_info=error)
        message = escape(detail or title(status))
        return (
            f'<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><title>{message}</title>'
            f"<h1>{message}</h1><p>{escape(request_id(request))}</p></html>"
        )


def _start_url(request: HttpRequest) -> str:
    """Return the start page of a logged-in user (setting `START_PAGE`), empty for a visitor."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    url_for: Callable[[object], str] = import_string(settings.START_PAGE)
    return url_for(user)


def _raised_by_trigger(error: InternalError) -> bool:
    return getattr(error.__cause__, "pgcode", None) == _RAISED_BY_TRIGGER


_PLAIN = {"ensure_ascii": False}
