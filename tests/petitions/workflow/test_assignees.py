"""People to whom a case is assigned: what they may do, and until when."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from members.models import Post, User
from petitions import permissions
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
    assert permissions.actors_of(stage.cast["member"], petition) == {Actor.ASSIGNEE}
    assert may(Verb.START, petition, stage.cast["member"])


def test_member_who_left_the_organisation_is_no_assignee(stage: Stage) -> None:
    petition = _assigned_to_member(stage)
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    Post.objects.filter(user=stage.cast["member"]).update(
        organisation=stage.town.orgs["other"], valid_from=yesterday
    )
    former = User.objects.get(pk=stage.cast["member"].pk)
    assert permissions.actors_of(former, petition) == set()
    assert not may(Verb.START, petition, former)
