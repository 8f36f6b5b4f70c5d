"""People to whom a case is assigned: what they may do, and until when."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.utils import timezone

from members.enums import Role
from members.models import Post, User
from members.workflow import appoint
from petitions.actors import acting_for, actors_of
from petitions.enums import Actor, Status, Verb
from petitions.models import Petition
from petitions.workflow import handling
from tests.support.cast import Stage
from tests.support.returned_cases import may


def _assigned_to_member(stage: Stage) -> Petition:
    petition = stage.at(Status.ACCEPTED)
    return handling.dispatch(
        petition=petition,
        by=stage.cast["secretary"],
        now=timezone.now(),
        users=[stage.cast["member"]],
    )


def test_assigned_member_starts_the_work(stage: Stage) -> None:
    petition = _assigned_to_member(stage)
    assert actors_of(stage.cast["member"], petition) == {Actor.ASSIGNEE}
    assert may(Verb.START, petition, stage.cast["member"])


def test_member_acts_for_the_organisation_that_assigned_the_case(stage: Stage) -> None:
    """Not for that of an older post, which has nothing to do with the case."""
    own = Post.objects.get(user=stage.cast["member"])
    appoint(
        user=stage.cast["member"],
        role=Role.MEMBER,
        by=None,
        valid_from=own.valid_from,
        organisation=stage.town.orgs["other"],
    )
    Post.objects.filter(pk=own.pk).update(valid_from=own.valid_from + dt.timedelta(days=1))
    petition, user = _assigned_to_member(stage), User.objects.get(pk=stage.cast["member"].pk)
    for post in user.scope.posts, user.scope.posts[::-1]:
        user.scope = replace(user.scope, posts=post)
        assert acting_for(user, petition, Actor.ASSIGNEE, Verb.START) == own.organisation_id


def test_member_who_left_the_organisation_is_no_assignee(stage: Stage) -> None:
    petition = _assigned_to_member(stage)
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    Post.objects.filter(user=stage.cast["member"]).update(
        organisation=stage.town.orgs["other"], valid_from=yesterday
    )
    former = User.objects.get(pk=stage.cast["member"].pk)
    assert actors_of(former, petition) == set()
    assert not may(Verb.START, petition, former)
