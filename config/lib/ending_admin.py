"""Admin of rows that are ended by an act of its own: a page with the last day and a preview."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AdminDateWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import formats, timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from config.lib import holdings
from config.lib.admin import NoDeleteAdmin
from config.lib.form_fields import FoldedDateField
from config.lib.holdings import Holding

Preview = list[tuple[Any, list[Holding]]]


class EndingForm(forms.Form):
    """The last day of the rows; subclasses add what must be decided with it."""

    on = FoldedDateField(label=_("最后一天"), widget=AdminDateWidget)


class EndingAdmin(NoDeleteAdmin):
    """Rows with an act that ends them; saving the ordinary form never does.

    The page of the act shows what each row holds (`holdings.of(holdings_kind, …)`). It is performed
    only if that is still what the page showed. Several rows end together or not at all.
    """

    holdings_kind = ""
    ending_form: type[EndingForm] = EndingForm
    ending_label = _("结束")
    change_form_template = "admin/ending/change_form.html"
    actions = ("end_selected",)
    actions_logged_by_row = (*NoDeleteAdmin.actions_logged_by_row, "end_selected")

    def end_row(self, row: Any, data: dict[str, Any], request: HttpRequest) -> None:
        """End one row through the workflow; ValidationError if it cannot end on that day.

        `data` are the checked values of the form.
        """
        raise NotImplementedError

    def may_end(self, row: Any) -> bool:
        """Tell whether a row is still running; a row that has ended is not ended again."""
        return row.valid_to is None or row.valid_to >= timezone.localdate()

    def get_urls(self) -> list[URLPattern]:
        """Return the pages of the admin, and the act."""
        end = path(
            "<path:object_id>/end/",
            self.admin_site.admin_view(self.end_view),
            name=f"{self.opts.app_label}_{self.opts.model_name}_end",
        )
        return [end, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the ordinary form with a link to the act."""
        label = {"ending_label": self.ending_label}
        return super().change_view(request, object_id, form_url, label | (extra_context or {}))

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show and perform the act for one row."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            self.message_user(request, gettext("没有这一行。"), messages.WARNING)
            return HttpResponseRedirect(reverse("admin:index"))
        return self._end(request, [row])

    @admin.action(description=_("结束所选（先看还有什么没办完）"), permissions=["change"])
    def end_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        """Show and perform the act for the selected rows."""
        return self._end(request, list(queryset), action="end_selected")

    def _end(self, request: HttpRequest, rows: list[Any], action: str = "") -> HttpResponse:
        running = [row for row in rows if self.may_end(row)]
        if not running:
            self.message_user(request, gettext("已经结束，不用再结束。"), messages.WARNING)
            return HttpResponseRedirect(self._list_url())
        today = timezone.localdate()
        preview = [(row, holdings.of(self.holdings_kind, row, today)) for row in running]
        is_sent = "end" in request.POST
        form = self.ending_form(request.POST if is_sent else None, initial={"on": today})
        if is_sent and self._is_performed(request, form, preview):
            return HttpResponseRedirect(self._list_url())
        return self._page(request, form, preview, action)

    def _is_performed(self, request: HttpRequest, form: Any, preview: Preview) -> bool:
        """End the rows; otherwise say in the form why not."""
        if not form.is_valid():
            return False
        if request.POST.get("seen") != _digest(preview):
            form.add_error(None, gettext("刚才又有变化，请再看一遍下面的内容，再确认。"))
            return False
        data = dict(form.cleaned_data)
        with transaction.atomic():
            for row, _holdings in preview:
                try:
                    self.end_row(row, data, request)
                except ValidationError as error:
                    _add_error(form, row if len(preview) > 1 else None, error)
            if form.errors:
                transaction.set_rollback(True)
                return False
            for row, _holdings in preview:
                self.log_change(request, row, gettext_noop("已结束。"))  # as it is stored
        day = formats.date_format(data["on"], "SHORT_DATE_FORMAT")
        text = gettext("已结束，最后一天是%(day)s。") % {"day": day}
        self.message_user(request, text, messages.SUCCESS)
        return True

    def _page(
        self, request: HttpRequest, form: EndingForm, preview: Preview, action: str
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": self.ending_label,
            "opts": self.opts,
            "form": form,
            "media": self.media + form.media,
            "preview": preview,
            "is_blocked": any(item.blocks for _row, items in preview for item in items),
            "seen": _digest(preview),
            "action": action,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/ending/confirm.html", context)

    def _list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


def _digest(preview: Preview) -> str:
    return ",".join(f"{row.pk}:{holdings.digest(items)}" for row, items in preview)


def _add_error(form: EndingForm, row: Any, error: ValidationError) -> None:
    """Add an error at its field of the form; what is about the last day at `on`."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {"": [error]}
    for name, errors in by_field.items():
        field = "on" if name == "valid_to" else name
        texts = [text for single in errors for text in single.messages]
        words = [f"{row}: {text}" if row else text for text in texts]
        form.add_error(field if field in form.fields else None, words)
