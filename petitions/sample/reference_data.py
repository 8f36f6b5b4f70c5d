"""Places, organisations and people of the sample, read once, so that a case needs no query."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.utils import timezone

from branches.enums import ESCALATION_ORDER, OrgLevel
from branches.models import Organisation, Responsibility
from config.lib.viewer import ActivePost, Scope
from grids.enums import AreaKind, Level
from grids.models import Area
from members.enums import HEAD_ROLES, Role
from members.models import Post, User
from members.posts import directory
from members.rights import scopes
from petitions.enums import CategoryChannel
from petitions.models import Category, Petition
from petitions.rules import routing
from petitions.workflow.escalation_chain import EscalationChain

Season = frozenset[int]
ABOVE = ESCALATION_ORDER[1:]  # cases escalate to a branch or higher


class ReferenceData:
    """Areas, organisations, responsibilities, posts and categories on one day."""

    def __init__(self, day: dt.date) -> None:
        """Read the tables of places, organisations, posts and categories; five queries."""
        self.day = day
        self.areas = Area.objects.in_bulk()
        self.organisations = Organisation.objects.in_bulk()
        self.categories = {
            row.code: row
            for row in Category.objects.filter(parent__isnull=False).select_related("parent")
        }
        self.partner: User | None = None
        self._responsibilities: dict[int, list[Responsibility]] = defaultdict(list)
        self._children: dict[int | None, list[Organisation]] = defaultdict(list)
        self._heads: dict[int, list[tuple[bool, User]]] = defaultdict(list)
        self._staff: dict[int, list[tuple[bool, User]]] = defaultdict(list)
        self._members: dict[int, list[tuple[bool, User]]] = defaultdict(list)
        self._assignable: dict[int, set[int]] = defaultdict(set)
        self._head_scopes: dict[int, Scope] = {}
        self._chains: dict[Season, EscalationChain] = {}
        self._scopes: dict[tuple[int, Season], Scope] = {}
        self._seasonal: list[Responsibility] = []
        self._seasons: dict[dt.date, Season] = {}
        for row in Responsibility.objects.responsible_for(self.areas, day):
            self._responsibilities[row.area_id].append(row)
            if row.season_from:
                self._seasonal.append(row)
        for organisation in sorted(self.organisations.values(), key=lambda row: row.path):
            self._children[organisation.parent_id].append(organisation)
        posts = Post.objects.active(day).select_related("user", "organisation").order_by("id")
        self._read_posts(posts)

    def _read_posts(self, posts: Iterable[Post]) -> None:
        users: dict[int, User] = {}
        posts_of_user: dict[int, list[ActivePost]] = defaultdict(list)
        by_role = dict.fromkeys(HEAD_ROLES, self._heads) | {
            Role.STAFF: self._staff,
            Role.MEMBER: self._members,
        }
        for post in posts:
            user = users.setdefault(post.user_id, post.user)
            posts_of_user[user.pk].append(directory.post_without_places(post))
            if post.role == Role.API_CLIENT:
                self.partner = user
            if post.organisation_id is None or post.role not in by_role:
                continue
            by_role[Role(post.role)][post.organisation_id].append((post.is_deputy, user))
            if post.role in (Role.GROUP_LEADER, Role.MEMBER):
                parent_id = self.organisations[post.organisation_id].parent_id
                for organisation_id in (post.organisation_id, parent_id):
                    self._assignable[organisation_id or 0].add(user.pk)

        self._head_scopes = {
            pk: Scope(pk, self.day, tuple(rows)) for pk, rows in posts_of_user.items()
        }

    # --- What the workflow asks ------------------------------------------------------------------

    def _season(self, day: dt.date) -> Season:
        """Return the seasonal responsibilities that count on a day."""
        if day not in self._seasons:
            rows = (row.pk for row in self._seasonal if row.is_in_season(day))
            self._seasons[day] = frozenset(rows)
        return self._seasons[day]

    def escalation_chain(self, _petitions: Sequence[Petition], day: dt.date) -> EscalationChain:
        """Return who is responsible above all cases on a day."""
        season = self._season(day)
        if season not in self._chains:
            rows = {
                area: [row for row in rows if row.level in ABOVE and row.is_in_season(day)]
                for area, rows in self._responsibilities.items()
            }
            heads = {pk: [user.pk for user in self.heads(pk)] for pk in self._heads}
            self._chains[season] = EscalationChain(rows, heads, self._head_scopes)
        return self._chains[season]

    def assignable_user_ids(self, organisation_id: int, _day: dt.date) -> set[int]:
        """Return the users an organisation may assign a case to."""
        return self._assignable[organisation_id]

    def load_scope(self, user: User, at: dt.datetime) -> None:
        """Give a user the scope of a day; it differs only by season."""
        day = timezone.localdate(at)
        key = (user.pk, self._season(day))
        if key not in self._scopes:
            self._scopes[key] = scopes.load(user, day)
        user.__dict__["scope"] = self._scopes[key]

    # --- Who acts --------------------------------------------------------------------------------

    def place(self, area: Area, day: dt.date) -> routing.ResponsibleChain:
        """Return a place with its chain and who answers for it in the season of `day`."""
        chain = tuple(self.areas[pk] for pk in area.ancestor_ids)
        rows = [
            row
            for link in chain
            for row in self._responsibilities[link.pk]
            if row.is_in_season(day)
        ]
        rows.sort(key=lambda row: row.area.path, reverse=True)
        return routing.ResponsibleChain(area, chain, tuple(rows))

    def route(self, area: Area, day: dt.date, about: Organisation | None = None) -> routing.Route:
        """Return the route of an ordinary report from a place."""
        return routing.route(self.place(area, day), channel=CategoryChannel.SERVICE, about=about)

    def heads(self, organisation_id: int | None) -> list[User]:
        """Return the holders of the head post of an organisation, otherwise the deputies."""
        posts = self._heads.get(organisation_id or 0, [])
        return [user for is_deputy, user in posts if not is_deputy] or [user for _, user in posts]

    def head(self, organisation_id: int | None) -> User | None:
        """Return the head of an organisation; None if the post is vacant."""
        return next(iter(self.heads(organisation_id)), None)

    def coordinator(
        self, chain: routing.ResponsibleChain, seed: int, *, without: int | None = None
    ) -> User | None:
        """Return somebody at the desk that covers a place, by `seed`; `without` is a user id.

        The staff of the community; if there are none its head, then those of the subdistrict.
        """
        for level in (OrgLevel.COMMUNITY, OrgLevel.SUBDISTRICT):
            row = chain.organisation_at(level)
            clerk = self.clerk(row.organisation_id, seed, without=without) if row else None
            if clerk is not None:
                return clerk
        return None

    def desk(self, organisation_id: int | None, seed: int) -> list[User]:
        """Return the staff of an organisation, beginning by `seed`, then its heads."""
        staff = [user for _, user in self._staff.get(organisation_id or 0, [])]
        first = seed % len(staff) if staff else 0
        return staff[first:] + staff[:first] + self.heads(organisation_id)

    def clerk(
        self, organisation_id: int | None, seed: int, *, without: int | None = None
    ) -> User | None:
        """Return one of the staff of an organisation by `seed`, otherwise its head."""
        posts = self._staff.get(organisation_id or 0, [])
        staff = [user for _, user in posts if user.pk != without]
        if staff:
            return staff[seed % len(staff)]
        head = self.head(organisation_id)
        return head if head is not None and head.pk != without else None

    def members(self, group_id: int) -> list[User]:
        """Return the members of a group."""
        return [user for _, user in self._members.get(group_id, [])]

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
