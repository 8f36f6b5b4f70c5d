"""Protocol of a user with a scope, so that lower apps need not import the members app."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Protocol


class _PathOfOrganisation:
    """What the path of a post's organisation says."""

    __slots__ = ()
    organisation_path: str

    @property
    def ancestor_ids(self) -> frozenset[int]:
        """Ids of the organisation and of all organisations above it."""
        return frozenset(int(part) for part in self.organisation_path.split(".") if part)

    @property
    def parent_id(self) -> int | None:
        """Id of the organisation above the post's organisation; None at the root."""
        ids = self.organisation_path.split(".")[-3:-2]
        return int(ids[0]) if ids else None


@dataclass(frozen=True, slots=True)
class ActivePost(_PathOfOrganisation):
    """A post held today, with everything that permissions depend on.

    `area_paths` are the paths of the places in the post's scope: those its organisation is
    responsible for today, or the post's own area for an API client.
    """

    role: str
    organisation_id: int | None
    organisation_level: str
    organisation_path: str
    organisation_name: str
    area_paths: tuple[str, ...]
    is_deputy: bool = False

    def covers(self, path: str) -> bool:
        """Return whether the place with `path` lies in the post's scope.

        An empty path in the scope covers nothing, although every path begins with it.
        """
        return any(area and path.startswith(area) for area in self.area_paths)


@dataclass(frozen=True, slots=True)
class FormerPost(_PathOfOrganisation):
    """A post in an organisation that has ended; `last_day` is the last one that it gave rights."""

    organisation_id: int
    organisation_level: str
    organisation_path: str
    last_day: dt.date


@dataclass(frozen=True, slots=True)
class Scope:
    """The posts a user holds on `day`; without a post the scope is empty.

    `former_posts` give no right: they only exclude, as with cases about their organisation.
    `register_version` is the version of the registers the scope was read from, if known.
    """

    user_id: int | None
    day: dt.date
    posts: tuple[ActivePost, ...] = field(default=())
    former_posts: tuple[FormerPost, ...] = field(default=())
    register_version: int | None = None

    @property
    def own_and_above(self) -> frozenset[int]:
        """Ids of the organisations in or below which the user has a post."""
        return frozenset().union(*(post.ancestor_ids for post in self.posts))

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What decides which rows the user sees, besides the time."""
        return self.user_id, self.posts, self.former_posts

    def posts_since(self, day: dt.date) -> tuple[ActivePost | FormerPost, ...]:
        """Return the posts that the user holds, and those that ended on `day` or later."""
        return (*self.posts, *(post for post in self.former_posts if post.last_day >= day))

    def has_role(self, *roles: str) -> bool:
        """Return whether a post held today has one of `roles`."""
        return any(post.role in roles for post in self.posts)


class Viewer(Protocol):
    """Anything with a scope, that is, a logged-in user."""

    @property
    def scope(self) -> Scope:
        """The scope of today's posts, loaded once per request."""
        ...
