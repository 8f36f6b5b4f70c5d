"""Tables that the application may not change freely: append-only ones, and copies of constants.

The application's database role may read and insert append-only rows; triggers refuse everything
else. Their rows are signed, and a hash chain shows which are missing; see `config/lib/audit`.
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models

from config.lib.audit import signatures

ALLOW_TRUNCATE = "SET LOCAL zhaozhibu.allow_truncate = 'yes'"
"""Lets the owner empty append-only tables in this transaction, to remove the sample."""


class AppendOnlyModel(models.Model):
    """Base of append-only tables: no UPDATE, no DELETE, no TRUNCATE by the application."""

    class Meta:
        abstract = True


class OwnerWrittenModel(models.Model):
    """Base of tables that only migrations write; the application reads them."""

    class Meta:
        abstract = True


class SignedModel(AppendOnlyModel):
    """Append-only rows with a signature over `signed_columns`; null in rows of earlier releases."""

    signed_columns: ClassVar[tuple[str, ...]]
    keeps_for: ClassVar[dt.timedelta | None] = None
    """How long rows are kept at least; the oldest may then be removed. None: never removed."""

    signature = models.BinaryField(null=True, editable=False)

    class Meta:
        abstract = True

    def signed_values(self) -> list[object]:
        """Return the values that the signature covers."""
        return [getattr(self, name) for name in self.signed_columns]

    def sign(self) -> None:
        """Sign the row; its id, which the database assigns, is not covered."""
        self.signature = signatures.sign(self._meta.db_table, self.signed_values())
