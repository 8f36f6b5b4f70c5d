"""Forms of the public report pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from branches.models import Organisation
from config.lib.form_fields import FreeTextField, LineField
from petitions.web.field_validation import MAX_TEXT_LENGTH

MAX_SINCE_LENGTH = 60


class ReportTextForm(forms.Form):
    """Text of the report, since when, and the organisation it is about, if it is about one.

    `website` is a honeypot: people do not see it, only programs fill it in.
    """

    text = FreeTextField(
        label=_("发生了什么事？"),
        help_text=_("写清楚在哪里、什么情况就行。不要写身份证号，也不要写别人的姓名和电话。"),
        max_length=MAX_TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={
            "required": _("请写几句发生了什么事。"),
            "max_length": _("写得太长了，请控制在2000字以内。"),
        },
    )
    since = LineField(
        label=_("从什么时候开始的？"),
        help_text=_("例如：今天早上、上个星期。"),
        max_length=MAX_SINCE_LENGTH,
        required=False,
        error_messages={"max_length": _("请写短一点，60字以内。")},
    )
    about = forms.ChoiceField(
        label=_("反映的是哪个组织？"), required=False, widget=forms.RadioSelect
    )
    website = LineField(required=False, max_length=200)

    def __init__(
        self, *args: Any, organisations: Sequence[Organisation] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        about = self.fields["about"]
        assert isinstance(about, forms.ChoiceField)
        about.choices = [
            ("", gettext("不是，反映的是别的事")),
            *((str(row.pk), row.name) for row in organisations),
        ]

    def clean_website(self) -> str:
        """Refuse the report when the honeypot is filled in."""
        if self.cleaned_data["website"]:
            raise forms.ValidationError(_("“网址”一栏请留空。"))
        return ""

    @property
    def about_id(self) -> int | None:
        """The id of the organisation that the report is about, if one was chosen."""
        pk = self.cleaned_data.get("about")
        return int(pk) if pk else None
