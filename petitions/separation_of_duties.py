"""Separation of duties: who works on a case or returned it cannot also confirm or decide.

The rules compare a user with people and with organisations over all posts that the user holds, not
only by the post or the relation that opens a verb, and over those that ended since the report. The
functions take any row with the columns they read, and send no query.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence, Set
from typing import Protocol

from django.utils import timezone

from branches.enums import OrgLevel
from config.lib.viewer import Scope


class Returned(Protocol):
    """A case with the responsible organisation and the user who returned it, if one did."""

    created_at: dt.datetime
    organisation_id: int
    returned_by_id: int | None


class Handled(Protocol):
    """A case with everybody who handled it."""

    created_at: dt.datetime
    organisation_id: int
    assigned_group_id: int | None
    resolved_by_id: int | None

    @property
    def doer_ids(self) -> Sequence[int]:
        """Ids of the organisations that a task in the case names as doer, ended tasks included."""

    @property
    def assignee_ids(self) -> Sequence[int]:
        """Ids of the users the case was assigned to."""


class Workers(Protocol):
    """Everybody who worked on a case at any time: ids of people and of organisations."""

    @property
    def user_ids(self) -> Set[int]:
        """Ids of the users."""

    @property
    def organisation_ids(self) -> Set[int]:
        """Ids of the organisations."""


class EscalatedBetween(Protocol):
    """A case with the organisations that escalate it and supervise it."""

    created_at: dt.datetime
    organisation_id: int
    assigned_group_id: int | None
    supervisor_id: int | None


def belongs_to(scope: Scope, organisation_id: int | None, since: dt.datetime | None = None) -> bool:
    """Tell whether a user has any post in an organisation or in one of its Party groups.

    With `since` also whether the user had one on that day or later.
    """
    posts = scope.posts if since is None else scope.posts_since(timezone.localdate(since))
    return organisation_id is not None and any(
        post.organisation_id == organisation_id
        or (post.organisation_level == OrgLevel.GROUP and organisation_id == post.parent_id)
        for post in posts
    )


def belongs_to_returner(scope: Scope, petition: Returned) -> bool:
    """Tell whether a user returned a case, or belongs to the organisation responsible for it.

    Posts that ended since the report count too.
    """
    has_returned = petition.returned_by_id is not None and petition.returned_by_id == scope.user_id
    return has_returned or belongs_to(scope, petition.organisation_id, petition.created_at)


def belongs_to_handlers(scope: Scope, petition: Handled) -> bool:
    """Tell whether a user resolved a case, worked on it, or belongs to an organisation that did.

    Source: domain rules, follow-up (回访): by somebody other than the handler.
    """
    people = (petition.resolved_by_id, *petition.assignee_ids)
    organisations = (petition.organisation_id, petition.assigned_group_id, *petition.doer_ids)
    return scope.user_id in people or any(
        belongs_to(scope, pk, petition.created_at) for pk in organisations
    )


def belongs_to_escalating(
    scope: Scope, petition: EscalatedBetween, supervisor_id: int | None
) -> bool:
    """Tell whether a user belongs to the organisation that an escalation to a supervisor is from.

    That is the responsible organisation, or its group where it supervises the group itself. To the
    next supervisor it is also the supervisor so far. Posts that ended since the report count too.
    """
    is_internal = supervisor_id == petition.organisation_id
    asking = [petition.assigned_group_id if is_internal else petition.organisation_id]
    if petition.supervisor_id != supervisor_id:
        asking.append(petition.supervisor_id)
    return any(belongs_to(scope, pk, petition.created_at) for pk in asking)


def took_part(scope: Scope, workers: Workers, since: dt.datetime) -> bool:
    """Tell whether a user, or an organisation of the user, worked on a case reported at `since`."""
    return scope.user_id in workers.user_ids or any(
        belongs_to(scope, pk, since) for pk in workers.organisation_ids
    )
