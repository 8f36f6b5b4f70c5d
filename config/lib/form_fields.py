"""Form fields that bring what is typed to the form of the field; see config/lib/text_forms.py.

They fold before they check, so that a length, a number or a required text is judged by the value
that is stored. A page shows an invalid value again as it was typed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib import text_forms
from config.lib.validators import refuse_control_characters, validate_telephone

MAX_TYPED_TELEPHONE = 40  # with separators and country code
MAX_TYPED_DIGITS = 40
_REFUSE_NULL = ProhibitNullCharactersValidator()


class FreeTextField(forms.CharField):
    """A text of several lines, stored as typed; it needs a visible character if required."""

    def to_python(self, value: Any) -> str:
        """Return the text without control characters and direction overrides."""
        typed = super().to_python(value) or ""
        _REFUSE_NULL(typed)
        text = self.fold(typed)
        return text if text_forms.has_visible_character(text) else ""

    def fold(self, typed: str) -> str:
        """Return the text in the form in which it is stored."""
        return text_forms.clean_text(typed)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Let the text itself decide its direction."""
        return {**super().widget_attrs(widget), "dir": "auto"}


class LineField(FreeTextField):
    """A text of one line, stored as typed; it needs a visible character if required."""

    def fold(self, typed: str) -> str:
        """Return the text with single spaces."""
        return text_forms.clean_line(typed)


class TelephoneField(forms.CharField):
    """A telephone number in any spelling; its value is the folded number."""

    widget = forms.TelInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", MAX_TYPED_TELEPHONE)
        super().__init__(**kwargs)
        self.validators.append(validate_telephone)

    def to_python(self, value: Any) -> str:
        """Return the folded number."""
        return text_forms.fold_telephone(super().to_python(value) or "")

    def widget_attrs(self, _widget: forms.Widget) -> dict[str, Any]:
        """Show a number pad on phones and write from left to right; the length stays free."""
        return {"inputmode": "tel", "dir": "ltr"}


class LastDigitsField(forms.CharField):
    """The last four digits of a telephone number; the whole number is accepted too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_TYPED_DIGITS, **kwargs)

    def to_python(self, value: Any) -> str:
        """Return four digits, or an empty text."""
        digits = text_forms.last_four_digits(super().to_python(value) or "")
        if digits is None:
            raise ValidationError(_("请填电话号码的最后四位数字。"), "last_digits")
        return digits

    def widget_attrs(self, _widget: forms.Widget) -> dict[str, Any]:
        """Show a number pad on phones and write from left to right."""
        return {"inputmode": "numeric", "autocomplete": "off", "dir": "ltr"}


class NumberTextField(forms.CharField):
    """A number that is no quantity, e.g. an order number: folded, without spaces."""

    def to_python(self, value: Any) -> str:
        """Return the folded number; refuse line ends and control characters inside it."""
        typed = super().to_python(value) or ""
        refuse_control_characters(typed)
        return text_forms.fold_number(typed)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Write from left to right."""
        return {**super().widget_attrs(widget), "dir": "ltr"}


class WholeNumberField(forms.IntegerField):
    """A whole number, in digits of any script and width."""

    def to_python(self, value: Any) -> int | None:
        """Return the number."""
        return super().to_python(_folded(value, text_forms.fold_number))


class FoldedDateField(forms.DateField):
    """A day, in digits of any script and width."""

    def to_python(self, value: Any) -> dt.date | None:
        """Return the day."""
        return super().to_python(_folded(value, text_forms.fold_number))


class FoldedTimeField(forms.TimeField):
    """A time of day, in digits of any script and width."""

    def to_python(self, value: Any) -> dt.time | None:
        """Return the time."""
        return super().to_python(_folded(value, text_forms.fold_number))


class FoldedDurationField(forms.DurationField):
    """A length of time as `days hours:minutes:seconds`, in digits of any script and width."""

    def to_python(self, value: Any) -> dt.timedelta | None:
        """Return the length of time."""
        return super().to_python(_folded(value, text_forms.fold_characters))


class UserNameField(forms.CharField):
    """A user name: folded and in lower case, as it is stored."""

    def to_python(self, value: Any) -> str:
        """Return the folded name."""
        return text_forms.fold_user_name(super().to_python(value) or "")


class EmailAddressField(forms.EmailField):
    """An e-mail address, in any width."""

    def to_python(self, value: Any) -> str:
        """Return the address without invisible characters."""
        return text_forms.fold_characters(super().to_python(value) or "").strip()


def form_field_class(model_field: models.Field[Any, Any]) -> type[forms.Field] | None:
    """Return the form field for an ordinary column of a model; None for other kinds."""
    if getattr(model_field, "choices", None):
        return None
    for column, form_field in _FORM_FIELD_OF.items():
        if type(model_field) is column:
            return form_field
    return None


def _folded(value: Any, fold: Callable[[str], str]) -> Any:
    """Return a typed text folded; refuse NUL first, because folding would hide it."""
    if not isinstance(value, str):
        return value
    _REFUSE_NULL(value)
    return fold(value)


_FORM_FIELD_OF: dict[type[models.Field[Any, Any]], type[forms.Field]] = {
    models.CharField: LineField,
    models.TextField: FreeTextField,
    models.EmailField: EmailAddressField,
    models.IntegerField: WholeNumberField,
    models.PositiveIntegerField: WholeNumberField,
    models.PositiveSmallIntegerField: WholeNumberField,
    models.SmallIntegerField: WholeNumberField,
    models.DateField: FoldedDateField,
    models.TimeField: FoldedTimeField,
    models.DurationField: FoldedDurationField,
}
