"""Base classes of the admin: limited lookups, no deletion, no write by an unchanged form.

An existing row is written only if a value was changed in the form, compared with the values that
the page showed (hidden fields). A value that another user changed meanwhile is an error at its
field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import BadRequest, FieldDoesNotExist, PermissionDenied, ValidationError
from django.db import DataError
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from config.lib import form_fields, text_forms

if TYPE_CHECKING:  # Django's classes accept type arguments in the stubs only
    _Admin = admin.ModelAdmin[Any]
    _ModelForm = forms.ModelForm[Any]
    _Tabular = admin.TabularInline[Any, Any]
    _AnyModelAdmin = admin.options.BaseModelAdmin[Any]
    _Formset = forms.BaseInlineFormSet[Any, Any, Any]
else:
    _Admin, _ModelForm = admin.ModelAdmin, forms.ModelForm
    _Tabular, _Formset = admin.TabularInline, forms.BaseInlineFormSet
    _AnyModelAdmin = object


ROWS_PER_PAGE = 30
REFUSAL = "workflow_refusal"  # attribute of a request that the workflow has refused


def _by_field(error: ValidationError) -> dict[str, Any]:
    """Return the messages of an error by field; under `__all__` those that name none."""
    return error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}


class BaseModelForm(_ModelForm):
    """Form of the admin that knows the values its page showed, from hidden `initial-` fields.

    A request without the hidden value of a field is compared with the stored value. `refusal` is
    the error of the workflow that refused what the form had accepted.
    """

    refusal: ClassVar[ValidationError | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            is_sent = not self.is_bound or self.add_initial_prefix(name) in self.data
            field.show_hidden_initial = self.instance.pk is not None and is_sent

    def clean(self) -> dict[str, Any]:
        """Refuse to overwrite what another user has changed since the page was shown."""
        data = super().clean() or self.cleaned_data
        if self.has_changed():
            for name in self._changed_by_others():
                self.add_error(name, gettext("这一项刚刚被别人改过，请核对后再保存。"))
        if self.refusal is not None:
            for name, errors in _by_field(self.refusal).items():
                self.add_error(name if name in self.fields else None, errors)
        return data

    def _changed_by_others(self) -> list[str]:
        """Return the fields whose stored value is not the one shown; the next try knows it."""
        stale = []
        for name, field in self.fields.items():
            if not field.show_hidden_initial:
                continue
            stored, key = self.get_initial_for_field(field, name), self.add_initial_prefix(name)
            if field.has_changed(stored, self.data[key]):
                stale.append(name)
                data = cast("QueryDict", self.data).copy()
                data[key] = field.prepare_value(stored)
                self.data = data
        return stale


class OfferedFieldsView(AutocompleteJsonView):
    """Answers the fields of the forms that complete what is typed, and no other field."""

    def process_request(self, request: HttpRequest) -> Any:
        """Return what is asked for; raise PermissionDenied for a field that no form offers."""
        app_label, model_name = request.GET.get("app_label", ""), request.GET.get("model_name", "")
        try:
            form = admin.site.get_model_admin(apps.get_model(app_label, model_name))
        except (LookupError, NotRegistered) as error:
            raise PermissionDenied from error
        if request.GET.get("field_name") not in form.get_autocomplete_fields(request):
            raise PermissionDenied
        return super().process_request(request)


def complete(request: HttpRequest) -> HttpResponseBase:
    """View: the choices for a field that completes what is typed."""
    return OfferedFieldsView.as_view(admin_site=admin.site)(request)


class CheckedAutocompleteSelect(AutocompleteSelect):
    """Autocomplete widget that offers no value that its column cannot hold; Django would fail.

    The field refuses such a value, and the page shows its error.
    """

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        """Return the selected options, of the values that the column can hold."""
        possible = [key for key in value if not key or _can_hold(self.field.target_field, key)]
        return super().optgroups(name, possible, attrs)


def _can_hold(column: Field[Any, Any], value: str) -> bool:
    try:
        column.clean(value, None)
    except ValidationError:
        return False
    return True


class FoldingFieldsMixin(_AnyModelAdmin):
    """Admin whose form fields fold what is typed, and refuse what no column can hold."""

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Return a field that shows its page again whatever was sent for it."""
        if db_field.name in self.get_autocomplete_fields(request):
            widget = CheckedAutocompleteSelect(db_field, self.admin_site, using=kwargs.get("using"))
            kwargs.setdefault("widget", widget)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: Any, **kwargs: Any) -> Any:
        """Return a field that folds what is typed, also for ordinary columns."""
        form_class = form_fields.form_field_class(db_field)
        if form_class is not None:
            kwargs["form_class"] = form_class
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class AdminChange(Enum):
    """What was done to rows in the admin."""

    ADDED = 1
    CHANGED = 2
    DELETED = 3
    ACTION = 4


