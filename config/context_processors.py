"""Context of every staff page: navigation entries and banners."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from branches.enums import OrgLevel
from grids.calendar import calendars
from members.enums import Role
from members.models import User
from members.rights import scopes
from petitions import permissions

OVERVIEW_LEVELS = frozenset({OrgLevel.CITY, OrgLevel.SUBDISTRICT, OrgLevel.COMMUNITY})


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One entry of the navigation."""

    label: str
    url: str
    icon: str
    current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Banner:
    """A notice above the page about data that needs correction."""

    text: str
    tone: str = "soon"
    icon: str = "calendar"
    url: str = ""
    url_label: str = ""


def _entry(request: HttpRequest, label: str, name: str, icon: str) -> MenuEntry:
    url = reverse(name)
    return MenuEntry(label, url, icon, request.path == url)


def _entries(request: HttpRequest, user: User) -> Iterator[MenuEntry]:
    entry = partial(_entry, request)
    scope = user.scope
    if scopes.has_case_post(user):
        yield entry(_("今天"), "petitions:home", "house")
        if permissions.may_open_desk(user):
            yield entry(_("登记"), "petitions:desk", "square-pen")
        yield entry(_("诉求"), "petitions:list", "list")
        if any(post.organisation_level in OVERVIEW_LEVELS for post in scope.posts):
            yield entry(_("概览"), "petitions:overview", "chart-column")
    yield entry(_("消息"), "members:inbox", "bell")
    if scopes.has_case_post(user):
        yield entry(pgettext("plural", "地点"), "grids:places", "map-pin")
    if scope.has_role(Role.AUDITOR):
        yield entry(_("安全日志"), "members:security_log", "shield-check")


def _register_entries(request: HttpRequest, user: User) -> Iterator[MenuEntry]:
    """Yield places and organisations for the user menu; the bottom bar of a phone has no room."""
    if scopes.has_case_post(user):
        yield _entry(request, pgettext("plural", "地点"), "grids:places", "map-pin")
        yield _entry(request, pgettext("plural", "组织"), "branches:organisations", "building-2")


def _banners(day: dt.date) -> list[Banner]:
    years = calendars.missing_year_notice(day)
    if not years:
        return []
    text = _("%(years)s 年的工作日历还没有录入，涉及的时限为暂定。") % {
        "years": _("、").join(str(year) for year in years)
    }
    return [Banner(text)]


def staff(request: HttpRequest) -> dict[str, Any]:
    """Return `nav`, `registers` and `banners` of a logged-in user; evaluated only when shown."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"nav": [], "registers": [], "banners": []}
    return {
        "nav": SimpleLazyObject(lambda: list(_entries(request, user))),
        "registers": SimpleLazyObject(lambda: list(_register_entries(request, user))),
        "banners": SimpleLazyObject(lambda: _banners(timezone.localdate())),
    }
