"""Fields and bodies for programs that take exactly what is documented, and nothing else."""

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
        found = object.__new__(type(self))
        given = vars(self)["_kwargs"]
        free = {"field_name": None, "parent": None}  # what binding will set
        vars(found).update(vars(self), **free, source=given.get("source"), label=given.get("label"))
        vars(found).pop("fields", None)  # those of a body are its own
        return found


class StrictCharField(CheapCopyMixin, serializers.CharField):
    """Words; a number or a truth value is none. Unless blank is allowed, more than spaces."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not self.allow_blank:
            self.validators.append(RegexValidator(r"\S"))

    def to_internal_value(self, data: Any) -> str:
        """Return the words without spaces around them."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class StrictIntegerField(CheapCopyMixin, serializers.IntegerField):
    """A whole number, not one written as words."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        is_whole = isinstance(data, int) or (isinstance(data, float) and data.is_integer())
        if not is_whole or isinstance(data, bool):
            self.fail("invalid")
        return int(data)


class StrictBooleanField(CheapCopyMixin, serializers.BooleanField):
    """Yes or no, not a word for it."""

    def to_internal_value(self, data: Any) -> bool:
        """Return yes or no."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictChoiceField(CheapCopyMixin, serializers.ChoiceField):
    """One of a few words."""


class StrictIdField(StrictIntegerField):
    """The id of a row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **kwargs)


class StrictSerializer(CheapCopyMixin, serializers.Serializer[Any]):
    """A body; a field it does not know is refused, because it was meant to do something."""

    def get_fields(self) -> dict[str, Any]:
        """Return the fields for this body."""
        return {name: copy.deepcopy(field) for name, field in self._declared_fields.items()}

    def to_internal_value(self, data: Any) -> Any:
        """Return the values, or say field by field what is wrong."""
        if isinstance(data, dict):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise ValidationError(
                    {name: [ErrorDetail(_("没有这个字段。"), "unknown")] for name in unknown}
                )
        return super().to_internal_value(data)
