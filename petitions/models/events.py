"""Events of cases (append-only), outbox, text messages, idempotency keys and rate limits."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Organisation
from config.lib.db import backoff
from config.lib.db.append_only import OwnerWrittenModel, SignedModel
from config.lib.db.delivery_queue import DeliveryQueueQuerySet, DeliveryState, QueuedMessage
from members.models import User
from petitions.enums import CaseLevel, Status, Verb, actor_choices, verb_choices
from petitions.models.petitions import Petition


class LegalTransition(OwnerWrittenModel):
    """A legal transition (verb, from, to); a copy of `states.legal_transitions()` for triggers."""

    verb = models.CharField(max_length=10)
    from_status = models.CharField(max_length=12, blank=True)
    to_status = models.CharField(max_length=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["verb", "from_status", "to_status"], name="step_once")
        ]
        db_table = "petitions_step"

    def __str__(self) -> str:
        return f"{self.from_status} –{self.verb}→ {self.to_status}"


class Event(SignedModel):
    """One change of a case: actor, verb, time and the state after it. Never altered or deleted.

    `data` contains ids and numbers, never text of or about a person; text is stored in `Note`.
    `holder` is the organisation that works on the case after the event.
    """

    signed_columns: ClassVar = (
        *("petition_id", "version", "verb", "actor", "user_id", "acting_for_id", "from_status"),
        *("to_status", "organisation_id", "holder_id", "supervisor_id", "level", "at", "data"),
    )

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="events")
    version = models.PositiveIntegerField()
    verb = models.CharField(_("动作"), max_length=10, choices=verb_choices)
    actor = models.CharField(_("身份"), max_length=12, choices=actor_choices)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    acting_for = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+"
    )
    from_status = models.CharField(max_length=12, blank=True)
    to_status = models.CharField(max_length=12, choices=Status)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    holder = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+"
    )
    supervisor = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+"
    )
    level = models.CharField(max_length=12, choices=CaseLevel)
    at = models.DateTimeField(_("时间"))
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("经过")
        verbose_name_plural = pgettext_lazy("plural", "经过")
        ordering = ["petition", "version"]
        constraints = [
            models.UniqueConstraint(fields=["petition", "version"], name="event_once_a_version")
        ]
        indexes = [
            models.Index(fields=["at"], name="event_at"),
            models.Index(
                fields=["user", "at"], name="event_reveals", condition=Q(verb=Verb.REVEAL)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.petition_id}#{self.version} {self.verb}"

    @property
    def public_data(self) -> dict[str, Any]:
        """What other systems read of `data`: all but the digests of other rows."""
        return {name: value for name, value in self.data.items() if not name.endswith("_digest")}


class OutboxQuerySet(models.QuerySet["Outbox"]):
    """Queries on unpublished events."""

    def waiting(self, now: dt.datetime) -> Self:
        """Filter to the unpublished events that are ready for a try, oldest first."""
        return self.filter(backoff.is_ready(now), done_at=None).order_by("created_at")


class Outbox(models.Model):
    """An event to publish; done when every recipient has an inbox message.

    `retry_at` is when publishing is tried again after a failure.
    """

    event = models.OneToOneField(Event, models.PROTECT, related_name="outbox")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("待发")
        verbose_name_plural = pgettext_lazy("plural", "待发")
        indexes = [
            models.Index(fields=["created_at"], name="outbox_pending", condition=Q(done_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.event_id}"


class ResidentMessageQuerySet(DeliveryQueueQuerySet["ResidentMessage"]):
    """Queries on text messages to residents."""

    def undelivered(self) -> Self:
        """Filter to messages given up after which no other message of the case was sent."""
        sent_later = ResidentMessage.objects.in_state(DeliveryState.SENT).filter(
            petition=OuterRef("petition"), pk__gt=OuterRef("pk")
        )
        return self.in_state(DeliveryState.FAILED).exclude(Exists(sent_later))


class ResidentMessage(QueuedMessage):
    """A text message to the petitioner about one event; a row of the delivery queue.

    The telephone number stays in `Contact` and is read when the message is sent.
    """

    queue_order = "created_at"

    event = models.OneToOneField(Event, models.PROTECT, related_name="resident_message")
    petition = models.ForeignKey(Petition, models.PROTECT, related_name="resident_messages")
    created_at = models.DateTimeField(_("产生时间"))

    objects = ResidentMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("给居民的短信")
        verbose_name_plural = pgettext_lazy("plural", "给居民的短信")
        indexes = [
            models.Index(
                fields=["created_at"], name="resident_message_pending", condition=Q(sent_at=None)
            ),
            models.Index(
                fields=["failed_at"],
                name="resident_message_failed",
                condition=Q(failed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id}"


class IdempotencyKey(models.Model):
    """One request of a client; a repeat gets the stored answer instead of a second effect."""

    client = models.CharField(max_length=80)
    key = models.CharField(max_length=80)
    request_hash = models.CharField(max_length=64)
    petition = models.ForeignKey(Petition, models.PROTECT, related_name="+")
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "key"], name="idempotency_key_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_created")]

    def __str__(self) -> str:
        return self.key


class RateLimitCounter(models.Model):
    """Hits of one bucket (a hashed address, code or account) in one time window."""

    bucket = models.CharField(max_length=80)
    window = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bucket", "window"], name="guess_count_once")
        ]
        db_table = "petitions_guesscount"

    def __str__(self) -> str:
        return self.bucket
