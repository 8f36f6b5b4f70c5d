"""The pages of a report are for residents: a browser in which staff are logged in is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from config.lib.domain_errors import PageRefused

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
STAFF_SESSION = gettext_lazy("您现在用工作账号登录。替居民登记请用“登记”；自己反映请先退出登录。")


def refuse_staff(request: HttpRequest) -> None:
    """Refuse staff: the draft and the receipt in this browser are of a resident.

    Staff who file a report use the desk, so that the case says who filed it.
    """
    if request.user.is_authenticated:
        raise PageRefused(str(STAFF_SESSION))


def residents_only(view: View[P]) -> View[P]:
    """Decorator: refuse staff before the view shows or takes anything of a draft."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        refuse_staff(request)
        return view(request, *args, **kwargs)

    return guarded
