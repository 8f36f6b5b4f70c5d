"""Queries on who holds which post on a day; `petitions` uses them too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, Subquery

from branches.enums import OrgLevel
from branches.models import Organisation, OrganisationQuerySet
from config.lib.viewer import ActivePost, FormerPost, Scope
from members.enums import HEAD_ROLE_OF_LEVEL, HEAD_ROLES, Role
from members.models import Post, User
from members.models.posts import PostQuerySet


def heads_of(organisation_ids: Iterable[int], day: dt.date) -> dict[int, list[int]]:
    """Return the user ids of each organisation's heads on `day`: the holders, else the deputies.

    Staff are never heads. An organisation without a head has an empty list; an escalation then
    skips it. One query.
    """
    wanted = set(organisation_ids)
    posts = (
        Post.objects.active(day)
        .heads()
        .filter(organisation_id__in=wanted)
        .order_by("valid_from", "id")
        .values_list("organisation_id", "user_id", "is_deputy")
    )
    return _heads_by_organisation(wanted, posts)


def _heads_by_organisation(
    wanted: Iterable[int], posts: Iterable[tuple[int | None, int, bool]]
) -> dict[int, list[int]]:
    """Return the holders of head posts by organisation, the deputies where there is no holder."""
    holders: dict[int, list[int]] = {organisation: [] for organisation in wanted}
    deputies: dict[int, list[int]] = {organisation: [] for organisation in holders}
    for organisation, user, is_deputy in posts:
        if organisation is None:
            continue
        people = (deputies if is_deputy else holders)[organisation]
        if user not in people:
            people.append(user)
    return {
        organisation: people or deputies[organisation] for organisation, people in holders.items()
    }


def heads_over(user_id: int, organisation_id: int | None, day: dt.date) -> list[int]:
    """Return the user ids of the heads who supervise a user's work for an organisation on `day`.

    They head the organisation, or the nearest one above it that has a head other than the user.
    Two queries.
    """
    if organisation_id is None:
        return []
    path = Organisation.objects.filter(pk=organisation_id).values_list("path", flat=True).get()
    chain = [int(part) for part in reversed(path.split(".")) if part]
    heads = heads_of(chain, day)
    others = ([head for head in heads[pk] if head != user_id] for pk in chain)
    return next((people for people in others if people), [])


def auditors(day: dt.date) -> list[int]:
    """Return the user ids of the auditors on `day`. One query."""
    posts = Post.objects.active(day).filter(role=Role.AUDITOR).order_by("id")
    return list(posts.values_list("user_id", flat=True))


def staff_of(organisation_ids: Iterable[int], day: dt.date) -> dict[int, list[int]]:
    """Return the user ids of each organisation's staff on `day`, possibly none. One query."""
    staff: dict[int, list[int]] = {organisation: [] for organisation in organisation_ids}
    posts = (
        Post.objects.active(day)
        .filter(role=Role.STAFF, organisation_id__in=list(staff))
        .order_by("id")
        .values_list("organisation_id", "user_id")
        .distinct()
    )
    for organisation, user in posts:
        staff[organisation].append(user)
    return staff


def members_of(organisation_id: int, day: dt.date) -> list[User]:
    """Return leaders and members of a branch and its groups, sorted as by `member_posts_of`."""
    return [post.user for post in member_posts_of(organisation_id, day)]


def member_posts_of(organisation_id: int, day: dt.date) -> list[Post]:
    """Return leaders and members of a branch and its groups, by group, leaders first.

    One post per person, with user and organisation loaded.
    """
    posts = (
        Post.objects.active(day)
        .filter(role__in=[Role.GROUP_LEADER, Role.MEMBER])
        .filter(Q(organisation_id=organisation_id) | Q(organisation__parent_id=organisation_id))
        .select_related("user", "organisation")
        .order_by("organisation__path", "role", "is_deputy", "user__name", "id")
    )
    first: dict[int, Post] = {}
    for post in posts:
        first.setdefault(post.user_id, post)
    return list(first.values())


