"""Writes to the security log that a second factor was set or removed.

allauth has no other hook for these than its signals. Wrong codes: `second_factor.check`.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa import signals
from django.http import HttpRequest

from members.accounts import audit_log
from members.enums import SecurityAction
from members.models import User


def connect() -> None:
    """Connect to the signals; called once when the apps are ready."""
    signals.authenticator_added.connect(_added)
    signals.authenticator_reset.connect(_added)
    signals.authenticator_removed.connect(_removed)


def _added(request: HttpRequest, user: User, **_more: Any) -> None:
    audit_log.write(SecurityAction.SECOND_FACTOR_SET, user=user, ip=_address(request))


def _removed(request: HttpRequest, user: User, **_more: Any) -> None:
    audit_log.write(SecurityAction.SECOND_FACTOR_REMOVED, user=user, ip=_address(request))


def _address(request: HttpRequest) -> str:
    return str(get_adapter().get_client_ip(request))
