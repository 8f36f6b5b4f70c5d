"""Forms of the tracking pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.form_fields import (
    FreeTextField,
    LastDigitsField,
    TelephoneField,
    WholeNumberField,
)
from petitions.rules import tracking_codes
from petitions.web.contact_form import ContactDetailsForm, phone_input

MAX_TYPED_CODE = 60  # with separators
RATINGS = [(str(points), str(points)) for points in range(1, 6)]


class TrackingCodeField(forms.CharField):
    """A tracking code in any width and case, with any separators; its value is the plain code."""

    def to_python(self, value: Any) -> str:
        """Replace look-alike characters and remove separators; refuse what is no code."""
        typed = super().to_python(value) or ""
        code = tracking_codes.normalised(typed)
        if typed and not tracking_codes.is_code(code):
            raise forms.ValidationError(_("查询码是12位字母和数字，请对照回执再填一次。"))
        return code

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Turn off what browsers do to words, and write from left to right."""
        return {
            **super().widget_attrs(widget),
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
            "dir": "ltr",
        }


class TrackForm(forms.Form):
    """The tracking code, and the last four digits of the telephone number if one was given."""

    code = TrackingCodeField(
        label=_("查询码"),
        help_text=_("回执上的12位字母和数字，大小写和横线都不要紧。"),
        max_length=MAX_TYPED_CODE,
        error_messages={"required": _("请填写查询码。")},
    )
    digits = LastDigitsField(
        label=_("电话后四位"),
        help_text=_("填整个号码也行。没有留电话的不用填。"),
        required=False,
    )


class VersionedForm(forms.Form):
    """A form that sends the version of the case which the resident saw."""

    version = WholeNumberField(min_value=1, widget=forms.HiddenInput)


class RatingForm(forms.Form):
    """A rating from 1 to 5, chosen as a face, and the round of the answer that it is for.

    A page without a round is of an earlier release; its rating is for no round.
    """

    round = WholeNumberField(min_value=0, required=False, widget=forms.HiddenInput)
    rating = forms.TypedChoiceField(
        choices=RATINGS,
        coerce=int,
        error_messages={"required": _("请选一个表情。"), "invalid_choice": _("请选一个表情。")},
    )


class FeedbackForm(VersionedForm):
    """Resolved or not, with an optional rating and reason."""

    rating = forms.TypedChoiceField(choices=RATINGS, coerce=int, empty_value=None, required=False)
    reason = FreeTextField(
        label=_("还差什么？"),
        help_text=_("没有解决或只解决了一部分时，写一句哪里还不行，承办人好接着办。"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": _("请写短一点，500字以内。")},
    )
    partly = forms.BooleanField(required=False)


class ExplanationFeedbackForm(FeedbackForm):
    """Whether an explanation is accepted, with an optional rating and reason.

    One press counts, also a no without a reason.
    """

    reason = FreeTextField(
        label=_("哪里不能接受？"),
        help_text=_("不接受的，可以写一句为什么。"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": _("请写短一点，500字以内。")},
    )


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

    reopen_reason = FreeTextField(
        label=_("出了什么情况？"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": _("请写一句为什么要再办。"),
            "max_length": _("请写短一点，500字以内。"),
        },
    )


class ContactCorrectionForm(ContactDetailsForm):
    """Corrected contact details; the telephone number is required."""

    phone = TelephoneField(
        label=_("新的电话"),
        widget=phone_input(),
        error_messages={"required": _("请填写电话，不想留电话请按“删除联系方式”。")},
    )
