"""Views of the security log: read and search it, export what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import cast
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.lib.audit import refusals
from config.lib.audit.refusals import LoggedObject, RefusedAttempt
from config.lib.db import keyset_pagination
from config.lib.db.keyset_pagination import NEWEST
from config.lib.web.csv_response import csv_response
from members.accounts import audit_log
from members.enums import SecurityAction
from members.models import SecurityEvent, User
from members.security_log import wording
from members.security_log.search import LogSearchForm
from members.security_log.wording import LogLine

PAGE_SIZE = 50
EXPORT_LIMIT = 200_000  # lines of one file
CHUNK = 1000

View = Callable[[HttpRequest], HttpResponseBase]


def auditor_only(view: View) -> View:
    """Decorator: allow the auditor; everybody else gets 403, which is itself a line of the log."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        if not cast("User", request.user).has_perm("members.view_securityevent"):
            refusals.note(RefusedAttempt(_("只有审计员可以看安全日志。")))
            raise PermissionDenied
        return view(request)

    return login_required(guarded)


@auditor_only
@require_safe
def show_log(request: HttpRequest) -> HttpResponse:
    """Show the lines that match the search, newest first, with keyset pagination."""
    form = LogSearchForm(request.GET)
    is_valid = form.is_valid()
    matching = form.lines() if is_valid else SecurityEvent.objects.none()
    cursor = keyset_pagination.parse(
        NEWEST, request.GET.get("after", ""), request.GET.get("before", "")
    )
    page = keyset_pagination.page(matching, NEWEST, cursor=cursor, size=PAGE_SIZE)
    query = {name: text for name in form.fields if (text := str(request.GET.get(name, "")))}
    context = {
        "form": form,
        "lines": wording.lines(page.rows),
        "is_search": bool(query),
        "prev_url": _url(query, "before", page.before),
        "next_url": _url(query, "after", page.after),
        "export_url": f"{reverse('members:security_log_export')}?{urlencode(query)}",
    }
    template = "members/security_log/log.html"
    return render(request, template, context, status=200 if is_valid else 400)


@auditor_only
@require_safe
def export_log(request: HttpRequest) -> HttpResponseBase:
    """Return all lines that match as CSV, oldest last; the export is a line of the log.

    More than `EXPORT_LIMIT` lines are refused, because part of a result would look like all of it.
    """
    form = LogSearchForm(request.GET)
    if not form.is_valid():
        return show_log(request)
    matching = form.lines()
    number = keyset_pagination.bounded_count(matching, EXPORT_LIMIT)
    if number > EXPORT_LIMIT:
        form.add_error(None, _("符合的超过20万条，一个文件放不下。请缩短日期再导出。"))
        context = {"form": form, "lines": [], "is_search": True}
        return render(request, "members/security_log/log.html", context, status=400)
    newest = matching.first()
    audit_log.write(
        SecurityAction.LOG_EXPORTED,
        user=cast("User", request.user),
        about=LoggedObject(audit_log.LOG),
        message=form.words(),
        ip=get_adapter().get_client_ip(request),
        lines=number,
    )
    name = f"security-log-{timezone.localdate():%Y%m%d}.csv"
    return csv_response(name, _rows(matching, newest.pk if newest else 0))


def _rows(matching: QuerySet[SecurityEvent], newest: int) -> Iterator[list[object]]:
    """Yield the header and the lines up to the newest one, a chunk at a time."""
    yield [
        *(_("时间"), _("谁"), _("身份"), _("所在组织"), _("做了什么"), _("对象"), _("结果")),
        *(_("说明"), _("次数"), _("网络地址"), _("行号")),
    ]
    before = newest + 1
    while chunk := list(matching.filter(id__lt=before)[:CHUNK]):
        before = chunk[-1].pk
        yield from (_cells(line) for line in wording.lines(chunk))


def _cells(line: LogLine) -> list[object]:
    at = timezone.localtime(line.at)
    return [
        *(f"{at:%Y-%m-%d %H:%M:%S}", line.who, line.acting_as, line.organisation, line.act),
        *(line.object, line.outcome, line.message, line.times, line.address, line.id),
    ]


def _url(query: dict[str, str], name: str, cursor: str) -> str:
    """Return the URL of another page of the same search; empty without a cursor."""
    return (
        f"{reverse('members:security_log')}?{urlencode(query | {name: cursor})}" if cursor else ""
    )
