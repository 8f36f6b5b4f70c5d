"""What a migration must not do to a table that is in use, read from the SQL it would run."""

from __future__ import annotations

import re
from dataclasses import dataclass

INDEX = "builds an index while nobody may write: use AddIndexMeanwhile, alone in its migration"
SCANS = "reads the whole table while nobody may use it: add it NOT VALID, validate it later"
REWRITES = "writes the whole table anew while nobody may use it: add a column, fill it, then switch"
UNKNOWN = "is a column the running code does not fill: let it be null or give it a db_default"
GONE = "takes away what the running code still asks for: do it one release later"
LOCKS = "locks a table by hand"

_TABLE = r'(?:ONLY )?(?:"?public"?\.)?"?(\w+)"?'
_ALTER = rf"ALTER TABLE (?:IF EXISTS )?{_TABLE}[^;]*?"
MANNERS: dict[str, str] = {
    rf"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)[^;]*? ON {_TABLE}": INDEX,
    rf"{_ALTER}ADD CONSTRAINT (?![^;]*(?:NOT VALID|USING INDEX))": SCANS,
    rf"{_ALTER}ALTER COLUMN \S+ SET NOT NULL": SCANS,
    rf"{_ALTER}ALTER COLUMN \S+ (?:SET DATA )?TYPE": REWRITES,
    rf"{_ALTER}ADD COLUMN [^;]*DEFAULT \(?(?:gen_random_uuid|clock_timestamp|random|nextval)": (
        REWRITES
    ),
    rf"{_ALTER}ADD COLUMN (?=[^;]*NOT NULL)(?![^;]*DEFAULT)": UNKNOWN,
    rf"{_ALTER}ALTER COLUMN \S+ DROP DEFAULT": UNKNOWN,
    rf"{_ALTER}(?:DROP COLUMN|RENAME)": GONE,
    rf"DROP TABLE (?:IF EXISTS )?{_TABLE}": GONE,
    rf"LOCK (?:TABLE )?{_TABLE}": LOCKS,
}
_COMPILED = {re.compile(shape, re.IGNORECASE): why for shape, why in MANNERS.items()}
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_NEW = re.compile(rf"CREATE TABLE (?:IF NOT EXISTS )?{_TABLE}", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """A table that is in use, and what is done to it."""

    table: str
    why: str


def faults(sql: str) -> list[Fault]:
    """Return what is wrong with a migration's SQL; a table it makes itself is used by nobody."""
    said = _COMMENT.sub("", sql)
    new = set(_NEW.findall(said))
    return [
        Fault(found[1], why)
        for shape, why in _COMPILED.items()
        for found in shape.finditer(said)
        if found[1] not in new
    ]
