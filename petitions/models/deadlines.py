"""Deadlines and escalations of cases."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Organisation
from config.lib.db import backoff
from members.models import User
from petitions.enums import AnswerKind, CaseLevel, DeadlineKind, DeadlineState
from petitions.models.case_tasks import CaseTask
from petitions.models.petitions import Petition


class DeadlineQuerySet(models.QuerySet["Deadline"]):
    """Queries on deadlines."""

    def open(self) -> Self:
        """Filter to the deadlines that still run."""
        return self.filter(state=DeadlineState.OPEN)

    def owed(self) -> Self:
        """Filter to deadlines that are not settled: open, or passed with work still owed."""
        return self.filter(settled_at=None)

    def due(self, now: dt.datetime) -> Self:
        """Filter to the open deadlines that have passed and are ready for a try, oldest first."""
        return self.open().filter(backoff.is_ready(now), due_at__lte=now).order_by("due_at")

    def following_calendar(self, now: dt.datetime) -> Self:
        """Filter to owed deadlines that a new calendar can change and that are ready for a try.

        Provisional ones, and running ones that were provisional at first: the days of a year may
        be entered one by one.
        """
        follows = Q(is_provisional=True) | Q(follows_calendar=True, state=DeadlineState.OPEN)
        return self.owed().filter(backoff.is_ready(now), follows).order_by("petition", "pk")

    def to_remind(self, now: dt.datetime) -> Self:
        """Filter to the open deadlines with 80 % of the time used and no reminder, oldest first."""
        return (
            self.open()
            .filter(backoff.is_ready(now), reminded_at=None, remind_at__lte=now, due_at__gt=now)
            .order_by("remind_at")
        )


class Deadline(models.Model):
    """One deadline of a case. The sweep reads due rows; Celery only wakes the sweep.

    `organisation` must keep it; a deadline of a task has a `task`. Moving a deadline cancels the
    row and inserts another one.
    `ended_at` is when it stopped running; `settled_at` is when the work was done or dropped, and a
    deadline that passed stays owed until then. `retry_at` is when the sweep tries a row again that
    failed. `allowed` is the time it was set for, as its calendar counts; empty in rows of earlier
    releases. A provisional row was worked out without the calendar of a year on the way; with
    `follows_calendar` its successor is worked out again while the days of that year are entered.
    """

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="deadlines")
    kind = models.CharField(_("事项"), max_length=12, choices=DeadlineKind)
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("责任组织"),
    )
    task = models.ForeignKey(
        CaseTask, models.PROTECT, null=True, blank=True, related_name="deadlines", db_index=False
    )
    started_at = models.DateTimeField(_("起算"))
    remind_at = models.DateTimeField(_("提醒"))
    due_at = models.DateTimeField(_("到期"))
    is_provisional = models.BooleanField(_("暂定"), default=False)
    follows_calendar = models.BooleanField(default=False, db_default=False)
    allowed = models.DurationField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=DeadlineState, default=DeadlineState.OPEN)
    reminded_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    retry_at = models.DateTimeField(null=True, blank=True)

    objects = DeadlineQuerySet.as_manager()

    class Meta:
        verbose_name = _("时限")
        verbose_name_plural = pgettext_lazy("plural", "时限")
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "kind", "task"],
                name="deadline_one_open_of_a_kind_and_task",
                condition=Q(state=DeadlineState.OPEN),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(due_at__gte=F("started_at"), remind_at__lte=F("due_at")),
                name="deadline_in_order",
            ),
            models.CheckConstraint(
                condition=Q(state=DeadlineState.OPEN, ended_at=None)
                | (~Q(state=DeadlineState.OPEN) & Q(ended_at__isnull=False)),
                name="deadline_end_paired",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="deadline_due", condition=Q(state=DeadlineState.OPEN)
            ),
            models.Index(
                fields=["remind_at"],
                name="deadline_remind",
                condition=Q(state=DeadlineState.OPEN, reminded_at=None),
            ),
            models.Index(fields=["petition"], name="deadline_petition"),
            models.Index(fields=["task"], name="deadline_task", condition=Q(task__isnull=False)),
            models.Index(
                fields=["petition"],
                name="deadline_provisional",
                condition=Q(Q(is_provisional=True) | Q(follows_calendar=True), settled_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.petition_id} {self.kind}"


class Escalation(models.Model):
    """An escalation of a case to a supervising organisation, which must answer it.

    At most one per deadline. `skipped` contains the ids of organisations that were passed over
    because no head was free to answer: vacant, conflict of interest, or the head who asked. The
    supervising organisation is notified of them.
    """

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="escalations")
    deadline = models.OneToOneField(
        Deadline, models.PROTECT, null=True, blank=True, related_name="escalation"
    )
    from_organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    to_organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="escalations")
    level = models.CharField(max_length=12, choices=CaseLevel)
    skipped = models.JSONField(default=list)
    raised_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    answer_kind = models.CharField(_("答复方式"), max_length=10, choices=AnswerKind, blank=True)
    answered_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("升级")
        verbose_name_plural = pgettext_lazy("plural", "升级")
        constraints = [
            models.CheckConstraint(
                condition=Q(answer_kind="", answered_at=None)
                | (~Q(answer_kind="") & Q(answered_at__isnull=False)),
                name="escalation_answer_paired",
            )
        ]
        indexes = [
            models.Index(
                fields=["to_organisation"],
                name="escalation_unanswered",
                condition=Q(answered_at=None),
            ),
            models.Index(fields=["petition"], name="escalation_petition"),
        ]

    def __str__(self) -> str:
        return f"{self.petition_id} → {self.level}"
