"""Pages of a user's own inbox and account."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus
from typing import cast

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.lib import clock
from members import workflow
from members.accounts.adapters import needs_second_factor
from members.accounts.forms import EmailForm
from members.inbox import unread_messages
from members.models import Delivery, InboxMessage, User

PAGE_SIZE = 30
UNDELIVERED_SHOWN = dt.timedelta(days=30)


def _me(request: HttpRequest) -> User:
    """Return the logged-in user; every view here requires login."""
    return cast("User", request.user)


def _before(request: HttpRequest) -> int | None:
    """Return the id below which the page starts; an invalid value starts at the top."""
    value = request.GET.get("before", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


@login_required
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """Show the user's own messages, newest first, with keyset pagination."""
    now = clock.now()
    rows = InboxMessage.objects.shown_to(_me(request), now).order_by("-id")
    before = _before(request)
    if before is not None:
        rows = rows.filter(id__lt=before)
    page = list(rows[: PAGE_SIZE + 1])
    older = str(page[PAGE_SIZE - 1].pk) if len(page) > PAGE_SIZE else ""
    undelivered = Delivery.objects.undelivered_to(_me(request), now - UNDELIVERED_SHOWN, now)
    data = {
        "inbox": page[:PAGE_SIZE],
        "older": older,
        "is_first_page": before is None,
        "undelivered_count": undelivered.count(),
    }
    return render(request, "members/inbox.html", data)


@login_required
@require_GET
def unread(request: HttpRequest) -> HttpResponse:
    """Return the unread count for the bell, polled by htmx."""
    count = unread_messages.count(_me(request), clock.now())
    return render(request, "members/_unread.html", {"unread_count": count})


@login_required
@require_GET
def open_message(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a message as read and redirect to its URL; 404 for another user's message."""
    message = workflow.mark_read(user=_me(request), message_id=pk, now=clock.now())
    if message is None or not url_has_allowed_host_and_scheme(message.url, allowed_hosts=None):
        raise Http404
    return redirect(message.url)


@login_required
@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one message as read and stay in the inbox."""
    message = workflow.mark_read(user=_me(request), message_id=pk, now=clock.now())
    if message is None:
        raise Http404
    if request.headers.get("HX-Request"):
        return render(request, "members/_message.html", {"message": message})
    return redirect("members:inbox")


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all messages as read."""
    number = workflow.mark_all_read(user=_me(request), now=clock.now())
    if number:
        text = ngettext(
            "已把 %(count)d 条消息标为已读。", "已把 %(count)d 条消息标为已读。", number
        )
        messages.success(request, text % {"count": number})
    return redirect("members:inbox")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def email(request: HttpRequest) -> HttpResponse:
    """Change the work address of the user's own account, with the password."""
    user = _me(request)
    form = EmailForm(request.POST or None, user=user)
    if form.is_valid():
        try:
            workflow.change_email(user=user, email=form.cleaned_data["email"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("工作邮箱已修改。"))
            return redirect("members:me")
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "members/email.html", {"form": form}, status=status)


@login_required
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """Show the user's posts, sessions, second factor and display settings."""
    user = _me(request)
    posts = user.posts.on(user.scope.day).select_related("organisation", "area").order_by("id")
    data = {
        "posts": posts,
        "session_count": UserSession.objects.filter(user=user).count(),
        "has_second_factor": is_mfa_enabled(user),
        "needs_second_factor": needs_second_factor(user),
    }
    return render(request, "members/me.html", data)
