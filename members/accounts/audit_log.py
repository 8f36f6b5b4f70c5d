"""Security log: one row for each log-in, refusal and change of rights."""

from __future__ import annotations

from typing import Any

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
