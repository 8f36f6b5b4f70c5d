"""Which tasks a viewer sees and has to deal with, and the cases that have such tasks."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from config.lib.viewer import Viewer
from members.enums import Role
from petitions import involvement
from petitions.enums import TaskState
from petitions.models import CaseTask, CaseTaskQuerySet, Petition

DOING_ROLES = frozenset({Role.DEPARTMENT_HANDLER})
"""Roles whose organisation can get a task."""

ORDERING_ROLES = frozenset(
    {Role.COMMUNITY_SECRETARY, Role.SUBDISTRICT_OFFICIAL, Role.CITY_OFFICIAL}
)
"""Roles whose organisation can order one, because it answers escalations."""


def is_only_doer(viewer: Viewer) -> bool:
    """Tell whether the viewer sees cases because of tasks alone."""
    return bool(viewer.scope.posts) and all(post.role in DOING_ROLES for post in viewer.scope.posts)


def visible_to(viewer: Viewer) -> CaseTaskQuerySet:
    """Return the tasks in the cases that the viewer may see."""
    return CaseTask.objects.filter(petition__in=Petition.objects.visible_to(viewer))


def done_for(viewer: Viewer) -> CaseTaskQuerySet:
    """Return the tasks of the viewer's own organisations, whoever ordered them."""
    return CaseTask.objects.done_by(involvement.own_organisations(viewer.scope))


def ordered_for(viewer: Viewer) -> CaseTaskQuerySet:
    """Return the tasks that the viewer's own organisations ordered."""
    return CaseTask.objects.ordered_by(involvement.own_organisations(viewer.scope))


def own_tasks(viewer: Viewer) -> CaseTaskQuerySet:
    """Return the tasks that the viewer's own organisations do or ordered."""
    return done_for(viewer) | ordered_for(viewer)


def to_act_on(viewer: Viewer, now: dt.datetime) -> CaseTaskQuerySet:
    """Return the visible tasks in which the viewer's own organisations have to act now.

    Those to acknowledge or to conclude; of those they ordered, the overdue ones and those handed
    back.
    """
    ordered = ordered_for(viewer)
    own = (
        done_for(viewer).owed() | ordered.filter(state=TaskState.HANDED_BACK) | ordered.overdue(now)
    )
    return own.filter(petition__in=Petition.objects.visible_to(viewer))


def has_one_of(tasks: CaseTaskQuerySet) -> Q:
    """Condition: the case has one of these tasks."""
    return Q(pk__in=tasks.values("petition"))
