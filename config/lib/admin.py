"""Base classes of the admin: limited lookups, no deletion, accessible inline forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, FieldDoesNotExist, PermissionDenied, ValidationError
from django.db.models import Field, QuerySet
from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:  # Django's classes accept type arguments in the stubs only
    _Admin = admin.ModelAdmin[Any]
    BaseModelForm = forms.ModelForm[Any]
    _Tabular = admin.TabularInline[Any, Any]
    _Formset = forms.BaseInlineFormSet[Any, Any, Any]
else:
    _Admin, BaseModelForm = admin.ModelAdmin, forms.ModelForm
    _Tabular, _Formset = admin.TabularInline, forms.BaseInlineFormSet


ROWS_PER_PAGE = 30


class BaseAdmin(_Admin):
    """ModelAdmin that accepts only the lookups and values that its own pages offer."""

    view_on_site = False  # administrators have no access to the pages of cases and places

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow the filters of the list only; other lookups could guess password hashes."""
        is_offered = lookup.partition("__")[0] in set(self._offered())
        return is_offered and super().lookup_allowed(lookup, value, cast("HttpRequest", request))

    def _offered(self) -> Iterator[str]:
        for item in self.list_filter:
            if isinstance(item, type) and issubclass(item, admin.SimpleListFilter):
                yield str(item.parameter_name)
            else:
                yield str(item[0] if isinstance(item, tuple) else item)
        if self.date_hierarchy:
            yield self.date_hierarchy.partition("__")[0]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return the initial values of the URL, without those that their fields cannot hold."""
        initial = super().get_changeform_initial_data(request)
        return {name: value for name, value in initial.items() if self._is_valid(name, value)}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows that match a search term; none for a term with a NUL byte."""
        if "\0" in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Run an action on the selected rows; raise BadRequest (400) for an invalid id."""
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(self._is_valid("pk", value) for value in selected):
            raise BadRequest
        return super().response_action(request, queryset, *args, **kwargs)

    def _is_valid(self, name: str, value: Any) -> bool:
        try:
            field = self.opts.pk if name == "pk" else self.opts.get_field(name)
            if not isinstance(field, Field):
                return False
            field.to_python(value)
        except (FieldDoesNotExist, ValidationError):
            return False
        return "\0" not in str(value)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Check the permission before the look-up; Django would reveal which rows exist."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


class NoDeleteAdmin(BaseAdmin):
    """Admin of rows that are ended by a date and never deleted."""

    list_per_page = ROWS_PER_PAGE

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: history refers to the rows."""
        return False


class LabelledFormSet(_Formset):
    """Inline formset whose fields have an `aria-label`; the table shows labels only once."""

    def add_fields(self, form: Any, index: Any) -> None:
        """Label the fields of a row, including the deletion field."""
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs.setdefault("aria-label", str(field.label))


class BaseInline(_Tabular):
    """Tabular inline with labelled fields."""

    formset = LabelledFormSet
