"""API token authentication: token, account and scope in one query per request."""

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
from members.rights import scopes

_TOKEN = re.compile(rb"[0-9a-f]{16,128}")
Row = TypeVar("Row", bound=Model)

# One row per post of the account, or one row with NULLs if it has none.
_ACCOUNT_SQL = """
SELECT {columns}, post.* FROM knox_authtoken token
JOIN members_user account ON account.id = token.user_id
LEFT JOIN LATERAL ({posts}) post ON account.is_active AND NOT account.is_superuser
WHERE token.digest = $1 ORDER BY post.post
"""


class BearerToken(TokenAuthentication):
    """A token in the header `Authorization: Bearer …`; malformed tokens are refused unread."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Return the account of a token, with its scope, and the token; or refuse (401)."""
        if not _TOKEN.fullmatch(token):
            raise AuthenticationFailed(_("令牌无效。"))
        day = timezone.localdate()
        rows = _ACCOUNT_QUERY.rows(hash_token(token.decode()), day)
        if not rows:
            raise AuthenticationFailed(_("令牌无效。"))
        token_row = _row(AuthToken, rows[0])
        if token_row.expiry is not None and token_row.expiry < clock.now():
            raise AuthenticationFailed(_("令牌无效。"))
        user = token_row.user = _row(User, rows[0][_width(AuthToken) :])
        super().validate_user(token_row)  # type: ignore[no-untyped-call]  # knox has no types
        posts = [row[_width(AuthToken) + _width(User) :] for row in rows]
        scope = scopes.scope_of_rows(user.pk, day, [row for row in posts if row[0]])
        vars(user)["scope"] = scope  # fills the cached property `User.scope`
        return user, token_row


def _account_sql() -> str:
    posts = scopes.posts_sql(user="account.id", day="$2")
    return _ACCOUNT_SQL.format(
        columns=f"{_columns(AuthToken, 'token')}, {_columns(User, 'account')}", posts=posts
    )


_ACCOUNT_QUERY = PreparedQuery("account", "varchar, date", _account_sql)


def _columns(model: type[Model], name: str) -> str:
    """Return all columns of a table with casts to types without a length."""
    types = {
        field.column: str(field.db_type(connection)).partition("(")[0] for field in _fields(model)
    }
    return ", ".join(f'{name}."{column}"::{kind}' for column, kind in types.items())


def _row(model: type[Row], values: tuple[Any, ...]) -> Row:
    names = _names(model)
    return model.from_db(DEFAULT_DB_ALIAS, names, values[: len(names)])


def _width(model: type[Model]) -> int:
    return len(_names(model))


@cache
def _names(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in _fields(model))


def _fields(model: type[Model]) -> Any:
    return model._meta.concrete_fields
