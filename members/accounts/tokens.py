"""Who a program is: its token, its account and its reach, in one question of each request."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed

from config.lib import clock
from config.lib.db.prepared import PreparedQuery
from members.models import User
from members.posts import scopes

_TOKEN = re.compile(rb"[0-9a-f]{16,128}")
Row = TypeVar("Row", bound=Model)


class BearerToken(TokenAuthentication):
    """A token in the header `Authorization: Bearer …`; anything that cannot be one is refused."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Return the account of a token, its reach with it, and the token; or refuse (401)."""
        if not _TOKEN.fullmatch(token):
            raise AuthenticationFailed(_("令牌无效。"))
        day = timezone.localdate()
        rows = _WHO.rows(hash_token(token.decode()), day)
        if not rows:
            raise AuthenticationFailed(_("令牌无效。"))
        found = _row(AuthToken, rows[0])
        if found.expiry is not None and found.expiry < clock.now():
            raise AuthenticationFailed(_("令牌无效。"))
        found.user = _row(User, rows[0][_width(AuthToken) :])
        self.validate_user(found)  # type: ignore[no-untyped-call]  # no types
        seats = [row[_width(AuthToken) + _width(User) :] for row in rows]
        reach = scopes.of_rows(found.user, day, [row for row in seats if row[0]])
        vars(found.user)["scope"] = reach  # where the account would keep what it reads itself
        return found.user, found


def _question() -> str:
    columns = f"{_columns(AuthToken, 'token')}, {_columns(User, 'account')}"
    seats = scopes.question(user="account.id", day="$2")
    return f"""
        SELECT {columns}, seat.* FROM knox_authtoken token
        JOIN members_user account ON account.id = token.user_id
        LEFT JOIN LATERAL ({seats}) seat ON account.is_active AND NOT account.is_superuser
        WHERE token.digest = $1 ORDER BY seat.post
    """  # noqa: S608 - only names of columns are put in


_WHO = PreparedQuery("who", "varchar, date", _question)


def _columns(model: type[Model], name: str) -> str:
    """Return all columns of a table, each saying its kind without a length."""
    kinds = {one.column: str(one.db_type(connection)).partition("(")[0] for one in _fields(model)}
    return ", ".join(f'{name}."{column}"::{kind}' for column, kind in kinds.items())


def _row(model: type[Row], values: tuple[Any, ...]) -> Row:
    names = _names(model)
    return model.from_db(DEFAULT_DB_ALIAS, names, values[: len(names)])


def _width(model: type[Model]) -> int:
    return len(_names(model))


@cache
def _names(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in _fields(model))


def _fields(model: type[Model]) -> Any:
    return model._meta.concrete_fields  # noqa: SLF001 - Django's documented Meta API
