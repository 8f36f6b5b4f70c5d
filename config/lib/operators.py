"""What the operators' pages of every app share: rows that are kept, and classes for the checker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

if TYPE_CHECKING:  # Django's own classes take no type argument when the program runs
    AnyAdmin = admin.ModelAdmin[Any]
    AnyModelForm = forms.ModelForm[Any]
    _Tabular = admin.TabularInline[Any, Any]
    _Formset = forms.BaseInlineFormSet[Any, Any, Any]
else:
    AnyAdmin, AnyModelForm = admin.ModelAdmin, forms.ModelForm
    _Tabular, _Formset = admin.TabularInline, forms.BaseInlineFormSet


ROWS = 30  # of a list on one page: a screen and a half


class KeptAdmin(AnyAdmin):
    """Rows that end on a date and are never deleted."""

    list_per_page = ROWS

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Refuse: history refers to them."""
        return False


class NamedCells(_Formset):
    """Rows of a table to edit: each field says its name to those who do not see the heading."""

    def add_fields(self, form: Any, index: Any) -> None:
        """Name the fields of a row, the one that deletes it included."""
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs.setdefault("aria-label", str(field.label))


class AnyInline(_Tabular):
    """Rows of another table on the page of what they belong to."""

    formset = NamedCells
