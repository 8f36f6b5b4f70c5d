"""Access of staff to pages: the decorator of views, and fetching a case within scope."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, resolve_url
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from config.lib.audit import refusals
from config.lib.audit.refusals import RefusedAttempt
from members.accounts import start_page
from members.models import User
from members.rights import scopes
from petitions.models import Petition, PetitionQuerySet

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request of a logged-in user, as `staff_only` passes it to the view."""

    user: User


def staff_only(
    view: Callable[Concatenate[StaffRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Decorator: allow users who hold a post that handles cases.

    Visitors are redirected to the log-in. Users without such a post today get 403; this includes
    the three administrator roles, which see no content of cases.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return _to_login(request)
        if not scopes.has_case_post(request.user):
            refusals.note(RefusedAttempt(_("您今天没有办理诉求的职务。")))
            raise PermissionDenied
        return view(cast("StaffRequest", request), *args, **kwargs)

    return guarded


def start_page_for_others(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Decorator: redirect a logged-in user whose start page is another one to that page.

    Links lead everybody here, so that it is no refused attempt. Visitors get the view.
    """

    @wraps(view)
    def redirected(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return view(request, *args, **kwargs)
        url = start_page.url_for(request.user)
        if url == request.path:
            return view(request, *args, **kwargs)
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(url)
        return redirect(url)

    return redirected


def get_case(viewer: User, pk: int, cases: PetitionQuerySet | None = None) -> Petition:
    """Return a case that is visible to the viewer, with its contact; raise 404 for any other.

    `cases` says what to load with the case (`with_parts`, annotations); left out, nothing else is.
    """
    cases = Petition.objects.all() if cases is None else cases
    return get_object_or_404(cases.visible_to(viewer).select_related("contact"), pk=pk)


def _to_login(request: HttpRequest) -> HttpResponseBase:
    """Redirect to the log-in and back; an htmx request makes the browser load that page."""
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
    if request.path == resolve_url(settings.LOGIN_REDIRECT_URL):
        return redirect(settings.LOGIN_URL)  # without `next`: the start page depends on the role
    return redirect_to_login(request.get_full_path() if request.method == "GET" else request.path)
