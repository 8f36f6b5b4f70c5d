"""Serializers of the API that accept exactly the documented types and fields."""

from __future__ import annotations

import copy
from typing import Any, Self

from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

LARGEST_ID = 2**63 - 1


class CheapCopyMixin(serializers.Field[Any, Any, Any, Any]):
    """A field, or a body within another one, whose copies share what never changes.

    Every body copies its fields; the framework builds each of them anew, with all its choices and
    validators, which for a report cost more than looking at what was sent.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a field that can be bound to another body."""
        copy = object.__new__(type(self))
        arguments = vars(self)["_kwargs"]
        free = {"field_name": None, "parent": None}  # what binding will set
        vars(copy).update(
            vars(self), **free, source=arguments.get("source"), label=arguments.get("label")
        )
        vars(copy).pop("fields", None)  # those of a body are its own
        return copy


class StrictCharField(CheapCopyMixin, serializers.CharField):
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


class StrictIntegerField(CheapCopyMixin, serializers.IntegerField):
    """Accepts JSON numbers without fraction, not strings."""

    def to_internal_value(self, data: Any) -> int:
        """Return the integer."""
        is_whole = isinstance(data, int) or (isinstance(data, float) and data.is_integer())
        if not is_whole or isinstance(data, bool):
            self.fail("invalid")
        return int(data)


class StrictBooleanField(CheapCopyMixin, serializers.BooleanField):
    """Accepts true and false, not strings or numbers."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the boolean."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictChoiceField(CheapCopyMixin, serializers.ChoiceField):
    """One of a list of choices."""


class StrictIdField(StrictIntegerField):
    """The id of a row, a positive 64-bit integer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **kwargs)


class StrictSerializer(CheapCopyMixin, serializers.Serializer[Any]):
    """Serializer that refuses unknown fields, so that a misspelt field is not ignored."""

    def get_fields(self) -> dict[str, Any]:
        """Return copies of the declared fields."""
        return {name: copy.deepcopy(field) for name, field in self._declared_fields.items()}

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values; raise ValidationError with the errors by field."""
        if isinstance(data, dict):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise ValidationError(
                    {name: [ErrorDetail(_("没有这个字段。"), "unknown")] for name in unknown}
                )
        return super().to_internal_value(data)
