"""Validators shared by form fields, serializers and models; they check the folded form."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from config.lib import text_forms

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def validate_telephone(folded: str) -> None:
    """Raise ValidationError for a folded telephone that cannot be dialled; the one rule of all."""
    digits = text_forms.mobile_digits(folded)
    if digits not in (0, text_forms.MOBILE_LENGTH):
        raise ValidationError(
            _("手机号是11位，这里是%(count)d位。"), "mobile_length", {"count": digits}
        )
    if not text_forms.is_telephone(folded):
        raise ValidationError(
            _("请写完整的电话号码，例如 13900000000 或 0994-5550000。"), "telephone"
        )


def refuse_control_characters(typed: str) -> None:
    """Raise ValidationError for line ends and control characters inside a number or a code."""
    if _CONTROL_CHARACTER.search(typed.strip()):
        raise ValidationError(_("这里不能有换行或其他控制字符。"), "control_characters")
