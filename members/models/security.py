"""Model of the security log."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.enums import SecurityAction, action_choices
from members.models.users import User


class SecurityEventQuerySet(models.QuerySet["SecurityEvent"]):
    """Queries on the security log."""

    def failed_logins(self, since: dt.datetime) -> Self:
        """Filter to failed log-ins since an instant."""
        return self.filter(action=SecurityAction.LOGIN_FAILED, at__gt=since)


class SecurityEvent(models.Model):
    """A row of the security log: log-ins, refusals, changes of rights; kept at least 6 months."""

    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=40, choices=action_choices)
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
            )
        ]

    def __str__(self) -> str:
        return self.action
