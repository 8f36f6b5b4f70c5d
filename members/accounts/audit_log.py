"""Writes the security log: one line for each log-in, refusal, opened contact and change of rights.

A line says who did or tried what, as what, on which object, and with which outcome. It holds no
contact details, no password and no typed name.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from django.db import connection, transaction
from django.db.models import Model
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop

from config.lib import clock
from config.lib.audit.refusals import LoggedObject
from config.lib.text_forms import fold_user_name
from members.enums import ActOutcome, Role, SecurityAction
from members.models import RefusalCount, SecurityEvent, User

# Part of stored data, not a module path: with another salt, the failed log-ins of an unknown name
# that were recorded before would not be counted with its new ones.
_NAME_SALT = "members.securitylog"
LIST_SEPARATOR = "、"
RECORD_LANGUAGE = "zh-hans"

LINES_PER_MINUTE = 20
"""Lines of refusals that one actor causes in a minute; more of them are only counted."""

VISITOR_LINES_PER_MINUTE = 200
"""The same for all visitors together, whatever addresses they use."""

# Outside a transaction the count is committed without waiting for the disk.
_COUNT_SQL = """
INSERT INTO members_refusalcount AS counter (actor, minute, count, user_id)
SELECT %s, %s, 1, %s
WHERE CASE WHEN %s THEN true ELSE set_config('synchronous_commit', 'off', true) IS NOT NULL END
ON CONFLICT (actor, minute) DO UPDATE SET count = counter.count + 1 RETURNING counter.count"""

ACCOUNT, LOG = gettext_noop("账号"), gettext_noop("安全日志")
COMMAND_LINE = gettext_noop("命令行")
VISITOR = gettext_noop("未登录的访客")
ALL_VISITORS = "visitors"


@dataclass(frozen=True, slots=True)
class LogActor:
    """Who acts when it is no user, or a user in another capacity than that of the posts."""

    acting_as: str
    organisation: str = ""


def write(
    action: SecurityAction,
    *,
    user: User | None,
    about: LoggedObject | None = None,
    actor: LogActor | None = None,
    outcome: ActOutcome = ActOutcome.DONE,
    message: str = "",
    times: int = 1,
    **detail: Any,
) -> None:
    """Add a line; `actor` says as what `user` acts, by default with all posts of today.

    `message` is a sentence for the auditor, in a refusal the one that was shown. `detail` holds ids
    and the network address; never a password, a typed name or a contact.
    """
    capacity = actor or _capacity(user)
    line = SecurityEvent(
        at=clock.now(),
        user=user,
        user_name=_cut(full_name(user) if user else "", "user_name"),
        acting_as=_cut(capacity.acting_as, "acting_as"),
        organisation=_cut(capacity.organisation, "organisation"),
        action=action,
        outcome=outcome,
        object_kind=_cut(about.kind, "object_kind") if about else "",
        object_id=about.id if about else None,
        object_name=_cut(about.name, "object_name") if about else "",
        message=_cut(message, "message"),
        times=times,
        detail=detail,
    )
    line.sign()
    line.save(force_insert=True)


def write_command(name: str, message: str = "") -> None:
    """Add a line about a management command, which somebody with access to the server ran."""
    about = LoggedObject(gettext_noop("维护命令"), None, name)
    write(SecurityAction.COMMAND_RUN, user=None, about=about, message=message)


def write_refusal(action: SecurityAction, *, user: User | None, ip: str, **line: Any) -> None:
    """Add a line about a refused attempt, unless its actor caused too many in this minute.

    The attempts beyond `LINES_PER_MINUTE` are counted, and `write_surplus` adds one line with their
    number. So neither a program that runs wild nor an outsider can fill the log.
    """
    actor: LogActor | None = line.get("actor")
    is_visitor = user is None or (actor is not None and actor.acting_as == VISITOR)
    if _is_within_limit(None if is_visitor else user, ip):
        line = {"outcome": ActOutcome.REFUSED} | line
        write(action, user=user, ip=ip, **line)


@transaction.atomic
def write_surplus(now: dt.datetime) -> int:
    """Add a line for each actor and past minute with more refusals than lines; return how many.

    The counts of the past minutes are deleted. Several workers may do this at once.
    """
    past = RefusalCount.objects.filter(minute__lt=_minute(now)).select_related("user")
    counts = list(past.select_for_update(skip_locked=True, of=("self",)))
    surplus = [(row, row.count - _limit(row.actor)) for row in counts]
    lines = [(row, number) for row, number in surplus if number > 0]
    for row, number in lines:
        write(
            SecurityAction.REFUSED,
            user=row.user,
            outcome=ActOutcome.REFUSED,
            actor=None if row.user else LogActor(VISITOR),
            message=gettext_noop("一分钟内被拒绝的次数太多，其余的只记次数。"),
            times=number,
            minute=row.minute.isoformat(),
            ip="" if row.user or row.actor == ALL_VISITORS else row.actor,
        )
    RefusalCount.objects.filter(pk__in=[row.pk for row in counts]).delete()
    return len(lines)


def origin() -> dict[str, Any]:
    """Return the network address of the request being answered, as detail of a line."""
    request = context.request
    return {"ip": str(get_adapter().get_client_ip(request))} if request else {}


def full_name(user: User) -> str:
    """Return name and user name, which identify a person for good."""
    return f"{user.name}（{user.username}）"


def of_user(user: User) -> LoggedObject:
    """Return an account as the object of a line."""
    return LoggedObject(ACCOUNT, user.pk, full_name(user))


def of_row(row: Model) -> LoggedObject:
    """Return a row of a register as the object of a line."""
    with translation.override(RECORD_LANGUAGE):
        return LoggedObject(str(row._meta.verbose_name), row.pk, str(row))


def fingerprint(typed_name: str) -> str:
    """Return a keyed hash of an unknown name: repeats are visible, the name is not."""
    digest = salted_hmac(_NAME_SALT, fold_user_name(typed_name)).hexdigest()
    return digest[:16]


def _capacity(user: User | None) -> LogActor:
    """Return the roles and organisations of a user's posts of today, each named once."""
    if user is None:
        return LogActor(COMMAND_LINE)
    posts = user.scope.posts
    with translation.override(RECORD_LANGUAGE):
        roles = dict.fromkeys(str(Role(post.role).label) for post in posts)
    organisations = dict.fromkeys(post.organisation_name or "" for post in posts)
    return LogActor(
        LIST_SEPARATOR.join(roles), LIST_SEPARATOR.join(name for name in organisations if name)
    )


def _cut(text: str, field: str) -> str:
    """Return a text in the length of its column."""
    return text[: getattr(SecurityEvent._meta.get_field(field), "max_length", None)]


def _is_within_limit(user: User | None, address: str) -> bool:
    """Count one refusal; return whether it still gets a line."""
    minute = _minute(clock.now())
    actor = f"user:{user.pk}" if user else address
    if _count(actor, minute, user) > LINES_PER_MINUTE:
        return False
    return bool(user) or _count(ALL_VISITORS, minute, None) <= VISITOR_LINES_PER_MINUTE


def _count(actor: str, minute: dt.datetime, user: User | None) -> int:
    user_id = user.pk if user else None
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_SQL, (actor, minute, user_id, connection.in_atomic_block))
        return int(cursor.fetchone()[0])


def _limit(actor: str) -> int:
    return VISITOR_LINES_PER_MINUTE if actor == ALL_VISITORS else LINES_PER_MINUTE


def _minute(now: dt.datetime) -> dt.datetime:
    return now.replace(second=0, microsecond=0)
