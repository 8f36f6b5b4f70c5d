"""App registration for members."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.apps import AppConfig, apps
from django.db.models import Min
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib import clock
from config.lib.web import health

MAX_PENDING_SECONDS = 300.0  # a queue whose oldest message is older is behind


class MembersConfig(AppConfig):
    """The people app."""

    name = "members"
    verbose_name = _("人员")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the health probe; log what second factors do; name the tokens."""
        health.register(
            health.Probe("deliveries", self._pending_age, MAX_PENDING_SECONDS, self._failed)
        )
        import_string("members.accounts.second_factor_log.connect")()
        self._name_tokens()

    def _name_tokens(self) -> None:
        """Name the tables of the token package in the admin, which has no words of its own."""
        tokens = apps.get_app_config("knox")
        tokens.verbose_name = _("系统对接")
        options = tokens.get_model("AuthToken")._meta
        options.verbose_name = _("接口令牌")
        options.verbose_name_plural = pgettext_lazy("plural", "接口令牌")

    def _pending_age(self) -> float | None:
        """Return the age in seconds of the oldest pending delivery, None if there is none."""
        now = clock.now()
        pending = self._deliveries().in_state("pending").filter(send_from__lte=now)
        oldest: dt.datetime | None = pending.aggregate(at=Min("send_from"))["at"]
        return (now - oldest).total_seconds() if oldest else None

    def _failed(self) -> int:
        """Return the number of deliveries given up."""
        number: int = self._deliveries().in_state("failed").count()
        return number

    def _deliveries(self) -> Any:
        """Return the delivery queue; models cannot be imported before the apps are ready."""
        return apps.get_model("members", "Delivery")._default_manager.all()
