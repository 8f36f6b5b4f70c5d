"""Door for operators: categories, limits and the privacy notice. Cases have no door here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.lib import register_cache
from config.lib.admin import NoDeleteAdmin
from config.lib.delivery_admin import DeliveryQueueAdmin
from petitions.models import Category, PrivacyNotice, ResidentMessage, Standard

LIMITS = ("contact_within", "resolve_within", "answer_within", "confirm_within", "redo_within")


@admin.register(Category)
class CategoryAdmin(NoDeleteAdmin):
    """Matters in two levels; one that is out of use is switched off, never deleted."""

    list_display = ("code", "name", "parent", "urgency", "channel", "is_listed", "is_active")
    list_filter = ("urgency", "channel", "is_listed", "is_active")
    search_fields = ("code", "name", "keywords")
    autocomplete_fields = ("parent",)


@admin.register(Standard)
class StandardAdmin(NoDeleteAdmin):
    """Limits by region and urgency, as days hours:minutes:seconds of working or clock time."""

    list_display = ("region", "urgency", "is_round_the_clock", "contact_within", "resolve_within")
    list_filter = ("urgency",)
    autocomplete_fields = ("region",)
    fieldsets = (
        (None, {"fields": ("region", "urgency", "is_round_the_clock")}),
        (
            _("时限"),
            {
                "fields": LIMITS,
                "description": _(
                    "写成“天 时:分:秒”，如“02:00:00”是2小时。全天候的按钟点数；其余只数工作时间，"
                    "一个工作日是8小时，所以5个工作日（40小时）写“1 16:00:00”。"
                ),
            },
        ),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Keep the limit; other processes follow within a minute, open limits stay as promised."""
        super().save_model(request, obj, form, change)
        register_cache.forget_version()


@admin.register(PrivacyNotice)
class PrivacyNoticeAdmin(NoDeleteAdmin):
    """Versions of the notice; what a resident was shown is never changed, a new one is added."""

    list_display = ("version", "valid_from")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: reports name the version they were filed under."""
        return False


@admin.register(ResidentMessage)
class ResidentMessageAdmin(DeliveryQueueAdmin):
    """Text messages to residents: times and state, without case, number or text."""

    list_display = ("created_at", "state_label", "attempts", "retry_at", "sent_at", "failed_at")
    fields = list_display
    ordering = ("-id",)
