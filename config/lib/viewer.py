"""The viewer as lower apps know it: a small protocol, no import of the people's app."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ActivePost:
    """One post held today, with everything rights need to know about it.

    `area_paths` are the paths of the places the post reaches by its organisation's present
    responsibilities (or by the post's own area for an API client).
    """

    role: str
    organisation_id: int | None
    organisation_level: str
    organisation_path: str
    organisation_name: str
    area_paths: tuple[str, ...]
    is_deputy: bool = False

    @property
    def ancestor_ids(self) -> frozenset[int]:
        """Ids of the organisation and everything above it."""
        return frozenset(int(part) for part in self.organisation_path.split(".") if part)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a user may reach today: the seats held, on the day `day`. Empty reaches nothing.

    `edition` numbers the registers this was read from, if anything was.
    """

    user_id: int | None
    day: dt.date
    posts: tuple[ActivePost, ...] = field(default=())
    edition: int | None = None

    def has_role(self, *roles: str) -> bool:
        """Tell whether any post held today has one of `roles`."""
        return any(seat.role in roles for seat in self.posts)


class Viewer(Protocol):
    """Anything with a scope: a logged-in user."""

    @property
    def scope(self) -> Scope:
        """The reach of today's posts, loaded once per request."""
        ...
