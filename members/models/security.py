"""Models of the security log and of what keeps it small."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Self

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.db.append_only import SignedModel
from members.enums import ActOutcome, SecurityAction, action_choices
from members.models.users import User


class SecurityEventQuerySet(models.QuerySet["SecurityEvent"]):
    """Queries on the security log."""

    def failed_logins(self, since: dt.datetime) -> Self:
        """Filter to failed log-ins since an instant."""
        return self.filter(action=SecurityAction.LOGIN_FAILED, at__gt=since)


class SecurityEvent(SignedModel):
    """A line of the security log: who did or tried what, as what, on which object; append-only.

    The names are those of the moment. The texts are Chinese, and translated when they are shown.
    `detail` holds ids and the network address, and for lines of earlier releases all there is.
    Kept at least six months.
    """

    signed_columns: ClassVar = (
        *("at", "user_id", "user_name", "acting_as", "organisation", "action", "outcome"),
        *("object_kind", "object_id", "object_name", "message", "times", "detail"),
    )
    keeps_for: ClassVar = dt.timedelta(days=183)  # 网络安全法: at least six months

    at = models.DateTimeField(_("时间"), default=timezone.now)
    # Without a foreign key in the database: a line never changes, even if its user is removed.
    user = models.ForeignKey(
        User, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    user_name = models.CharField(_("谁"), max_length=120, blank=True, default="", db_default="")
    acting_as = models.CharField(_("身份"), max_length=200, blank=True, default="", db_default="")
    organisation = models.CharField(
        _("所在组织"), max_length=200, blank=True, default="", db_default=""
    )
    action = models.CharField(_("做了什么"), max_length=40, choices=action_choices)
    outcome = models.CharField(
        _("结果"), max_length=8, choices=ActOutcome, blank=True, default="", db_default=""
    )
    object_kind = models.CharField(
        _("对象种类"), max_length=60, blank=True, default="", db_default=""
    )
    object_id = models.BigIntegerField(null=True)
    object_name = models.CharField(_("对象"), max_length=200, blank=True, default="", db_default="")
    message = models.CharField(_("说明"), max_length=400, blank=True, default="", db_default="")
    times = models.PositiveIntegerField(_("次数"), default=1, db_default=1)
    detail = models.JSONField(default=dict)

    objects = SecurityEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("安全日志")
        verbose_name_plural = pgettext_lazy("plural", "安全日志")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["at"],
                name="security_failed_logins",
                condition=Q(action=SecurityAction.LOGIN_FAILED),
            ),
            models.Index(fields=["at"], name="security_event_at"),
            models.Index(fields=["action", "id"], name="security_event_action"),
            models.Index(
                OpClass(F("object_name"), "varchar_pattern_ops"),
                F("id"),
                name="security_event_object",
                condition=~Q(object_name=""),
            ),
        ]

    def __str__(self) -> str:
        return self.action


class RefusalCount(models.Model):
    """How often one actor was refused in one minute; beyond a limit only this number grows.

    `actor` is a user, or the network address of a visitor.
    """

    actor = models.CharField(max_length=80)
    minute = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "minute"], name="refusal_count_once")
        ]

    def __str__(self) -> str:
        return self.actor


class ChainBlock(SignedModel):
    """A block of the hash chain over an append-only table; see `config/lib/audit/hash_chain.py`.

    It covers the ids up to `last_id`; `entries` are id and digest of each row. Block 0 begins a
    chain, without entries: rows up to its `legacy_id` were written before rows were signed.
    """

    signed_columns: ClassVar = (
        *("table", "number", "last_id", "legacy_id", "entries", "previous", "appended_at"),
    )

    table = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    last_id = models.BigIntegerField(default=0)
    legacy_id = models.BigIntegerField(default=0)
    entries = models.BinaryField(default=b"")
    previous = models.BinaryField(default=b"")
    appended_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["table", "number"], name="chain_block_once")]

    def __str__(self) -> str:
        return f"{self.table} {self.number}"
