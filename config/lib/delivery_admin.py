"""Admin of a delivery queue: what is pending, sent or given up, and an action to try again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from config.lib.admin import NoDeleteAdmin
from config.lib.db import delivery_queue
from config.lib.db.delivery_queue import DeliveryState, QueuedMessage


class DeliveryStateFilter(SimpleListFilter):
    """Filter by state."""

    title = _("状态")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states with their labels."""
        return list(DeliveryState.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter to the selected state; all rows without one."""
        state = self.value()
        if state not in DeliveryState.values:
            return queryset
        in_state: QuerySet[Any] = queryset.model.objects.in_state(state)
        return queryset & in_state


class DeliveryQueueAdmin(NoDeleteAdmin):
    """Rows of a delivery queue, read-only, without recipient's data or content."""

    list_filter = (DeliveryStateFilter,)
    show_full_result_count = False
    actions = ("retry",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: the workflow queues messages."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Make every field read-only."""
        return self.fields or ()

    def change_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Save nothing: a worker may have changed the row since the page was read."""

    @admin.display(description=_("状态"))
    def state_label(self, message: QueuedMessage) -> str:
        """Return the label of the state."""
        return str(message.state.label)

    @admin.action(description=_("重新发送所选的未送达消息"), permissions=["change"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Queue the selected failed messages again."""
        number = delivery_queue.retry_failed(queryset.model.objects.filter(pk__in=queryset))
        if not number:
            messages.info(request, gettext("所选消息里没有未送达的。"))
            return
        text = ngettext("%(count)d 条消息将重新发送。", "%(count)d 条消息将重新发送。", number)
        messages.success(request, text % {"count": number})
