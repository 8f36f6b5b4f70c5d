"""Writes changes that an administrator made in the admin to the security log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from allauth.account.adapter import get_adapter
from django.db.models import Model
from django.http import HttpRequest
from knox.models import AuthToken

from config.lib.admin import AdminChange
from config.lib.audit.refusals import LoggedObject
from members.accounts import audit_log
from members.enums import SecurityAction
from members.models import User

IDS_KEPT = 100  # of the rows of one action

_ACTIONS = {
    AdminChange.ADDED: SecurityAction.ROW_ADDED,
    AdminChange.CHANGED: SecurityAction.ROW_CHANGED,
    AdminChange.DELETED: SecurityAction.ROW_DELETED,
    AdminChange.ACTION: SecurityAction.ADMIN_ACTION,
}


def write(
    request: HttpRequest, change: AdminChange, rows: Iterable[Model], message: str = ""
) -> None:
    """Add a line for each row, or one line for an action on several rows of a table."""
    user, address = cast("User", request.user), get_adapter().get_client_ip(request)
    rows = list(rows)
    if change == AdminChange.ACTION and rows:
        about = audit_log.of_row(rows[0])
        if len(rows) > 1:
            about = LoggedObject(about.kind, None, f"{about.name} … {len(rows)}")
        audit_log.write(
            _ACTIONS[change],
            user=user,
            about=about,
            message=message,
            ip=address,
            ids=[row.pk for row in rows[:IDS_KEPT]],
        )
        return
    for row in rows:
        action, about = _ACTIONS[change], audit_log.of_row(row)
        if isinstance(row, AuthToken):  # its name would show the digest of the token
            action, about = SecurityAction.TOKEN_REVOKED, audit_log.of_user(row.user)
        audit_log.write(action, user=user, about=about, message=message, ip=address)
