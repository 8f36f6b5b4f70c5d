"""Views of the whole site: theme and text size."""

from __future__ import annotations

from typing import NoReturn

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

PREFERENCES = {"theme": ("auto", "light", "dark"), "text": ("normal", "large")}
ONE_YEAR = 365 * 24 * 60 * 60  # seconds


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Store theme and text size in cookies; redirect to the page in `next`."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = HttpResponseRedirect(target)
    for name, allowed in PREFERENCES.items():
        value = request.POST.get(name)
        if value in allowed:
            response.set_cookie(
                name,
                value,
                max_age=ONE_YEAR,
                httponly=True,
                samesite="Lax",
                secure=request.is_secure(),
            )
    return response


def raise_not_found(_request: HttpRequest, _path: str) -> NoReturn:
    """Raise 404 for the admin's "view on site" URLs, which would reveal which cases exist."""
    raise Http404
