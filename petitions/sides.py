"""Who stands on one side of a case, so that nobody acts on both.

The rules compare a user with people and with organisations over all posts that the user holds, not
only by the post or the relation that opens a verb. The functions take any row with the columns
they read, and send no query.
"""

from __future__ import annotations

from typing import Protocol

from branches.enums import OrgLevel
from config.lib.viewer import Scope


class Returned(Protocol):
    """A case with the responsible organisation and the user who returned it, if one did."""

    organisation_id: int
    returned_by_id: int | None


def belongs_to(scope: Scope, organisation_id: int | None) -> bool:
    """Tell whether a user has any post in an organisation or in one of its Party groups."""
    return organisation_id is not None and any(
        post.organisation_id == organisation_id
        or (post.organisation_level == OrgLevel.GROUP and organisation_id == post.parent_id)
        for post in scope.posts
    )


def is_on_returning_side(scope: Scope, petition: Returned) -> bool:
    """Tell whether a user returned a case, or belongs to the organisation responsible for it."""
    has_returned = petition.returned_by_id is not None and petition.returned_by_id == scope.user_id
    return has_returned or belongs_to(scope, petition.organisation_id)
