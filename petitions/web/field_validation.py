"""Validation and normalisation of text and telephone numbers, shared by forms and serializers."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

MAX_ID = 2**53  # larger integers lose digits in JSON numbers of JavaScript
MAX_TEXT_LENGTH = 2000
PHONE_AS_TYPED = re.compile(r"^[+\d][\d\s\-()（）]{4,24}$")
_PHONE = re.compile(r"\+?\d{7,15}")
_MOBILE = re.compile(r"(?:(?:\+|00)86)?(1[3-9]\d*)")
_MOBILE_LENGTH = 11
_SEPARATORS = re.compile(r"[\s\-–—().（）]+")
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def clean_text(value: str) -> str:
    """Strip the text, remove control characters and convert line ends to LF."""
    return _CONTROL_CHARACTERS.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def check_mobile_length(phone: str) -> None:
    """Raise `ValidationError` for a mobile number that does not have exactly 11 digits."""
    match = _MOBILE.fullmatch(_SEPARATORS.sub("", phone))
    if match and len(match[1]) != _MOBILE_LENGTH:
        raise forms.ValidationError(
            _("手机号是11位，这里是%(count)d位。"), params={"count": len(match[1])}
        )


def clean_phone(phone: str) -> str:
    """Return a telephone number without separators; raise `ValidationError` if it is not one."""
    number = _SEPARATORS.sub("", phone)
    check_mobile_length(number)
    if number and not _PHONE.fullmatch(number):
        raise forms.ValidationError(_("请写完整的电话号码，例如 13900000000 或 0994-5550000。"))
    return number
