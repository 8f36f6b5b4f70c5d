"""App registration for petitions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.apps import AppConfig
from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.lib import health

LATE_AFTER = 180.0  # seconds


class PetitionsConfig(AppConfig):
    """The app of cases."""

    name = "petitions"
    verbose_name = _("诉求")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the health page what is owed: due limits not fired, events not announced."""
        health.register(health.Probe("deadlines", self._due_for, LATE_AFTER))
        health.register(health.Probe("outbox", self._unannounced_for, LATE_AFTER))

    def _due_for(self) -> float | None:
        """Return for how many seconds the oldest due limit has waited for the sweep."""
        due = self._rows("Deadline").filter(state="open", due_at__lte=timezone.now())
        return _age(due.aggregate(at=Min("due_at"))["at"])

    def _unannounced_for(self) -> float | None:
        """Return for how many seconds the oldest event has waited in the outbox."""
        waiting = self._rows("Outbox").filter(done_at=None)
        return _age(waiting.aggregate(at=Min("created_at"))["at"])

    def _rows(self, model: str) -> Any:
        """Return a table's rows; models cannot be imported before the apps are ready."""
        return self.get_model(model).objects.all()  # type: ignore[attr-defined]


def _age(since: dt.datetime | None) -> float | None:
    return (timezone.now() - since).total_seconds() if since else None
