"""Workflow for many rows: create users, posts and enrolments at once."""

from __future__ import annotations

from collections.abc import Sequence

from members.models import NearbyEnrolment, Post, User

BATCH = 1000


def create_people(*, people: Sequence[User]) -> list[User]:
    """Create many accounts at once, with hashed or unusable passwords."""
    return User.objects.bulk_create(people, BATCH)


def appoint_all(*, posts: Sequence[Post]) -> list[Post]:
    """Create many posts at once; database constraints reject conflicting ones."""
    return Post.objects.bulk_create(posts, BATCH)


def enrol_all(*, enrolments: Sequence[NearbyEnrolment]) -> list[NearbyEnrolment]:
    """Enrol many cadres into their nearest grid organisations at once."""
    return NearbyEnrolment.objects.bulk_create(enrolments, BATCH)
