"""Typed settings from environment variables; environs reads them and names a wrong value."""

import os
from typing import Any

from environs import Env, ValidationError
from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn


class SettingsEnv(Env):
    """An empty variable counts as unset, because docker compose passes `${NAME:-}` as empty."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        return os.environ.get(env_key) or default


env = SettingsEnv()


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


@env.parser_for("postgres_url")
def _postgres_url(value: str) -> dict[str, str]:
    """Parse a PostgreSQL URL with the driver's parser; `?host=/folder` names a Unix socket."""
    if not value.startswith(("postgres://", "postgresql://")):
        raise ValidationError("must begin with postgres://")
    try:
        return parse_dsn(value)
    except ProgrammingError as error:
        raise ValidationError(str(error).strip()) from error
