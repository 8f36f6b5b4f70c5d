"""The append-only story of a case, the outbox it feeds, and the keys that make acts happen once."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Organisation
from config.lib.db import backoff
from config.lib.db.delivery_queue import DeliveryQueueQuerySet, DeliveryState, QueuedMessage
from members.models import User
from petitions.enums import Actor, CaseLevel, Status, verb_choices
from petitions.models.petitions import Petition


class LegalTransition(models.Model):
    """A legal step (verb, from, to): `states.steps()` as the database knows it."""

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


class Event(models.Model):
    """One change of one case: who, what, when, and the state after it. Never altered or deleted.

    `data` holds facts by id and number, never words of or about a person; words are `Note`.
    `holder` is the organisation that has the case in hand after the event.
    """

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="events")
    version = models.PositiveIntegerField()
    verb = models.CharField(_("动作"), max_length=10, choices=verb_choices)
    actor = models.CharField(_("身份"), max_length=12, choices=Actor)
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
        indexes = [models.Index(fields=["at"], name="event_at")]

    def __str__(self) -> str:
        return f"{self.petition_id}#{self.version} {self.verb}"


class OutboxQuerySet(models.QuerySet["Outbox"]):
    """Questions about events that must still be told."""

    def waiting(self, now: dt.datetime) -> Self:
        """Keep the events not told yet that wait for no other try, oldest first."""
        return self.filter(backoff.is_ready(now), done_at=None).order_by("created_at")


class Outbox(models.Model):
    """What must still be told about an event; done when everybody has an inbox message.

    `retry_at` is when one that could not be told is tried again.
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
    """One submission of one client; a repeat gets the first answer instead of a second case."""

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
    """How often one bucket (a hashed address, or everybody) tried something in one window."""

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
