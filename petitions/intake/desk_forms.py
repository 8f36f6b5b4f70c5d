"""Forms of the desk, where staff enter what a resident says."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from config.lib.form_fields import (
    FreeTextField,
    LineField,
    NumberTextField,
    TelephoneField,
    WholeNumberField,
)
from petitions.enums import Channel, Urgency
from petitions.web.field_validation import MAX_ID, MAX_TEXT_LENGTH
from petitions.web.photo_fields import PhotoFormMixin

CHANNELS = [(Channel.DESK, Channel.DESK.label), (Channel.ASSISTED, Channel.ASSISTED.label)]


def _text_input(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "off", **attrs})


def _id_field() -> WholeNumberField:
    return WholeNumberField(required=False, widget=forms.HiddenInput, min_value=1, max_value=MAX_ID)


class DeskForm(PhotoFormMixin):
    """A report as entered at the desk.

    `where` and `what` are texts; `place` and `category` hold the id chosen in the combobox, and
    `place_choice` and `category_choice` the id chosen from candidates when the text was unclear.
    `key` is the idempotency key.
    """

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    where = LineField(
        label=_("在哪里"),
        max_length=200,
        widget=_text_input(placeholder=_("楼栋、巷道或拼音首字母，如 fxhy46")),
        error_messages={"required": _("请填写地点。")},
    )
    place = _id_field()
    what = LineField(
        label=_("什么事"),
        max_length=100,
        widget=_text_input(placeholder=_("一两个字就行，如 浑、没水、路灯")),
        error_messages={"required": _("请填写是什么事。")},
    )
    category = _id_field()
    urgency = forms.ChoiceField(
        label=_("紧急程度"),
        required=False,
        choices=[("", _("按类别的建议")), *Urgency.choices],
    )
    text = FreeTextField(
        label=_("怎么说的"),
        max_length=MAX_TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        help_text=_("记原话，不写身份证号、民族、家庭情况。"),
        error_messages={"required": _("请写下反映的内容。")},
    )
    since = LineField(
        label=_("从什么时候开始"),
        required=False,
        max_length=60,
        widget=_text_input(placeholder=_("如 昨天晚上、三天了")),
    )
    name = LineField(
        label=_("怎么称呼"),
        required=False,
        max_length=40,
        widget=_text_input(**{"data-private": "1"}),
    )
    phone = TelephoneField(
        label=_("电话"),
        required=False,
        widget=forms.TelInput(attrs={"autocomplete": "off", "data-private": "1"}),
        help_text=_("加密保存，只用来回复这件事；末四位用来查询进度。"),
    )
    is_confidential = forms.BooleanField(
        label=_("居民要求对承办的组织保密"),
        required=False,
        help_text=_("选好地点和事项，右边会写明谁打不开、谁能打开，请念给居民听。"),
    )
    channel = forms.ChoiceField(
        label=_("怎么来的"), choices=CHANNELS, initial=Channel.DESK, required=False
    )
    external_number = NumberTextField(
        label=_("12345工单号"),
        required=False,
        max_length=40,
        widget=_text_input(),
        help_text=_("热线转来的才填，按热线的规定计时。"),
    )
    place_choice = _id_field()
    category_choice = _id_field()
    about = _id_field()

    def replace_values(self, **values: str) -> None:
        """Replace values of the bound form, so that it is rendered with them."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name, value in values.items():
            data[name] = value
        self.data = data

    def clean_channel(self) -> str:
        """Use the desk as channel when none was chosen."""
        return self.cleaned_data["channel"] or Channel.DESK


class DeskPreviewForm(forms.Form):
    """What has been chosen and written so far; posted, because the text must not stand in a URL."""

    place = _id_field()
    category = _id_field()
    urgency = forms.ChoiceField(required=False, choices=[("", ""), *Urgency.choices])
    about = _id_field()
    text = FreeTextField(required=False)
