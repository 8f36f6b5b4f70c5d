"""Forms of the verbs on a task; the rules themselves are in the workflow."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from branches import register_rows
from branches.enums import OrgLevel
from branches.models import Organisation, OrganisationQuerySet
from config.lib.form_fields import WholeNumberField
from members.models import User
from petitions.enums import TASK_OUTCOME_CHOICES, TaskState, Verb
from petitions.models import CaseTask, Petition
from petitions.refusals import tasks_for
from petitions.rules import service_terms
from petitions.verbs.forms.base import VerbForm, text_field
from petitions.web.field_validation import MAX_ID
from petitions.web.photo_fields import PhotoFormMixin

SUMMARY_LENGTH = 24


def departments(viewer: User) -> OrganisationQuerySet:
    """Return the departments that can be ordered today and that the user may see."""
    visible = Organisation.objects.visible_to(viewer).on(viewer.scope.day)
    return visible.filter(level=OrgLevel.DEPARTMENT)


def days_field() -> WholeNumberField:
    """Return the field for the time in which a department must reply."""
    return WholeNumberField(
        label=_("几天内回复"),
        help_text=_("按本件的计时方式计算：一般件算工作日，紧急和加急件算自然日。不填按服务标准。"),
        min_value=1,
        max_value=service_terms.MAX_DAYS,
        required=False,
    )


def time_allowed(petition: Petition, days: int | None) -> dt.timedelta | None:
    """Return some days as working time of the case's standard; None lets the standard decide."""
    return None if days is None else service_terms.for_petition(petition).days(days)


class _TaskForm(VerbForm):
    """Base of the forms about one task; asks which one only if there are several.

    A form that names a task is refused if the verb is not possible on it any more.
    """

    task = forms.ChoiceField(
        label=_("哪一项任务"),
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("这项任务刚才有了变化，请重新选。")},
    )

    def prepare(self) -> None:
        """Offer the tasks on which the user may perform the verb."""
        self._tasks = tasks_for(self.verb, self.petition, self.viewer)
        only = str(self._tasks[0].pk) if self._tasks else ""
        if len(self._tasks) < 2 and self.data.get("task", only) in ("", only):
            del self.fields["task"]
            return
        names = register_rows.organisations({task.doer_id for task in self._tasks})
        self.set_choices(
            "task",
            [
                (
                    str(task.pk),
                    gettext("%(name)s：%(text)s")
                    % {
                        "name": names[task.doer_id].short_name,
                        "text": Truncator(task.text).chars(SUMMARY_LENGTH),
                    },
                )
                for task in self._tasks
            ],
        )

    def arguments(self) -> dict[str, Any]:
        """Return the id of the chosen task; without a choice the workflow finds the only one."""
        arguments = super().arguments()
        task = arguments.pop("task", None)
        return arguments | {"task": int(task) if task else None}


class AcknowledgeForm(VerbForm):
    """The button beside a task; the one in the head of the page names none and means the oldest."""

    task = WholeNumberField(min_value=1, max_value=MAX_ID, required=False, widget=forms.HiddenInput)


class ConcludeForm(PhotoFormMixin, _TaskForm):
    """What came of the task, in words and photos."""

    outcome = forms.ChoiceField(
        label=_("办理结果"),
        choices=TASK_OUTCOME_CHOICES,
        widget=forms.RadioSelect,
    )
    text = text_field(
        _("办了什么、结果怎样"), _("办不了的写明原因。工作人员看得到，居民只看到结果。")
    )
    field_order = ("version", "task", "outcome", "text", "photos")

    def arguments(self) -> dict[str, Any]:
        """Return the outcome as an enum member."""
        arguments = super().arguments()
        return arguments | {"outcome": TaskState(arguments["outcome"])}


class HandBackForm(_TaskForm):
    """Why the task is handed back, and who should do it."""

    reason = text_field(_("理由"), _("只有工作人员看得到。"))
    proposed = forms.ModelChoiceField(
        label=_("建议由谁办理"),
        queryset=Organisation.objects.none(),
        required=False,
        empty_label=_("不清楚"),
    )
    field_order = ("version", "task", "reason", "proposed")

    def prepare(self) -> None:
        """Offer the other departments."""
        super().prepare()
        own = [task.doer_id for task in self._tasks]
        self.set_queryset("proposed", departments(self.viewer).exclude(pk__in=own))


class CancelForm(_TaskForm):
    """Why the task is cancelled."""

    reason = text_field(_("原因"), _("只有工作人员看得到。"))
    field_order = ("version", "task", "reason")


class SendAgainForm(_TaskForm):
    """The order as it is sent again, to the same department or another one."""

    text = text_field(_("任务内容"), _("要办什么。只有工作人员看得到。"))
    department = forms.ModelChoiceField(
        label=_("交给谁"),
        queryset=Organisation.objects.none(),
        required=False,
        empty_label=_("还是原来的部门"),
    )
    days = days_field()
    field_order = ("version", "task", "text", "department", "days")

    def prepare(self) -> None:
        """Offer the departments; fill in the order of the only task and who was proposed for it."""
        super().prepare()
        self.set_queryset("department", departments(self.viewer))
        if len(self._tasks) == 1 and not self.is_bound:
            (task,) = self._tasks
            self.initial["text"] = task.text
            self.initial["department"] = self._proposed(task)

    def _proposed(self, task: CaseTask) -> int | None:
        """Return the id of the department proposed when the task was handed back."""
        if task.state != TaskState.HANDED_BACK:
            return None
        events = self.petition.events.filter(verb=Verb.HAND_BACK, data__task=task.pk)
        event = events.order_by("-version").first()
        proposed: int | None = event.data.get("proposed") if event else None
        return proposed

    def arguments(self) -> dict[str, Any]:
        """Return the days as working time."""
        arguments = super().arguments()
        days = arguments.pop("days")
        return arguments | {"within": time_allowed(self.petition, days)}
