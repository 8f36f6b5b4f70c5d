"""Data to complete: what is missing in calendars and registers, for desks and the city."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from branches import coverage
from branches.enums import OrgLevel
from branches.models import Organisation
from config.lib.viewer import ActivePost, Scope
from grids.calendar import calendars
from grids.enums import Level
from grids.models import Area
from members.enums import Role
from members.models import User
from members.posts import directory
from petitions.relations import COORDINATOR_ROLES

MAX_SHOWN = 5  # of each kind
MAX_CACHED_SCOPES = 500


@dataclass(frozen=True, slots=True)
class RegisterProblems:
    """Places without a responsible organisation (level, name), organisations without a head."""

    places: tuple[tuple[int, str], ...] = ()
    vacant: tuple[str, ...] = ()


# By register version, day and posts of the user.
_problems_by_scope: dict[tuple[int, dt.date, tuple[ActivePost, ...]], RegisterProblems] = {}


def sentences(user: User, day: dt.date, former_count: int) -> list[str]:
    """Return what is missing, each as a sentence; nothing for roles that cannot complete it.

    `former_count` is the number of visible cases held by somebody who has left.
    """
    if not user.scope.has_role(*COORDINATOR_ROLES, Role.CITY_OFFICIAL):
        return []
    problems = _register_problems(user, day)
    years = [
        _("%(year)s年的工作日历还没有导入，时限只是暂定。") % {"year": year}
        for year in calendars.missing_year_notice(day)
    ]
    vacant = [
        _("%(organisation)s 没有在岗的负责人，新诉求直接通知上一级。") % {"organisation": name}
        for name in problems.vacant
    ]
    left = _("%(count)d 件在办诉求的承办组织不再负责那里，或者承办人已不在岗，要移交。")
    cases = [left % {"count": former_count}] if former_count else []
    return years + [_gap(level, place) for level, place in problems.places] + vacant + cases


def _register_problems(user: User, day: dt.date) -> RegisterProblems:
    """Return the problems of the registers that the user sees.

    Cached per process; read again when the registers, the posts of anybody, or the accounts
    change: all of them raise the version of the registers.
    """
    scope = user.scope
    if scope.register_version is None:
        return _read(user, day)
    key = (scope.register_version, day, scope.posts)
    problems = _problems_by_scope.get(key)
    if problems is None:
        if len(_problems_by_scope) >= MAX_CACHED_SCOPES:
            _problems_by_scope.clear()
        problems = _problems_by_scope[key] = _read(user, day)
    return problems


def _read(user: User, day: dt.date) -> RegisterProblems:
    """Read the problems from the database, with two queries."""
    gaps = coverage.gaps(Area.objects.visible_to(user), day)
    kinds = (
        gaps.buildings_without_grid,
        gaps.grids_without_branch,
        gaps.units_without_organisation,
    )
    first, *others = (
        kind.order_by("path").values("full_name", "level")[:MAX_SHOWN] for kind in kinds
    )
    rows = first.union(*others, all=True)
    own = Organisation.objects.filter(_own_and_below(user.scope))
    vacant = directory.without_head(own, day).order_by("path")
    return RegisterProblems(
        places=tuple((row["level"], row["full_name"]) for row in rows),
        vacant=tuple(vacant.values_list("name", flat=True)[:MAX_SHOWN]),
    )


def _own_and_below(scope: Scope) -> Q:
    """Condition: the organisation of a post or one below; for a subdistrict also the city."""
    condition = Q(pk__in=[])
    for post in scope.posts:
        if post.organisation_path and post.role != Role.MEMBER:
            condition |= Q(path__startswith=post.organisation_path)
    if scope.has_role(Role.SUBDISTRICT_OFFICIAL):
        condition |= Q(level=OrgLevel.CITY)
    return condition


def _gap(level: int, place: str) -> str:
    if level == Level.BUILDING:
        return _("%(place)s 没有划入网格。") % {"place": place}
    if level == Level.GRID:
        return _("%(place)s 没有负责的党支部。") % {"place": place}
    return _("%(place)s 没有负责的党组织。") % {"place": place}
