"""The sample's places, organisations and people, read once: a case needs no query of its own."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from branches.enums import OrgLevel
from branches.models import Organisation, Responsibility
from grids.enums import AreaKind, Level
from grids.models import Area
from members.enums import HEADS, Role
from members.models import Post, User
from petitions.enums import CategoryChannel
from petitions.models import Category
from petitions.rules import routing


class ReferenceData:
    """Everything cases stand on, on one day: who answers for a place, and who sits where."""

    def __init__(self, day: dt.date) -> None:
        """Read the tables of places, organisations, posts and categories; five queries."""
        self.day = day
        self.areas = Area.objects.in_bulk()
        self.organisations = Organisation.objects.in_bulk()
        self.categories = {
            row.code: row
            for row in Category.objects.filter(parent__isnull=False).select_related("parent")
        }
        self._answering: dict[int, list[Responsibility]] = defaultdict(list)
        self._children: dict[int | None, list[Organisation]] = defaultdict(list)
        self._heads: dict[int, list[tuple[bool, User]]] = defaultdict(list)
        self._staff: dict[int, list[User]] = defaultdict(list)
        self._members: dict[int, list[User]] = defaultdict(list)
        self.partner: User | None = None
        for row in Responsibility.objects.responsible_for(self.areas, day):
            self._answering[row.area_id].append(row)
        for organisation in sorted(self.organisations.values(), key=lambda row: row.path):
            self._children[organisation.parent_id].append(organisation)
        self._seat(Post.objects.active(day).select_related("user").order_by("id"))

    def _seat(self, posts: Iterable[Post]) -> None:
        for post in posts:
            if post.role == Role.API_CLIENT:
                self.partner = post.user
            elif post.organisation_id is None:
                continue
            elif post.role in HEADS:
                self._heads[post.organisation_id].append((post.is_deputy, post.user))
            elif post.role == Role.STAFF:
                self._staff[post.organisation_id].append(post.user)
            elif post.role == Role.MEMBER:
                self._members[post.organisation_id].append(post.user)

    def place(self, area: Area, day: dt.date) -> routing.ResponsibleChain:
        """Return a place with its chain and who answers for it in the season of `day`."""
        chain = tuple(self.areas[pk] for pk in area.ancestor_ids)
        rows = [row for link in chain for row in self._answering[link.pk] if row.is_in_season(day)]
        rows.sort(key=lambda row: row.area.path, reverse=True)
        return routing.ResponsibleChain(area, chain, tuple(rows))

    def route(self, area: Area, day: dt.date, about: Organisation | None = None) -> routing.Route:
        """Return the route of an ordinary report from a place."""
        return routing.route(self.place(area, day), channel=CategoryChannel.SERVICE, about=about)

    def head(self, organisation_id: int | None) -> User | None:
        """Return who answers for an organisation: a holder, else a deputy, else nobody."""
        people = sorted(self._heads.get(organisation_id or 0, []), key=lambda seat: seat[0])
        return people[0][1] if people else None

    def staff(self, organisation_id: int) -> list[User]:
        """Return the desk of a community; a place without one is served by its head."""
        head = self.head(organisation_id)
        return self._staff.get(organisation_id) or ([head] if head else [])

    def members(self, group_id: int) -> list[User]:
        """Return whom a group can send to doors."""
        return self._members.get(group_id, [])

    def branches(self) -> list[Organisation]:
        """Return the grid branches in the order of the tree."""
        rows = sorted(self.organisations.values(), key=lambda row: row.path)
        return [row for row in rows if row.level == OrgLevel.BRANCH]

    def siblings(self, organisation: Organisation) -> list[Organisation]:
        """Return the other organisations below the same parent, of the same level."""
        return [
            row
            for row in self._children[organisation.parent_id]
            if row.level == organisation.level and row.pk != organisation.pk
        ]

    def department(self, short_name: str) -> Organisation:
        """Return a department or utility by its short name."""
        return next(row for row in self.organisations.values() if row.short_name == short_name)

    def homes(self) -> list[Area]:
        """Return buildings and lanes, in the order of the tree."""
        kinds = (AreaKind.BUILDING, AreaKind.LANE)
        return [row for row in self._in_order() if row.kind in kinds]

    def countryside(self, day: dt.date) -> list[Area]:
        """Return village groups, and the pastures of the season."""
        return [
            row
            for row in self._in_order()
            if row.kind == AreaKind.VILLAGE_GROUP
            or (row.kind == AreaKind.PASTURE and row.is_in_season(day))
        ]

    def by_name(self, full_name: str) -> Area:
        """Return a building by its full name."""
        return next(
            row
            for row in self._in_order()
            if row.full_name == full_name and row.level == Level.BUILDING
        )

    def _in_order(self) -> list[Area]:
        return sorted(self.areas.values(), key=lambda row: row.path)