def with_post_below(
    organisation_id: int, user_ids: Iterable[int], since: dt.date, day: dt.date
) -> set[int]:
    """Return those of `user_ids` who held a post in an organisation or below it. One query.

    On `day`, or at any time from `since` on.
    """
    wanted = list(user_ids)
    if not wanted:
        return set()
    first = min(since, day)
    path = Organisation.objects.filter(pk=organisation_id).values("path")[:1]
    posts = Post.objects.filter(
        Q(valid_to=None) | Q(valid_to__gte=first) | Q(rights_until__gte=first),
        valid_from__lte=day,
        user_id__in=wanted,
        organisation__path__startswith=Subquery(path),
    )
    return set(posts.values_list("user_id", flat=True))


def heads_with_scopes(
    organisation_ids: Iterable[int], day: dt.date
) -> tuple[dict[int, list[int]], dict[int, Scope]]:
    """Return `heads_of` with the scope of each head: all posts, but not the places they cover.

    The scopes are for comparing people with organisations, not for visibility. One query.
    """
    wanted = set(organisation_ids)
    heads = Post.objects.active(day).heads().filter(organisation_id__in=wanted)
    rows = list(
        Post.objects.filter(user_id__in=heads.values("user_id"), valid_from__lte=day)
        .order_by("valid_from", "id")
        .select_related("organisation")
    )
    posts: dict[int, list[ActivePost]] = {}
    former_posts: dict[int, list[FormerPost]] = {}
    heading = []
    for row in rows:
        if row.valid_to is None or row.valid_to >= day:
            posts.setdefault(row.user_id, []).append(post_without_places(row))
            if row.role in HEAD_ROLES and row.organisation_id in wanted:
                heading.append((row.organisation_id, row.user_id, row.is_deputy))
        elif row.organisation is not None:
            former = _former_post(row.organisation, row.rights_until or row.valid_to)
            former_posts.setdefault(row.user_id, []).append(former)
    return _heads_by_organisation(wanted, heading), {
        user: Scope(user, day, tuple(posts[user]), tuple(former_posts.get(user, ())))
        for user in posts
    }


def _former_post(organisation: Organisation, last_day: dt.date) -> FormerPost:
    return FormerPost(organisation.pk, organisation.level, organisation.path, last_day)


def post_without_places(post: Post) -> ActivePost:
    """Return a post, with its organisation loaded, without the places it covers."""
    organisation = post.organisation
    if organisation is None:
        return ActivePost(post.role, None, "", "", "", ())
    level, path, name = organisation.level, organisation.path, organisation.name
    return ActivePost(post.role, organisation.pk, level, path, name, (), post.is_deputy)


@dataclass(frozen=True, slots=True)
class VacantPost:
    """An organisation without a holder of its head post; a deputy may act (`has_deputy`)."""

    organisation_id: int
    name: str
    level: OrgLevel
    role: Role
    has_deputy: bool


def without_head(organisations: OrganisationQuerySet, day: dt.date) -> OrganisationQuerySet:
    """Filter to the organisations valid on `day` that neither a head nor a deputy leads.

    A holder whose account is locked does not count.
    """
    return organisations.on(day).exclude(Exists(_head_posts(day)))


def vacant_posts(day: dt.date) -> list[VacantPost]:
    """Return the organisations valid on `day` whose head post has no holder, sorted by path.

    The coverage check lists them. One query.
    """
    head = _head_posts(day)
    organisations = (
        Organisation.objects.on(day)
        .annotate(
            has_deputy=Exists(head.filter(is_deputy=True)),
            has_holder=Exists(head.filter(is_deputy=False)),
        )
        .filter(has_holder=False)
        .order_by(F("path"))
        .values_list("pk", "name", "level", "has_deputy")
    )
    return [
        VacantPost(pk, name, OrgLevel(level), HEAD_ROLE_OF_LEVEL[OrgLevel(level)], has_deputy)
        for pk, name, level, has_deputy in organisations
    ]


def _head_posts(day: dt.date) -> PostQuerySet:
    """Return the active head posts of the organisation of an outer query."""
    return Post.objects.active(day).heads().filter(organisation_id=OuterRef("pk"))


def posts_at(organisation_ids: Iterable[int], user_ids: Iterable[int], day: dt.date) -> list[Post]:
    """Return the active posts that head some organisations, and every active post of some users.

    Holders come before deputies. User and organisation are loaded; one query.
    """
    heads = Q(role__in=sorted(HEAD_ROLES), organisation_id__in=list(organisation_ids))
    return list(
        Post.objects.active(day)
        .filter(heads | Q(user_id__in=list(user_ids)))
        .select_related("user", "organisation")
        .order_by("is_deputy", "valid_from", "id")
    )
