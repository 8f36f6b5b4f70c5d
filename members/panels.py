"""What people add to an organisation's page: who holds which post, and how many are enrolled."""

from __future__ import annotations

import datetime as dt

from branches.models import Organisation
from config.lib.panels import Panel
from config.lib.viewer import Viewer
from members.enums import Role
from members.models import NearbyEnrolment, Post

SHOWN = [role for role in Role if role not in (Role.MEMBER, Role.API_CLIENT)]


def posts(organisation: Organisation, _viewer: Viewer, day: dt.date) -> Panel:
    """Name the posts of an organisation with holder and deputy, and count the cadres enrolled.

    Enrolled cadres (就近纳入) of an organisation and of those below it are counted together.
    """
    held = (
        Post.objects.active(day)
        .filter(organisation=organisation, role__in=SHOWN)
        .select_related("user")
        .order_by("is_deputy", "valid_from", "id")
    )
    enrolled = NearbyEnrolment.objects.filter(
        organisation__path__startswith=organisation.path, ended_on=None
    ).count()
    return Panel("members/_posts.html", {"posts": list(held), "enrolled": enrolled})
