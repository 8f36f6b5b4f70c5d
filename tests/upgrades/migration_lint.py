"""Lint the SQL of migrations for statements that block a table in use."""

from __future__ import annotations

import re
from dataclasses import dataclass

INDEX = "blocks writes while it builds an index: use AddIndexConcurrentlyWithRetry, alone"
SCANS = "scans the whole locked table: add it NOT VALID, validate it later"
REWRITES = "rewrites the whole locked table: add a column, fill it, then switch"
UNKNOWN = "is a column that the running code does not fill: allow null or set db_default"
REMOVED = "removes what the running code still uses: do it one release later"
LOCKS = "locks a table explicitly"

_TABLE = r'(?:ONLY )?(?:"?public"?\.)?"?(\w+)"?'
_ALTER = rf"ALTER TABLE (?:IF EXISTS )?{_TABLE}[^;]*?"
RULES: dict[str, str] = {
    rf"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)[^;]*? ON {_TABLE}": INDEX,
    rf"{_ALTER}ADD CONSTRAINT (?![^;]*(?:NOT VALID|USING INDEX))": SCANS,
    rf"{_ALTER}ALTER COLUMN \S+ SET NOT NULL": SCANS,
    rf"{_ALTER}ALTER COLUMN \S+ (?:SET DATA )?TYPE": REWRITES,
    rf"{_ALTER}ADD COLUMN [^;]*DEFAULT \(?(?:gen_random_uuid|clock_timestamp|random|nextval)": (
        REWRITES
    ),
    rf"{_ALTER}ADD COLUMN (?=[^;]*NOT NULL)(?![^;]*DEFAULT)": UNKNOWN,
    rf"{_ALTER}ALTER COLUMN \S+ DROP DEFAULT": UNKNOWN,
    rf"{_ALTER}(?:DROP COLUMN|RENAME)": REMOVED,
    rf"DROP TABLE (?:IF EXISTS )?{_TABLE}": REMOVED,
    rf"LOCK (?:TABLE )?{_TABLE}": LOCKS,
}
_COMPILED = {re.compile(pattern, re.IGNORECASE): reason for pattern, reason in RULES.items()}
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_NEW = re.compile(rf"CREATE TABLE (?:IF NOT EXISTS )?{_TABLE}", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """A table in use, and the reason why the statement is refused."""

    table: str
    reason: str


def faults(sql: str) -> list[Fault]:
    """Return the faults of a migration's SQL; tables that it creates are not in use."""
    statements = _COMMENT.sub("", sql)
    new = set(_NEW.findall(statements))
    return [
        Fault(match[1], reason)
        for pattern, reason in _COMPILED.items()
        for match in pattern.finditer(statements)
        if match[1] not in new
    ]
