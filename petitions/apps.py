"""App registration for petitions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.apps import AppConfig
from django.db.models import Min
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from config.lib import clock
from config.lib.web import health
from petitions import states

LATE_AFTER = 180.0  # seconds


class PetitionsConfig(AppConfig):
    """The app of cases."""

    name = "petitions"
    verbose_name = _("诉求")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Keep the table of legal steps; tell the health page what is owed."""
        post_migrate.connect(self._write_steps, sender=self)
        health.register(health.Probe("deadlines", self._due_for, LATE_AFTER))
        health.register(health.Probe("outbox", self._unannounced_for, LATE_AFTER))
        health.register(
            health.Probe(
                "resident_messages", self._oldest_text, LATE_AFTER, self._count_failed_texts
            )
        )

    def _write_steps(self, **_context: object) -> None:
        """Make the database's table of legal steps equal to `states.steps()`."""
        wanted = set(states.legal_transitions())
        rows = self._rows("LegalTransition")
        known = set(rows.values_list("verb", "from_status", "to_status"))
        for verb, source, target in known - wanted:
            rows.filter(verb=verb, from_status=source, to_status=target).delete()
        step = self.get_model("LegalTransition")
        rows.bulk_create(
            step(verb=verb, from_status=source, to_status=target)
            for verb, source, target in sorted(wanted - known)
        )

    def _due_for(self) -> float | None:
        """Return for how many seconds the oldest due limit has waited for the sweep."""
        due = self._rows("Deadline").filter(state="open", due_at__lte=clock.now())
        return _age(due.aggregate(at=Min("due_at"))["at"])

    def _unannounced_for(self) -> float | None:
        """Return for how many seconds the oldest event has waited in the outbox."""
        waiting = self._rows("Outbox").filter(done_at=None)
        return _age(waiting.aggregate(at=Min("created_at"))["at"])

    def _oldest_text(self) -> float | None:
        """Return the age in seconds of the oldest pending text message, None if there is none."""
        pending = self._rows("ResidentMessage").in_state("pending")
        return _age(pending.aggregate(at=Min("created_at"))["at"])

    def _count_failed_texts(self) -> int:
        """Return the number of text messages given up."""
        number: int = self._rows("ResidentMessage").in_state("failed").count()
        return number

    def _rows(self, model: str) -> Any:
        """Return a table's rows; models cannot be imported before the apps are ready."""
        return self.get_model(model).objects.all()  # type: ignore[attr-defined]


def _age(since: dt.datetime | None) -> float | None:
    return (clock.now() - since).total_seconds() if since else None
