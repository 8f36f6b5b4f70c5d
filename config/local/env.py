"""Typed settings from environment variables and from the file `.env`.

The library environs reads them and names a wrong value. A variable of the environment wins over the
same variable of the file, so that all processes and commands on a server read one configuration.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from environs import Env, ValidationError

ENV_FILE = os.environ.get("ENV_FILE", str(Path(__file__).resolve().parents[2] / ".env"))
"""The file, which need not exist; an empty variable means none (tests, `make run`)."""


class SettingsEnv(Env):
    """An empty variable counts as unset, because docker compose passes `${NAME:-}` as empty."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        return os.environ.get(env_key) or self._environ.get(env_key) or default


env = SettingsEnv()
if ENV_FILE:
    env.read_env(ENV_FILE, recurse=False)


@env.parser_for("items")
def _items(value: str) -> list[str]:
    """Parse `a,b`; blanks around items and empty items are dropped."""
    return [item.strip() for item in value.split(",") if item.strip()]


@env.parser_for("pairs")
def _pairs(value: str) -> dict[str, str]:
    """Parse `name:value,name:value`."""
    pairs = [item.partition(":") for item in _items(value)]
    if not all(pair_value for _name, _colon, pair_value in pairs):
        raise ValidationError("must look like name:value,name:value")
    return {name: pair_value for name, _colon, pair_value in pairs}


def _split_url(value: str) -> tuple[SplitResult, str]:
    """Split a URL and return it with its port, "" if it has none.

    An error contains no part of the URL: the message of the standard library may quote a password.
    """
    try:
        parts = urlsplit(value)
        return parts, str(parts.port or "")
    except ValueError:
        raise ValidationError(
            "must look like scheme://user:password@host:port/name, with / ? # [ ] of the"
            " password percent-encoded"
        ) from None


@env.parser_for("postgres_url")
def _postgres_url(value: str) -> dict[str, str]:
    """Parse `postgres://user:password@host:port/name`; `?host=/folder` names a Unix socket.

    Only `/`, `?`, `#`, `[` and `]` of a password must be percent-encoded: docker compose inserts
    it as it is, so the stricter parser of the driver would refuse passwords in use.
    """
    parts, port = _split_url(value)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValidationError("must begin with postgres://")
    pairs = (pair.partition("=") for pair in parts.query.split("&"))
    parameters = {name: unquote(parameter) for name, _equals, parameter in pairs}
    return {
        "dbname": unquote(parts.path.lstrip("/")),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "host": parameters.get("host") or unquote(parts.hostname or "localhost"),
        "port": parameters.get("port") or port,
    }


@env.parser_for("redis_url")
def _redis_url(value: str) -> str:
    """Return the URL without its last slash; refuse one that the client would quote in an error."""
    _split_url(value)
    return value.rstrip("/")
