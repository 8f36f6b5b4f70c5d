"""What belongs to a case: contact, notes, photos, door visits, feedback and joined reports."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.audit import signatures
from grids.models import Area
from petitions.enums import DoorResult, PhotoKind, Solved
from petitions.models.petitions import Petition


class Contact(models.Model):
    """Encrypted contact details of the petitioner; each reading needs a reason and is recorded.

    `cipher` is AES-GCM over a small JSON object, bound to the case's uuid; `last4_hash` checks the
    last four digits on the tracking page without opening it. `is_folded` is false in rows of an
    earlier release, whose telephone may be stored as it was typed.
    """

    petition = models.OneToOneField(Petition, models.CASCADE, related_name="contact")
    cipher = models.BinaryField()
    key_id = models.CharField(max_length=20)
    last4_hash = models.CharField(max_length=64)
    is_confidential = models.BooleanField(_("对承办人保密"), default=False)
    is_folded = models.BooleanField(default=True, db_default=False, editable=False)

    class Meta:
        verbose_name = _("联系方式")
        verbose_name_plural = pgettext_lazy("plural", "联系方式")

    def __str__(self) -> str:
        return "•••"


class Note(models.Model):
    """Text of one event, internal or for the resident; in its own table, so it can be redacted.

    `cause` is what an answer named as the cause; a later round names its own.
    """

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="notes")
    event = models.OneToOneField("petitions.Event", models.PROTECT, related_name="note")
    body = models.TextField(max_length=2000)
    cause = models.CharField(max_length=200, blank=True, default="", db_default="")
    is_public = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("备注")
        verbose_name_plural = pgettext_lazy("plural", "备注")

    def __str__(self) -> str:
        return f"{self.petition_id}"

    def digest(self, version: int) -> str:
        """Return a keyed hash of the text, which the signed event of this version holds."""
        values = (self.petition_id, version, self.body, self.cause, self.is_public)
        return signatures.sign("note", values).hex()


class Photo(models.Model):
    """A re-encoded photo without metadata; only users who may see the case can fetch it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    petition = models.ForeignKey(Petition, models.PROTECT, related_name="photos")
    event = models.ForeignKey("petitions.Event", models.PROTECT, related_name="photos")
    kind = models.CharField(max_length=8, choices=PhotoKind)
    name = models.CharField(max_length=80, unique=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    is_public = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("照片")
        verbose_name_plural = pgettext_lazy("plural", "照片")
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.uuid)


class DoorVisit(models.Model):
    """Result of a visit at one door of a building for a case; deleted when the case ends."""

    petition = models.ForeignKey(Petition, models.CASCADE, related_name="doors")
    area = models.ForeignKey(Area, models.PROTECT, related_name="+")
    entrance = models.PositiveSmallIntegerField()
    floor = models.PositiveSmallIntegerField()
    door = models.PositiveSmallIntegerField()
    result = models.CharField(max_length=12, choices=DoorResult)
    visited_at = models.DateTimeField()

    class Meta:
        verbose_name = _("入户核实")
        verbose_name_plural = pgettext_lazy("plural", "入户核实")
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "area", "entrance", "floor", "door"], name="door_once_a_case"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entrance}-{self.floor}-{self.door}"


class Feedback(models.Model):
    """Feedback of the resident on one round of resolution: solved or not, and the rating.

    Once per round. Silence is a row of its own and never counts as satisfied.
    """

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="feedback")
    round = models.PositiveSmallIntegerField()
    solved = models.CharField(max_length=8, choices=Solved, blank=True)
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    is_by_phone = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("居民反馈")
        verbose_name_plural = pgettext_lazy("plural", "居民反馈")
        constraints = [
            models.UniqueConstraint(fields=["petition", "round"], name="feedback_once_a_round"),
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__range=(1, 5)), name="feedback_rating_1_to_5"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.petition_id}/{self.round}"

    def digest(self) -> str:
        """Return a keyed hash of the feedback, which the signed event that wrote it holds."""
        values = (self.petition_id, self.round, self.solved, self.rating)
        return signatures.sign("feedback", values).hex()


class MeToo(models.Model):
    """A further resident joined the report; nothing is stored about the person."""

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="me_toos")
    key = models.UUIDField(unique=True)
    tracking_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("我家也是")
        verbose_name_plural = pgettext_lazy("plural", "我家也是")

    def __str__(self) -> str:
        return f"{self.petition_id}"