class WriteChange(Protocol):
    """The function that `ADMIN_CHANGE_LOG` names; it writes changes to the security log."""

    def __call__(
        self, request: HttpRequest, change: AdminChange, rows: Iterable[Model], message: str = ""
    ) -> None:
        """Write a line for each row, or one for an action on several."""


class BaseAdmin(FoldingFieldsMixin, _Admin):
    """ModelAdmin that accepts only the lookups and values that its own pages offer.

    Every change is written to the security log, unless `is_logged_by_workflow`.
    """

    is_logged_by_workflow = False
    actions_logged_by_row: tuple[str, ...] = ("delete_selected",)
    view_on_site = False  # administrators have no access to the pages of cases and places
    form = BaseModelForm

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; raise BadRequest (400) for parameters that no column can hold.

        Django answers most of them by the plain list, but not NUL and numbers out of range; what is
        typed into the search box it refuses on the page.
        """
        filters = request.GET.copy()
        filters.pop(SEARCH_VAR, None)
        if any("\0" in value for _name, values in filters.lists() for value in values):
            raise BadRequest
        try:
            return super().changelist_view(request, extra_context)
        except (ValueError, OverflowError, DataError) as error:
            if not request.GET:
                raise
            raise BadRequest from error

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form again, with the error at its field, when the workflow refuses the row."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ValidationError as error:
            vars(request)[REFUSAL] = error
            return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return the class of the form, with the error of the workflow if there was one."""
        form_class = super().get_form(request, *args, **kwargs)
        refusal = vars(request).get(REFUSAL)
        if refusal is None or not issubclass(form_class, BaseModelForm):
            return form_class
        return type(form_class.__name__, (form_class,), {"refusal": refusal})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Write a new row, or an existing one if a value was changed in the form."""
        if not change:
            self.add_row(request, obj, form)
        elif form.has_changed():
            self.change_row(request, obj, form)

    def add_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Write a new row; subclasses call their workflow and set `obj.pk`."""
        obj.save()

    def change_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Write the changed values of an existing row; subclasses call their workflow."""
        obj.save(update_fields=form.changed_data)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Say that nothing was changed instead of that something was."""
        if not hasattr(obj, "is_unchanged"):
            return super().response_change(request, obj)
        self.message_user(request, gettext("没有改动，什么都没有保存。"))
        return self.response_post_save_change(request, obj)

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
        """Return the rows that match a folded search term; none for a term with a NUL byte."""
        if "\0" in search_term:
            return queryset.none(), False
        folded = text_forms.fold_characters(search_term)
        return super().get_search_results(request, queryset, folded)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Run an action on the selected rows; raise BadRequest (400) for an invalid id."""
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(self._is_valid("pk", value) for value in selected):
            raise BadRequest
        rows = list(queryset.filter(pk__in=selected)[:ROWS_PER_PAGE]) if selected else []
        response = super().response_action(request, queryset, *args, **kwargs)
        if response is not None:
            self._log_action(request, rows)
        return response

    def _log_action(self, request: HttpRequest, rows: list[Any]) -> None:
        names = request.POST.getlist("action")
        action = next((self.get_actions(request)[name] for name in names if name), None)
        if action is not None and action[1] not in self.actions_logged_by_row:
            self._write(request, AdminChange.ACTION, rows, str(action[2]))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Log an added row, in the history of the row and in the security log."""
        self._write(request, AdminChange.ADDED, [obj])
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Log a changed row, unless nothing was changed; with field names, never their values."""
        if message:
            self._write(request, AdminChange.CHANGED, [obj], _changed_fields(message))
            return super().log_change(request, obj, message)
        obj.is_unchanged = True
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Log rows that are about to be deleted."""
        rows = list(queryset)
        self._write(request, AdminChange.DELETED, rows)
        return super().log_deletions(request, queryset)

    def _write(
        self, request: HttpRequest, change: AdminChange, rows: list[Any], message: str = ""
    ) -> None:
        if not self.is_logged_by_workflow:
            write: WriteChange = import_string(settings.ADMIN_CHANGE_LOG)
            write(request, change, rows, message)

    def _is_valid(self, name: str, value: Any) -> bool:
        try:
            field = self.opts.pk if name == "pk" else self.opts.get_field(name)
            if not isinstance(field, Field):
                return False
            field.to_python(value)
        except (FieldDoesNotExist, ValidationError, OverflowError):
            return False
        return "\0" not in str(value)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Check the permission before the look-up; Django would reveal which rows exist."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


def _changed_fields(message: Any) -> str:
    """Return the labels of the changed fields in Django's change message, or a text as it is."""
    if isinstance(message, str):
        return message
    changes = message if isinstance(message, list) else []
    labels = [
        str(label)
        for change in changes
        for part in change.values()
        for label in (*part.get("fields", ()), part.get("name", ""))
        if label
    ]
    return "、".join(dict.fromkeys(labels))


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


class BaseInline(FoldingFieldsMixin, _Tabular):
    """Tabular inline with labelled fields."""

    form = BaseModelForm
    formset = LabelledFormSet
