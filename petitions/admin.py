"""Admin of categories, service standards, privacy notices and text messages; not of cases."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.lib import register_cache
from config.lib.admin import NoDeleteAdmin
from config.lib.delivery_admin import DeliveryQueueAdmin
from petitions.models import Category, PrivacyNotice, ResidentMessage, Standard

DURATIONS = (
    *("contact_within", "resolve_within", "answer_within", "confirm_within", "redo_within"),
    "arbitrate_within",
    *("acknowledge_within", "conclude_within"),
)


@admin.register(Category)
class CategoryAdmin(NoDeleteAdmin):
    """Categories in two levels; an unused one is deactivated, never deleted."""

    list_display = ("code", "name", "parent", "urgency", "channel", "is_listed", "is_active")
    list_filter = ("urgency", "channel", "is_listed", "is_active")
    search_fields = ("code", "name", "keywords")
    autocomplete_fields = ("parent",)


@admin.register(Standard)
class StandardAdmin(NoDeleteAdmin):
    """Deadlines by region and urgency, as `days hours:minutes:seconds` of working or clock time."""

    list_display = ("region", "urgency", "is_round_the_clock", "contact_within", "resolve_within")
    list_filter = ("urgency",)
    autocomplete_fields = ("region",)
    fieldsets = (
        (None, {"fields": ("region", "urgency", "is_round_the_clock")}),
        (
            _("时限"),
            {
                "fields": DURATIONS,
                "description": _(
                    "写成“天 时:分:秒”，如“02:00:00”是2小时。全天候的按钟点数；其余只数工作时间，"
                    "一个工作日是8小时，所以5个工作日（40小时）写“1 16:00:00”。"
                    "居民确认和裁定退单总是只数工作时间。"
                ),
            },
        ),
    )

    def add_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Add a standard; open deadlines stay, other processes follow within 60 seconds."""
        super().add_row(request, obj, form)
        register_cache.forget_version()

    def change_row(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Change a standard; open deadlines stay, other processes follow within 60 seconds."""
        super().change_row(request, obj, form)
        register_cache.forget_version()


@admin.register(PrivacyNotice)
class PrivacyNoticeAdmin(NoDeleteAdmin):
    """Versions of the privacy notice; a version is never changed, a new one is added."""

    list_display = ("version", "valid_from")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse changes: each report stores the version that the resident was shown."""
        return False


@admin.register(ResidentMessage)
class ResidentMessageAdmin(DeliveryQueueAdmin):
    """Text messages to residents: times and state, without case, number or text."""

    list_display = ("created_at", "state_label", "attempts", "retry_at", "sent_at", "failed_at")
    fields = list_display
    ordering = ("-id",)
