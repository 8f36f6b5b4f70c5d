"""Forms of the verbs that involve another organisation: return, reassign, escalate, answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from branches.enums import OrgLevel
from branches.models import Organisation
from config.lib import clock
from config.lib.form_fields import WholeNumberField
from petitions import confidential_contacts
from petitions.enums import ACTIVE_TASKS, AnswerKind, DeadlineKind, Status
from petitions.models import Deadline
from petitions.rules import service_terms
from petitions.rules.routing import OWNER_LEVELS
from petitions.rules.service_terms import DeadlinePlan
from petitions.verbs.forms.base import VerbForm, text_field
from petitions.verbs.forms.case_tasks import days_field, departments, time_allowed
from petitions.workflow import escalation
from petitions.workflow.transitions import WrongState

SHOWN_FOR = dt.timedelta(minutes=30)
"""How long an extended deadline may be sent as it was shown; later it is shown again."""


@dataclass(frozen=True, slots=True)
class ExtensionPreview:
    """An extension before it is sent: the present deadline, the new one, and its start."""

    was_due_at: dt.datetime
    plan: DeadlinePlan
    counted_from: dt.datetime


class OrganisationTreeField(forms.ModelChoiceField[Organisation]):
    """A choice among organisations; each is indented by its level."""

    def label_from_instance(self, obj: Organisation) -> str:
        """Return the name of the organisation, indented by its level."""
        depth = {OrgLevel.COMMUNITY: 1, OrgLevel.BRANCH: 2}.get(OrgLevel(obj.level), 0)
        return "\u3000" * depth + obj.name


class _OwnerForm(VerbForm):
    """Base of the forms that name another organisation in the field `owner_field`."""

    owner_field: ClassVar[str] = ""
    levels: ClassVar[tuple[OrgLevel, ...]] = OWNER_LEVELS

    def prepare(self) -> None:
        """Offer the organisations that are visible to the user, in the order of the tree."""
        organisations = (
            Organisation.objects.visible_to(self.viewer)
            .on(self.viewer.scope.day)
            .filter(level__in=self.levels)
            .order_by("path")
        )
        organisations = organisations.exclude(pk__in=self.excluded_ids())
        self.set_queryset(self.owner_field, organisations)

    def excluded_ids(self) -> set[int]:
        """Return the organisations that cannot be named: the responsible one, unless returned."""
        is_returned = self.petition.status == Status.RETURNED  # a return may be refused
        return set() if is_returned else {self.petition.organisation_id}


class ReturnForm(_OwnerForm):
    """Why the case is sent back, and which organisation should have it."""

    owner_field = "proposed"
    levels = (*OWNER_LEVELS, OrgLevel.DEPARTMENT)

    reason = text_field(_("理由"), _("只有工作人员看得到。"))
    proposed = OrganisationTreeField(
        label=_("建议由谁办理"),
        queryset=Organisation.objects.none(),
        required=False,
        empty_label=_("不清楚"),
    )


class ReassignForm(_OwnerForm):
    """The organisation that becomes responsible, and why."""

    owner_field = "organisation"

    organisation = OrganisationTreeField(
        label=_("改派给"), queryset=Organisation.objects.none(), empty_label=_("请选择")
    )
    reason = text_field(_("理由"), _("只有工作人员看得到。"))

    def excluded_ids(self) -> set[int]:
        """Leave out the organisations that know a confidential contact, but not the present one."""
        knowing = {*confidential_contacts.knowing_organisation_ids(self.petition)}
        return super().excluded_ids() | (knowing - {self.petition.organisation_id})


class EscalateForm(VerbForm):
    """What support is needed from the level above."""

    reason = text_field(_("需要什么支持"), _("只有工作人员看得到。"))


class AnswerForm(VerbForm):
    """The answer to an escalation."""

    UNITS = (("days", _("个工作日")), ("hours", _("小时")))

    kind = forms.ChoiceField(
        label=_("怎么答复"), choices=AnswerKind.choices, widget=forms.RadioSelect
    )
    department = forms.ModelChoiceField(
        label=_("承办部门"),
        help_text=_("选“责成部门办理”时填写。"),
        queryset=Organisation.objects.none(),
        required=False,
        empty_label=_("请选择"),
    )
    days = days_field()
    amount = WholeNumberField(
        label=_("办结时限延长"),
        min_value=1,
        max_value=service_terms.MAX_DAYS * 24,  # hours; the workflow knows the clock of the case
        required=False,
    )
    unit = forms.ChoiceField(label=_("单位"), choices=UNITS, required=False)
    text = text_field(_("答复内容"), _("选“向居民说明情况”时居民会看到，其余只有工作人员看得到。"))
    counted_from = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    first_step = "preview"
    extended: ExtensionPreview | None = None
    is_date_shown = False

    def prepare(self) -> None:
        """Offer the departments; name the unit "days" the way the deadlines of the case count."""
        self.set_queryset("department", departments(self.viewer))
        terms = service_terms.for_petition(self.petition)
        if terms.is_round_the_clock:
            self.set_choices("unit", [("days", gettext("天")), ("hours", gettext("小时"))])
        self.fields["amount"].help_text = gettext(
            "选“同意延期”时填写；从现在起按本件的计时方式计算，%(longest)s，发送前会显示新的时限。"
        ) % {"longest": terms.longest}

    def clean(self) -> None:
        """Require the fields that the chosen kind of answer needs."""
        super().clean()
        kind = self.cleaned_data.get("kind")
        if kind == AnswerKind.DEPARTMENT and not self.cleaned_data.get("department"):
            self._add_missing("department", gettext("请选择承办部门。"))
        elif kind == AnswerKind.DEPARTMENT and self._has_active_task():
            self.add_error("department", gettext("这个部门已有一项任务还没有办完。"))
        elif kind == AnswerKind.EXTEND:
            self._clean_extension()

    def _clean_extension(self) -> None:
        """Work out the new deadline, or add the reason why there is none to its field.

        The new date counts from when it was shown; without that, or too late, from now.
        """
        now, shown_at = clock.now(), self.cleaned_data.get("counted_from")
        self.is_date_shown = shown_at is not None and dt.timedelta() <= now - shown_at <= SHOWN_FOR
        counted_from = shown_at if self.is_date_shown and shown_at else now
        self.cleaned_data["counted_from"] = counted_from
        amount, unit = self.cleaned_data.get("amount"), self.cleaned_data.get("unit", "")
        if "amount" in self.errors:
            return
        owed = Deadline.objects.owed().filter(petition=self.petition, kind=DeadlineKind.RESOLUTION)
        try:
            was_due_at, plan = escalation.plan_extension(
                self.petition, self._extension(amount, unit) if amount else None, owed, counted_from
            )
        except WrongState as refusal:
            self.add_error("kind" if refusal.code == "not_accepted" else "amount", refusal.message)
        else:
            self.extended = ExtensionPreview(was_due_at, plan, counted_from)

    def keep_shown_date(self, extended: ExtensionPreview) -> None:
        """Keep the data that was sent, and from when the shown date counts."""
        self._replace("counted_from", extended.counted_from.isoformat())

    def _has_active_task(self) -> bool:
        department = self.cleaned_data["department"]
        tasks = self.petition.case_tasks
        return any(task.doer_id == department.pk and task.state in ACTIVE_TASKS for task in tasks)

    def _add_missing(self, name: str, message: str) -> None:
        if name not in self.errors:
            self.add_error(name, message)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the chosen kind of answer; times as working time."""
        arguments = super().arguments()
        amount, unit, days = (arguments.pop(name) for name in ("amount", "unit", "days"))
        kind = arguments["kind"] = AnswerKind(arguments["kind"])
        if kind == AnswerKind.DEPARTMENT:
            arguments["within"] = time_allowed(self.petition, days)
        else:
            arguments["department"] = None
        if kind == AnswerKind.EXTEND:
            arguments["extension"] = self._extension(amount, unit)
        else:
            arguments["counted_from"] = None
        return arguments

    def _extension(self, amount: int, unit: str) -> dt.timedelta:
        if unit == "hours":
            return dt.timedelta(hours=amount)
        return service_terms.for_petition(self.petition).days(amount)
