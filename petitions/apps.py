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
        """Write the legal transitions after migrations; register the health probes."""
        post_migrate.connect(self._write_transitions, sender=self)
        health.register(health.Probe("deadlines", self._overdue_seconds, LATE_AFTER))
        health.register(health.Probe("outbox", self._oldest_unpublished, LATE_AFTER))
        health.register(
            health.Probe(
                "resident_messages", self._oldest_text, LATE_AFTER, self._count_failed_texts
            )
        )

    def _write_transitions(self, **_context: object) -> None:
        """Make the table of legal transitions equal to `states.legal_transitions()`."""
        wanted = set(states.legal_transitions())
        rows = self._rows("LegalTransition")
        known = set(rows.values_list("verb", "from_status", "to_status"))
        for verb, source, target in known - wanted:
            rows.filter(verb=verb, from_status=source, to_status=target).delete()
        transition = self.get_model("LegalTransition")
        rows.bulk_create(
            transition(verb=verb, from_status=source, to_status=target)
            for verb, source, target in sorted(wanted - known)
        )

    def _overdue_seconds(self) -> float | None:
        """Return the seconds since the oldest open deadline was due, None if none is due."""
        due = self._rows("Deadline").filter(state="open", due_at__lte=clock.now())
        return _age(due.aggregate(at=Min("due_at"))["at"])

    def _oldest_unpublished(self) -> float | None:
        """Return the age in seconds of the oldest unpublished event, None if there is none."""
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
        """Return the rows of a model; models cannot be imported before the apps are ready."""
        model_class: Any = self.get_model(model)
        return model_class.objects.all()


def _age(since: dt.datetime | None) -> float | None:
    return (clock.now() - since).total_seconds() if since else None
