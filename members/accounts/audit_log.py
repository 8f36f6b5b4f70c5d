"""Security log: one row for each log-in, refusal and change of rights."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Count, Q
from django.utils.crypto import salted_hmac

from config.lib.text_forms import fold_user_name
from members.enums import SecurityAction
from members.models import SecurityEvent, User

# Part of stored data, not a module path: with another salt, the failed log-ins of an unknown name
# that were recorded before would not be counted with its new ones.
_NAME_SALT = "members.securitylog"


def write(action: SecurityAction, *, user: User | None, **detail: Any) -> None:
    """Add a row: actor, action and ids; never a password, never a typed name."""
    SecurityEvent.objects.create(user=user, action=action, detail=detail)


def fingerprint(typed_name: str) -> str:
    """Return a keyed hash of an unknown name: repeats are visible, the name is not."""
    digest = salted_hmac(_NAME_SALT, fold_user_name(typed_name)).hexdigest()
    return digest[:16]


def failures(
    since: dt.datetime, *, user_id: int | None, name: str, address: str
) -> tuple[int, int]:
    """Count failed log-ins since `since`: of this account or unknown name, and from this address.

    The count of an account restarts after each successful log-in.
    """
    mine = Q(user_id=user_id) if user_id else Q(user_id=None, detail__name=name)
    if user_id:
        last = (
            SecurityEvent.objects.filter(
                user_id=user_id, action=SecurityAction.LOGGED_IN, at__gt=since
            )
            .order_by("-id")
            .values_list("id", flat=True)
            .first()
        )
        mine &= Q(id__gt=last or 0)
    counted = SecurityEvent.objects.failed_logins(since).aggregate(
        account=Count("id", filter=mine), address=Count("id", filter=Q(detail__ip=address))
    )
    return counted["account"], counted["address"]
