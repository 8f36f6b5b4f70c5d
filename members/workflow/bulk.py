"""Workflow for many rows: create users, posts and enrolments at once."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from members.models import NearbyEnrolment, Post, User, rights_records

BATCH = 1000


def create_people(*, people: Sequence[User]) -> list[User]:
    """Create many accounts at once, with hashed or unusable passwords."""
    with transaction.atomic():
        created = User.objects.bulk_create(people, BATCH)
        rights_records.record(*created)
    return created


def appoint_all(*, posts: Sequence[Post]) -> list[Post]:
    """Create many posts at once; database constraints reject conflicting ones."""
    with transaction.atomic():
        created = Post.objects.bulk_create(posts, BATCH)
        rights_records.record(*created)
    return created


def enrol_all(*, enrolments: Sequence[NearbyEnrolment]) -> list[NearbyEnrolment]:
    """Enrol many cadres into their nearest grid organisations at once."""
    return NearbyEnrolment.objects.bulk_create(enrolments, BATCH)
