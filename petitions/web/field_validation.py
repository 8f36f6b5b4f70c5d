"""Limits and checks of input that forms and serializers share."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

MAX_ID = 2**53  # larger integers lose digits in JSON numbers of JavaScript
MAX_TEXT_LENGTH = 2000
MIN_REASON_LETTERS, MIN_DIFFERENT_LETTERS = 4, 3


def check_words(value: str) -> None:
    """Raise `ValidationError` for a text without any letter or digit, such as "。。。"."""
    if not any(character.isalnum() for character in value):
        raise forms.ValidationError(_("请写文字，不能只写标点。"), code="no_words")


def check_reason(value: str) -> None:
    """Raise `ValidationError` for a reason that says nothing: "。。。", "1111", "看看看看".

    A reason has at least `MIN_REASON_LETTERS` letters (a Chinese character is one), of which
    `MIN_DIFFERENT_LETTERS` are different.
    """
    letters = [character for character in value.casefold() if character.isalpha()]
    if len(letters) < MIN_REASON_LETTERS or len(set(letters)) < MIN_DIFFERENT_LETTERS:
        raise forms.ValidationError(
            _("请写明原因，至少 %(count)d 个字，例如“约定上门时间”。"),
            params={"count": MIN_REASON_LETTERS},
            code="no_reason",
        )
