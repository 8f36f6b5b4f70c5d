"""Model fields whose values are stored and looked up in one form; see config/lib/text_forms.py.

Whatever writes or looks up such a column (a form, a command, a fixture, the shell) folds the value,
for exact lookups and `in`. Migrations see ordinary fields: the column does not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db import models

from config.lib import form_fields, text_forms
from config.lib.validators import validate_telephone

if TYPE_CHECKING:  # Django's class accepts type arguments in the stubs only
    _CharField = models.CharField[str, str]
else:
    _CharField = models.CharField


class FoldedField(_CharField):
    """Base class: `fold` brings a value to its form, `form_class` is the field of a form."""

    form_class: ClassVar[type[forms.CharField]]

    def fold(self, value: str) -> str:
        """Return the value in its form."""
        raise NotImplementedError

    def to_python(self, value: Any) -> Any:
        """Return the folded value."""
        return self._folded(super().to_python(value))

    def get_prep_value(self, value: Any) -> Any:
        """Return the folded value for storage and for lookups."""
        return self._folded(super().get_prep_value(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Fold the value of the instance too, so that it shows what is stored."""
        value = self._folded(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def formfield(self, **kwargs: Any) -> Any:
        """Return the form field of this form."""
        return super().formfield(**{"form_class": self.form_class, **kwargs})

    def deconstruct(self) -> Any:
        """Return the field as an ordinary `CharField`."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def _folded(self, value: Any) -> Any:
        return self.fold(value) if isinstance(value, str) else value


class TelephoneColumn(FoldedField):
    """A telephone number, stored as folded digits."""

    form_class = form_fields.TelephoneField
    default_validators = [validate_telephone]

    def fold(self, value: str) -> str:
        """Return the folded number."""
        return text_forms.telephone_to_store(value)


class NumberColumn(FoldedField):
    """A number that is no quantity, e.g. an official code or a day of the year."""

    form_class = form_fields.NumberTextField

    def fold(self, value: str) -> str:
        """Return the folded number."""
        return text_forms.fold_number(value)


class UserNameColumn(FoldedField):
    """A user name, stored folded and in lower case."""

    form_class = form_fields.UserNameField

    def fold(self, value: str) -> str:
        """Return the folded name."""
        return text_forms.fold_user_name(value)
