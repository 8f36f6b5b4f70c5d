"""Forms of the tracking pages."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from petitions.rules import tracking_codes
from petitions.web.contact_form import MAX_PHONE_LENGTH, ContactDetailsForm, phone_input
from petitions.web.field_validation import clean_text

FOUR_DIGITS = re.compile(r"\d{4}")
RATINGS = [(str(points), str(points)) for points in range(1, 6)]


class TrackForm(forms.Form):
    """The tracking code, and the last four digits of the telephone number if one was given."""

    code = forms.CharField(
        label=_("查询码"),
        help_text=_("回执上的12位字母和数字，大小写和横线都不要紧。"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": _("请填写查询码。")},
    )
    digits = forms.CharField(
        label=_("电话后四位"),
        help_text=_("没有留电话的不用填。"),
        max_length=12,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_code(self) -> str:
        """Replace look-alike characters and remove separators; refuse what is no code."""
        code = tracking_codes.normalised(self.cleaned_data["code"])
        if len(code) != tracking_codes.LENGTH or set(code) - set(tracking_codes.ALPHABET):
            raise forms.ValidationError(_("查询码是12位字母和数字，请对照回执再填一次。"))
        return code

    def clean_digits(self) -> str:
        """Accept four digits or nothing."""
        digits: str = self.cleaned_data["digits"].strip()
        if digits and not FOUR_DIGITS.fullmatch(digits):
            raise forms.ValidationError(_("请填电话号码的最后四位数字。"))
        return digits


class VersionedForm(forms.Form):
    """A form that sends the version of the case which the resident saw."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class RatingForm(forms.Form):
    """A rating from 1 to 5, chosen as a face."""

    rating = forms.TypedChoiceField(
        choices=RATINGS,
        coerce=int,
        error_messages={"required": _("请选一个表情。"), "invalid_choice": _("请选一个表情。")},
    )


class FeedbackForm(VersionedForm):
    """Resolved or not, with an optional rating and reason."""

    rating = forms.TypedChoiceField(choices=RATINGS, coerce=int, empty_value=None, required=False)
    reason = forms.CharField(
        label=_("还差什么？"),
        help_text=_("没有解决或只解决了一部分时，写一句哪里还不行，承办人好接着办。"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": _("请写短一点，500字以内。")},
    )
    partly = forms.BooleanField(required=False)

    def clean_reason(self) -> str:
        """Remove control characters."""
        return clean_text(self.cleaned_data["reason"])


class ResidentDisputeForm(FeedbackForm):
    """Not or only partly resolved; the reason is asked for once and may stay empty."""

    asked = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Refuse an empty reason the first time (`asked` is not set), accept it the second time."""
        data = super().clean() or {}
        if "reason" in data and not data["reason"] and not data.get("asked"):
            self.add_error("reason", _("还差什么？写一句，承办人好接着办。不想写，就再按一次。"))
        return data


class ResidentReopenForm(VersionedForm):
    """The reason why a closed case is reopened."""

    reopen_reason = forms.CharField(
        label=_("出了什么情况？"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": _("请写一句为什么要再办。"),
            "max_length": _("请写短一点，500字以内。"),
        },
    )

    def clean_reopen_reason(self) -> str:
        """Remove control characters."""
        return clean_text(self.cleaned_data["reopen_reason"])


class ContactCorrectionForm(ContactDetailsForm):
    """Corrected contact details; the telephone number is required."""

    phone = forms.CharField(
        label=_("新的电话"),
        max_length=MAX_PHONE_LENGTH,
        widget=phone_input(),
        error_messages={"required": _("请填写电话，不想留电话请按“删除联系方式”。")},
    )
