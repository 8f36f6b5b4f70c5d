"""Who holds a case, as conditions; above all, cases held by somebody who has left.

A party of a case has left if it once answered for the place and does not any more: an organisation
or group whose responsibility for the place has ended, or which has ended itself; a user to whom the
case was assigned and whose account is locked, or who has no post at or below the organisation. The
season of a responsibility does not count: a group is responsible in winter, too, in this sense.
"""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q

from branches.models import Organisation, Responsibility
from config.lib.db import tree_paths
from members.models import Post, User
from petitions import involvement
from petitions.states import RUNNING


class _IsElementOf(Func):
    """Condition: a value is an element of an array."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def held_by(organisation_id: int) -> Q:
    """Condition: one organisation must act on the running case now, or has it assigned."""
    return Q(status__in=RUNNING) & involvement.held_by_any([organisation_id])


def assigned_to_group(organisation_id: int) -> Q:
    """Condition: the case is assigned to one Party group."""
    return Q(assigned_group=organisation_id)


def answer_owed_by(organisation_id: int) -> Q:
    """Condition: one organisation must answer an escalation of the case."""
    return Q(is_answer_owed=True, supervisor=organisation_id)


def assigned_to(user_id: int) -> Q:
    """Condition: the case is assigned to one user by name."""
    return Q(assignee_ids__contains=[user_id])


def is_held_by_former(day: dt.date) -> Q:
    """Condition: a running case with a party that has left.

    The first condition of each kind is the same for all cases, so that PostgreSQL looks into few of
    them closely. Without joins, since the home page counts by it.
    """
    return Q(status__in=RUNNING) & (
        _has_left("organisation", day) | _has_left("assigned_group", day) | _assignee_has_left(day)
    )


def has_left(organisation_id: int, area_ids: list[int], day: dt.date) -> bool:
    """Tell whether an organisation once answered for a place and does not any more.

    `area_ids` are the place and those above. One query.
    """
    rows = Responsibility.objects.filter(organisation=organisation_id, area__in=area_ids)
    ended = Organisation.objects.filter(pk=organisation_id, valid_to__lt=day)
    is_over = Q(Exists(rows.filter(valid_to__lt=day))) & ~Q(Exists(rows.on(day)))
    return Organisation.objects.filter(pk=organisation_id).filter(is_over | Exists(ended)).exists()


def _has_left(column: str, day: dt.date) -> Q:
    ended_ids = Organisation.objects.filter(valid_to__lt=day).values("pk")
    left_ids = Responsibility.objects.filter(valid_to__lt=day).values("organisation")
    here = Responsibility.objects.filter(
        _IsElementOf(F("area_id"), tree_paths.ids(OuterRef("path"))), organisation=OuterRef(column)
    )
    is_over = Q(Exists(here.filter(valid_to__lt=day))) & ~Q(Exists(here.on(day)))
    return Q((f"{column}__in", ended_ids)) | (Q((f"{column}__in", left_ids)) & is_over)


def _assignee_has_left(day: dt.date) -> Q:
    ended = Post.objects.filter(user=OuterRef("pk"), valid_to__lt=day)
    leavers = User.objects.filter(Q(is_active=False) | Exists(ended))
    responsible = OuterRef(OuterRef(OuterRef("organisation")))  # of the case
    at_or_below = Organisation.objects.filter(
        pk=OuterRef("organisation"), path__contains=tree_paths.link(responsible)
    )
    posts = Post.objects.on(day).filter(Exists(at_or_below), user=OuterRef("pk"))
    without_post = User.objects.filter(
        Q(is_active=False) | ~Exists(posts), _IsElementOf(F("pk"), OuterRef("assignee_ids"))
    )
    return Q(assignee_ids__overlap=ArraySubquery(leavers.values("pk"))) & Q(Exists(without_post))
