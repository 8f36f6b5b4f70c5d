"""Whoever can no longer see a case hears nothing more of it."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from members.models import InboxMessage, Post
from members.workflow import end_post
from petitions.enums import Status
from petitions.models import Category, Event, Petition
from petitions.notices import outbox
from petitions.workflow import handling
from tests.support.cast import Stage, walk

NOW = timezone.now()
YESTERDAY = timezone.localdate(NOW) - dt.timedelta(days=1)


def _heard(petition: Petition) -> set[str]:
    event = Event.objects.filter(petition=petition).latest("version")
    assert outbox.publish([event.pk])
    told = InboxMessage.objects.filter(key__startswith=f"event:{event.pk}:")
    return set(told.values_list("user__username", flat=True))


def test_the_filer_hears_of_it_while_the_post_lasts(stage: Stage) -> None:
    for valid_to, heard in ((None, {"clerk"}), (YESTERDAY, set())):
        Post.objects.filter(user=stage.cast["clerk"]).update(valid_to=valid_to)
        filed = stage.at(Status.SUBMITTED)
        Petition.objects.filter(pk=filed.pk).update(filed_by=stage.cast["clerk"])
        assert _heard(walk(stage, filed, Status.ACCEPTED, NOW)) == heard


def test_whoever_took_an_accusation_down_hears_no_more_of_it(stage: Stage) -> None:
    sealed = Category.objects.get(code="GV04")
    petition = stage.file(by="clerk", category=sealed).petition
    accepted = handling.accept(petition=petition, by=stage.cast["city"], now=NOW)
    assert _heard(accepted) == set()


def test_work_given_to_somebody_who_left_is_not_announced_to_them(stage: Stage) -> None:
    petition, cast = stage.at(Status.ACCEPTED), stage.cast
    given = [cast["member"], cast["leader"]]
    handed = handling.dispatch(petition=petition, by=cast["secretary"], now=NOW, users=given)
    end_post(post=Post.objects.get(user=cast["member"]), on=YESTERDAY, by=None)
    assert _heard(handed) == {"leader"}
