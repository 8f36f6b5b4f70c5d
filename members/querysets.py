"""Every question put to the tables of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from config.lib.dated import DatedQuerySet

if TYPE_CHECKING:
    from members.models import Post


class PostQuerySet(DatedQuerySet["Post"]):
    """Questions about posts."""

    def held_by(self, user_id: int) -> Self:
        """Keep the posts of one person."""
        return self.filter(user_id=user_id)
