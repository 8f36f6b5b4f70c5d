"""Shapes of the verbs that steer a case elsewhere: return, reassign, escalate, and the answer."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from branches.enums import OrgLevel
from branches.models import Organisation
from petitions.casework.forms.base import VerbForm, words
from petitions.enums import AnswerKind, Verb
from petitions.rules import service_terms
from petitions.rules.routing import OWNER_LEVELS


class _WithOwner(VerbForm):
    """Another organisation, chosen among those the person may see."""

    owner_field: ClassVar[str] = ""
    levels: ClassVar[tuple[OrgLevel, ...]] = OWNER_LEVELS

    def prepare(self) -> None:
        """Offer the organisations of the person's reach, in the order of the tree."""
        found = (
            Organisation.objects.visible_to(self.viewer)
            .on(self.viewer.scope.day)
            .filter(level__in=self.levels)
            .exclude(pk=self.petition.organisation_id)
            .order_by("path")
        )
        field = self.fields[self.owner_field]
        field.queryset = found  # type: ignore[attr-defined]
        field.label_from_instance = _indented  # type: ignore[attr-defined]


def _indented(organisation: Organisation) -> str:
    depth = {OrgLevel.COMMUNITY: 1, OrgLevel.BRANCH: 2}.get(OrgLevel(organisation.level), 0)
    return "\u3000" * depth + organisation.name


class ReturnForm(_WithOwner):
    """Not ours: back to the desk."""

    verb = Verb.RETURN
    title = _("退单")
    lead = _("不归本组织办的，说明理由并建议该由谁办。最多退两次，由社区（街道）决定。")
    submit = _("退单")
    owner_field = "proposed"
    levels = (*OWNER_LEVELS, OrgLevel.DEPARTMENT)

    reason = words(_("理由"), _("只有工作人员看得到。"))
    proposed = forms.ModelChoiceField(
        label=_("建议由谁办理"),
        queryset=Organisation.objects.none(),
        required=False,
        empty_label=_("不清楚"),
    )


class ReassignForm(_WithOwner):
    """Another organisation answers for it."""

    verb = Verb.REASSIGN
    title = _("改派")
    lead = _("交给另一个组织负责。退单后的改派为终局，对方不能再退。")
    submit = _("改派")
    owner_field = "organisation"

    organisation = forms.ModelChoiceField(
        label=_("改派给"), queryset=Organisation.objects.none(), empty_label=_("请选择")
    )
    reason = words(_("理由"), _("只有工作人员看得到。"))


class EscalateForm(VerbForm):
    """Asking the level above."""

    verb = Verb.ESCALATE
    title = _("请上级支持")
    lead = _("上一级会成为督办组织，须在期限内答复；本组织继续办理。")
    submit = _("升级")

    reason = words(_("需要什么支持"), _("只有工作人员看得到。"))


class AnswerForm(VerbForm):
    """The answer an escalation must get."""

    verb = Verb.ANSWER
    title = _("答复升级")
    lead = _("五种方式选一种；承办组织据此继续办理。")
    submit = _("答复")

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
    amount = forms.IntegerField(
        label=_("延长"),
        help_text=_("选“同意延期”时填写；从现在起按本件的计时方式计算。"),
        min_value=1,
        max_value=720,
        required=False,
    )
    unit = forms.ChoiceField(label=_("单位"), choices=UNITS, required=False)
    text = words(_("答复内容"), _("选“向居民说明情况”时居民会看到，其余只有工作人员看得到。"))

    def prepare(self) -> None:
        """Offer the departments, and say days as the case's own clock counts them."""
        day = self.viewer.scope.day
        visible = Organisation.objects.visible_to(self.viewer).on(day)
        self.fields["department"].queryset = visible.filter(  # type: ignore[attr-defined]
            level=OrgLevel.DEPARTMENT
        )
        if self._is_round_the_clock:
            self.fields["unit"].choices = [("days", gettext("天")), ("hours", gettext("小时"))]  # type: ignore[attr-defined]

    @property
    def _is_round_the_clock(self) -> bool:
        return service_terms.for_petition(self.petition).is_round_the_clock

    def clean(self) -> None:
        """Ask for what the chosen way needs."""
        super().clean()
        kind = self.cleaned_data.get("kind")
        if kind == AnswerKind.DEPARTMENT and not self.cleaned_data.get("department"):
            self._ask("department", gettext("请选择承办部门。"))
        if kind == AnswerKind.EXTEND and not self.cleaned_data.get("amount"):
            self._ask("amount", gettext("请填写延长多久。"))

    def _ask(self, name: str, words: str) -> None:
        if name not in self.errors:
            self.add_error(name, words)

    def arguments(self) -> dict[str, Any]:
        """Return only what belongs to the chosen way; days become minutes of the case's clock."""
        given = super().arguments()
        amount, unit = given.pop("amount"), given.pop("unit")
        kind = given["kind"] = AnswerKind(given["kind"])
        if kind != AnswerKind.DEPARTMENT:
            given["department"] = None
        if kind == AnswerKind.EXTEND:
            given["extension"] = self._length(amount, unit)
        return given

    def _length(self, amount: int, unit: str) -> dt.timedelta:
        if unit == "hours":
            return dt.timedelta(hours=amount)
        return service_terms.for_petition(self.petition).days(amount)
