"""Tasks: work that one organisation orders another one to do for a case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Organisation
from petitions.enums import ACTIVE_TASKS, OWED_TASKS, DeadlineKind, TaskState

INDEXED_AS_ACTIVE = sorted(ACTIVE_TASKS)
"""The states of the partial indexes of active tasks, in a fixed order for the migrations."""


def is_task_overdue(now: dt.datetime) -> Q:
    """Condition: the task was not acknowledged or not concluded in time, and still is not."""
    return Q(state=TaskState.SENT, acknowledge_by__lte=now) | Q(
        state__in=OWED_TASKS, due_at__lte=now
    )


class CaseTaskQuerySet(models.QuerySet["CaseTask"]):
    """Queries on tasks; who may see a task is decided by its case."""

    def active(self) -> Self:
        """Filter to the tasks that one of the two organisations still has to deal with."""
        return self.filter(state__in=ACTIVE_TASKS)

    def owed(self) -> Self:
        """Filter to the tasks that the doing organisation still has to conclude."""
        return self.filter(state__in=OWED_TASKS)

    def overdue(self, now: dt.datetime) -> Self:
        """Filter to the owed tasks of which a deadline has passed."""
        return self.filter(is_task_overdue(now))

    def done_by(self, organisation_ids: Iterable[int]) -> Self:
        """Filter to the tasks of these doing organisations."""
        return self.filter(doer__in=list(organisation_ids))

    def ordered_by(self, organisation_ids: Iterable[int]) -> Self:
        """Filter to the tasks that these organisations ordered."""
        return self.filter(orderer__in=list(organisation_ids))


class CaseTask(models.Model):
    """Work that `orderer` ordered `doer` to do for a case; the case keeps its own deadlines.

    A case can have several tasks at once, but only one active task of a doing organisation.
    `text` is the order as it was sent last, `round` how often it was sent, `sent_at` when last. It
    was to be acknowledged by `acknowledge_by` and concluded by `due_at`; the sweep reads the rows
    of `Deadline` with the same instants. `version` counts the changes of the task; each change has
    one event of the case, whose `data` names the task.
    """

    petition = models.ForeignKey("petitions.Petition", models.PROTECT, related_name="tasks")
    orderer = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        verbose_name=_("交办组织"),
        db_index=False,
    )
    doer = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="+",
        verbose_name=_("承办部门"),
        db_index=False,
    )
    text = models.TextField(_("任务内容"), max_length=2000)
    state = models.CharField(_("状态"), max_length=12, choices=TaskState, default=TaskState.SENT)
    version = models.PositiveIntegerField(default=1)
    round = models.PositiveSmallIntegerField(_("交办次数"), default=1)
    sent_at = models.DateTimeField(_("交办时间"))
    acknowledge_by = models.DateTimeField(_("签收时限"))
    due_at = models.DateTimeField(_("回复时限"))
    ended_at = models.DateTimeField(_("办完时间"), null=True, blank=True)

    objects = CaseTaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("任务")
        verbose_name_plural = pgettext_lazy("plural", "任务")
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "doer"],
                name="case_task_one_active_of_a_doer",
                condition=Q(state__in=INDEXED_AS_ACTIVE),
            ),
            models.CheckConstraint(
                condition=Q(state__in=INDEXED_AS_ACTIVE, ended_at=None)
                | (~Q(state__in=INDEXED_AS_ACTIVE) & Q(ended_at__isnull=False)),
                name="case_task_end_paired",
            ),
            models.CheckConstraint(
                condition=Q(acknowledge_by__gte=F("sent_at"), due_at__gte=F("sent_at")),
                name="case_task_times_in_order",
            ),
            models.CheckConstraint(
                condition=~Q(orderer=F("doer")), name="case_task_ordered_from_another"
            ),
        ]
        indexes = [
            models.Index(
                fields=["doer", "state"],
                name="case_task_doer",
                condition=Q(state__in=INDEXED_AS_ACTIVE),
            ),
            models.Index(
                fields=["orderer", "state"],
                name="case_task_orderer",
                condition=Q(state__in=INDEXED_AS_ACTIVE),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.petition_id}/{self.pk}"

    def set_time(self, kind: DeadlineKind, due_at: dt.datetime) -> None:
        """Set by when the task is to be acknowledged or concluded, as its deadline says."""
        if kind == DeadlineKind.ACKNOWLEDGE:
            self.acknowledge_by = due_at
        else:
            self.due_at = due_at


class CaseWithTasks(models.Model):
    """The part of a case that concerns its tasks; a base of `Petition`, without a table.

    `doer_ids` are the organisations that a task of the case names as doer, ended tasks included; it
    decides who sees the case.
    """

    doer_ids = ArrayField(models.BigIntegerField(), default=list, db_default=[], blank=True)

    class Meta:
        abstract = True

    @cached_property
    def case_tasks(self) -> list[CaseTask]:
        """The tasks in the case, oldest first; read once, without a query if there never was one.

        A list of cases gets them from `case_parts.attach_tasks`.
        """
        if not self.doer_ids:
            return []
        return list(CaseTask.objects.filter(petition=self.pk).order_by("id"))


DOERS_INDEX = GinIndex(fields=["doer_ids"], name="petition_doers", condition=~Q(doer_ids=[]))
"""Finds the cases in which an organisation has or had a task."""
