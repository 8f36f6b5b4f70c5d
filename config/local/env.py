"""Reads typed settings from environment variables."""

import os
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


@dataclass(frozen=True)
class Database:
    """Where the database is: host is a name, an address or the folder of a unix socket."""

    name: str
    user: str
    password: str
    host: str
    port: str


def text(name: str, default: str = "") -> str:
    """Return the variable, or the default when it is unset or empty."""
    return os.environ.get(name) or default


def required(name: str) -> str:
    """Return the variable; raise ImproperlyConfigured when it is unset or empty."""
    value = os.environ.get(name)
    if not value:
        raise ImproperlyConfigured(f"Set the environment variable {name}; see .env.example.")
    return value


def flag(name: str, default: bool) -> bool:
    """Return yes/no, on/off, true/false or 1/0 as a bool; raise ImproperlyConfigured otherwise."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no, not {value!r}.")


def number(name: str, default: int) -> int:
    """Return a whole number; raise ImproperlyConfigured when the variable is none."""
    value = os.environ.get(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def items(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list without empty members."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def pairs(name: str) -> dict[str, str]:
    """Return `a:x,b:y` as a dict; raise ImproperlyConfigured when a member has no colon."""
    found: dict[str, str] = {}
    for item in items(name):
        key, colon, value = item.partition(":")
        if not colon or not value:
            raise ImproperlyConfigured(f"{name} must look like name:value,name:value.")
        found[key] = value
    return found


def database(name: str) -> Database:
    """Read `postgres://user:password@host:port/name`; `?host=/folder` names a unix socket.

    Fifteen lines of our own rather than a dependency: only PostgreSQL is supported here.
    """
    parts = urlsplit(required(name))
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must begin with postgres://.")
    folder = parts.query.partition("host=")[2]
    return Database(
        name=unquote(parts.path.lstrip("/")),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=unquote(folder or parts.hostname or "localhost"),
        port=str(parts.port or ""),
    )
