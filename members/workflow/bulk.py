"""The verbs of whole registers: many people, posts and enrolled cadres at once."""

from __future__ import annotations

from collections.abc import Sequence

from members.models import NearbyEnrolment, Post, User

BATCH = 1000


def create_people(*, people: Sequence[User]) -> list[User]:
    """Add many accounts at once, passwords already hashed or unusable."""
    return User.objects.bulk_create(people, BATCH)


def appoint_all(*, posts: Sequence[Post]) -> list[Post]:
    """Add many posts at once; the database refuses two heads and mixed hats as ever."""
    return Post.objects.bulk_create(posts, BATCH)


def enrol_all(*, enrolments: Sequence[NearbyEnrolment]) -> list[NearbyEnrolment]:
    """Enrol many cadres into their nearest grid organisations at once."""
    return NearbyEnrolment.objects.bulk_create(enrolments, BATCH)
