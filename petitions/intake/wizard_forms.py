"""Forms of the public report pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from branches.models import Organisation
from petitions.rules.contacts import ContactDetails
from petitions.web.field_validation import MAX_TEXT_LENGTH, clean_phone, clean_text

MAX_SINCE_LENGTH = 60


class ReportTextForm(forms.Form):
    """Text of the report, since when, and the organisation it is about, if it is about one.

    `website` is a honeypot: people do not see it, only programs fill it in.
    """

    text = forms.CharField(
        label=_("发生了什么事？"),
        help_text=_("写清楚在哪里、什么情况就行。不要写身份证号，也不要写别人的姓名和电话。"),
        max_length=MAX_TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={
            "required": _("请写几句发生了什么事。"),
            "max_length": _("写得太长了，请控制在2000字以内。"),
        },
    )
    since = forms.CharField(
        label=_("从什么时候开始的？"),
        help_text=_("例如：今天早上、上个星期。"),
        max_length=MAX_SINCE_LENGTH,
        required=False,
        error_messages={"max_length": _("请写短一点，60字以内。")},
    )
    about = forms.ChoiceField(
        label=_("反映的是哪个组织？"), required=False, widget=forms.RadioSelect
    )
    website = forms.CharField(required=False, max_length=200)

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

    def clean_text(self) -> str:
        """Remove control characters; refuse a text that is empty then."""
        text = clean_text(self.cleaned_data["text"])
        if not text:
            raise forms.ValidationError(_("请写几句发生了什么事。"))
        return text

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


class ContactForm(forms.Form):
    """Contact details of the resident: a telephone number, a name, both or nothing."""

    phone = forms.CharField(
        label=_("电话"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )
    name = forms.CharField(
        label=_("怎么称呼您"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    is_confidential = forms.BooleanField(
        label=_("对承办人保密，只让社区知道"),
        help_text=_("承办这件事的人看不到您的电话，有事由社区转达。"),
        required=False,
    )

    def clean_phone(self) -> str:
        """Remove separators; refuse what is no telephone number."""
        return clean_phone(self.cleaned_data["phone"])

    def contact_details(self) -> ContactDetails:
        """Return the contact details; empty ones stand for an anonymous report."""
        data = self.cleaned_data
        return ContactDetails(
            name=clean_text(data["name"]),
            phone=data["phone"],
            is_confidential=data["is_confidential"] and bool(data["phone"] or data["name"]),
        )
