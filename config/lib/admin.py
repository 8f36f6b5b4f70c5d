"""What the operators' pages of every app share: narrow doors, rows that are kept, and types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, FieldDoesNotExist, PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:  # Django's own classes take no type argument when the program runs
    _Admin = admin.ModelAdmin[Any]
    BaseModelForm = forms.ModelForm[Any]
    _Tabular = admin.TabularInline[Any, Any]
    _Formset = forms.BaseInlineFormSet[Any, Any, Any]
else:
    _Admin, BaseModelForm = admin.ModelAdmin, forms.ModelForm
    _Tabular, _Formset = admin.TabularInline, forms.BaseInlineFormSet


ROWS = 30  # of a list on one page: a screen and a half


class BaseAdmin(_Admin):
    """Rows on the operators' pages, asked only what the page itself offers to ask."""

    view_on_site = False  # a hat reaches no page of cases or places, so no link leads there

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Narrow by the offered filters alone; an address could guess a password hash otherwise."""
        is_offered = lookup.partition("__")[0] in set(self._offered())
        return is_offered and super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]  # None is Django's own default

    def _offered(self) -> Iterator[str]:
        for one in self.list_filter:
            yield str(one[0] if isinstance(one, tuple) else one)
        if self.date_hierarchy:
            yield self.date_hierarchy.partition("__")[0]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what an address fills in for a new row; what cannot be its value is left out."""
        given = super().get_changeform_initial_data(request)
        return {name: value for name, value in given.items() if self._can_hold(name, value)}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows a word finds; none for one that no row can hold."""
        if "\0" in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *given: Any, **more: Any
    ) -> HttpResponse | None:
        """Do something to the rows picked; what no row could be called is refused (400)."""
        picked = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(self._can_hold("pk", one) for one in picked):
            raise BadRequest
        return super().response_action(request, queryset, *given, **more)

    def _can_hold(self, name: str, value: Any) -> bool:
        try:
            field = self.opts.pk if name == "pk" else self.opts.get_field(name)
            field.to_python(value)  # type: ignore[union-attr]  # a field that does not exist raises
        except (FieldDoesNotExist, ValidationError):
            return False
        return "\0" not in str(value)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refuse another hat before looking: Django would tell it which rows exist."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


class NoDeleteAdmin(BaseAdmin):
    """Rows that end on a date and are never deleted."""

    list_per_page = ROWS

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: history refers to them."""
        return False


class LabelledFormSet(_Formset):
    """Rows of a table to edit: each field says its name to those who do not see the heading."""

    def add_fields(self, form: Any, index: Any) -> None:
        """Name the fields of a row, the one that deletes it included."""
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs.setdefault("aria-label", str(field.label))


class BaseInline(_Tabular):
    """Rows of another table on the page of what they belong to."""

    formset = LabelledFormSet
