"""Panel that this app adds to an organisation's page: posts and enrolled cadres."""

from __future__ import annotations

import datetime as dt

from branches.models import Organisation
from config.lib.panels import Panel
from config.lib.viewer import Viewer
from members.enums import HEAD_ROLES, Role
from members.models import NearbyEnrolment, Post

SHOWN_ROLES = [role for role in Role if role not in (Role.MEMBER, Role.API_CLIENT)]


def posts(organisation: Organisation, _viewer: Viewer, day: dt.date) -> Panel:
    """List the posts of an organisation and count the cadres enrolled in it.

    Enrolled cadres (就近纳入) of the organisation and of all organisations below are counted.
    """
    active_posts = (
        Post.objects.active(day)
        .filter(organisation=organisation, role__in=SHOWN_ROLES)
        .select_related("user")
        .order_by("is_deputy", "valid_from", "id")
    )
    enrolled = NearbyEnrolment.objects.filter(
        organisation__path__startswith=organisation.path, ended_on=None
    ).count()
    shown = list(active_posts)
    data = {
        "posts": shown,
        "is_vacant": not any(post.role in HEAD_ROLES for post in shown),
        "enrolled": enrolled,
    }
    return Panel("members/_posts.html", data)
