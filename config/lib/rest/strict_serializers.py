"""Serializers of the API that accept exactly the documented types and fields."""

from __future__ import annotations

from typing import Any

from django.core.validators import ProhibitNullCharactersValidator, RegexValidator
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from config.lib import text_forms
from config.lib.validators import refuse_control_characters, validate_telephone

MAX_ID = 2**63 - 1
_REFUSE_NULL = ProhibitNullCharactersValidator()


class StrictCharField(serializers.CharField):
    """Accepts strings only; not only whitespace, unless `allow_blank`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not self.allow_blank:
            self.validators.append(RegexValidator(r"\S"))

    def to_internal_value(self, data: Any) -> str:
        """Return the stripped string."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class StrictFreeTextField(StrictCharField):
    """A text of several lines, stored as sent; it needs a visible character, unless `allow_blank`.

    Control characters and direction overrides are removed before the text is checked.
    """

    def to_internal_value(self, data: Any) -> str:
        """Return the text; an invisible one counts as blank."""
        sent = super().to_internal_value(data)
        _REFUSE_NULL(sent)
        text = self.fold(sent)
        if text_forms.has_visible_character(text):
            return text
        if not self.allow_blank:
            self.fail("blank")
        return ""

    def fold(self, sent: str) -> str:
        """Return the text in the form in which it is stored."""
        return text_forms.clean_text(sent)


class StrictLineField(StrictFreeTextField):
    """A text of one line; see `StrictFreeTextField`."""

    def fold(self, sent: str) -> str:
        """Return the text with single spaces."""
        return text_forms.clean_line(sent)


class StrictTelephoneField(StrictCharField):
    """A telephone number in any spelling; its value is the folded number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(validate_telephone)

    def to_internal_value(self, data: Any) -> str:
        """Return the folded number."""
        return text_forms.fold_telephone(super().to_internal_value(data))

    def run_validators(self, value: Any) -> None:
        """Check a number; a telephone of separators alone is an empty one."""
        if value or not self.allow_blank:
            super().run_validators(value)


class StrictNumberTextField(StrictCharField):
    """A number that is no quantity, e.g. an order number: folded, without spaces."""

    def to_internal_value(self, data: Any) -> str:
        """Return the folded number; refuse line ends and control characters inside it."""
        sent = super().to_internal_value(data)
        refuse_control_characters(sent)
        return text_forms.fold_number(sent)


class StrictCodeField(StrictCharField):
    """A code of letters and digits: folded, in upper case, without separators."""

    def to_internal_value(self, data: Any) -> str:
        """Return the folded code."""
        return text_forms.fold_code(super().to_internal_value(data))


class StrictIntegerField(serializers.IntegerField):
    """Accepts JSON numbers without fraction, not strings."""

    def to_internal_value(self, data: Any) -> int:
        """Return the integer."""
        is_integer = isinstance(data, int) or (isinstance(data, float) and data.is_integer())
        if not is_integer or isinstance(data, bool):
            self.fail("invalid")
        return int(data)


class StrictBooleanField(serializers.BooleanField):
    """Accepts true and false, not strings or numbers."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the boolean."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictIdField(StrictIntegerField):
    """The id of a row, a positive 64-bit integer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **kwargs)


class StrictSerializer(serializers.Serializer[Any]):
    """Serializer that refuses unknown fields, so that a misspelt field is not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values; raise ValidationError with the errors by field."""
        if isinstance(data, dict):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise ValidationError(
                    {name: [ErrorDetail(_("没有这个字段。"), "unknown")] for name in unknown}
                )
        return super().to_internal_value(data)
