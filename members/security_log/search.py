"""Search of the security log: by person, object, kind of act, outcome and day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.lib.form_fields import FoldedDateField, LineField
from members.accounts import audit_log
from members.enums import ActOutcome, SecurityAction
from members.models import SecurityEvent, User

MAX_PEOPLE = 50  # whose names match; a search for more of them is too broad
ALL = [("", _("全部"))]


class LogSearchForm(forms.Form):
    """What to look for; an empty form finds the whole log."""

    who = LineField(label=_("谁（姓名或用户名）"), required=False, max_length=60)
    about = LineField(label=_("对象（诉求编号、姓名、名称）"), required=False, max_length=60)
    action = forms.ChoiceField(
        label=_("做了什么"), required=False, choices=[*ALL, *SecurityAction.choices]
    )
    outcome = forms.ChoiceField(
        label=_("结果"), required=False, choices=[*ALL, *ActOutcome.choices]
    )
    since = FoldedDateField(
        label=_("从哪一天"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = FoldedDateField(
        label=_("到哪一天"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a last day before the first: an empty list would not explain itself."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("这一天早于开始日期，请改一个。"))
        return self.cleaned_data

    def lines(self) -> QuerySet[SecurityEvent]:
        """Return the lines that match, newest first; one query for the accounts of a name."""
        data, lines = self.cleaned_data, SecurityEvent.objects.order_by("-id")
        if data["who"]:
            lines = lines.filter(_by(data["who"]))
        if data["about"]:
            lines = lines.filter(_about(data["about"]))
        if data["action"]:
            lines = lines.filter(action=data["action"])
        if data["outcome"]:
            lines = lines.filter(outcome=data["outcome"])
        if data["since"]:
            lines = lines.filter(at__gte=_midnight(data["since"]))
        if data["until"] and data["until"] != dt.date.max:
            lines = lines.filter(at__lt=_midnight(data["until"] + dt.timedelta(days=1)))
        return lines

    def words(self) -> str:
        """Return a valid search in words, for the line that records an export: never raw values."""
        return "；".join(
            f"{field.label}：{self.cleaned_data[field.name]}"
            for field in self
            if self.cleaned_data[field.name]
        )


def _accounts(text: str) -> list[int]:
    """Return the ids of the accounts whose name or user name contains a text."""
    users = User.objects.filter(Q(username__icontains=text) | Q(name__icontains=text))
    return list(users.order_by("id").values_list("id", flat=True)[:MAX_PEOPLE])


def _by(text: str) -> Q:
    """Match the lines of the persons with this name, also of accounts that are gone."""
    return Q(user_id__in=_accounts(text)) | Q(user_id__isnull=False, user_name__startswith=text)


def _about(text: str) -> Q:
    """Match the lines about an object whose name begins with the text, or about an account."""
    accounts = _accounts(text)
    by_name = Q(object_name__startswith=text)
    return (
        by_name
        | Q(object_kind=audit_log.ACCOUNT, object_id__in=accounts)
        | Q(object_kind="", detail__of__in=accounts)
    )


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
