"""Level and kind of a row must fit: the constraint shared by every tree with fixed levels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.db.models import Q


def kind_fits_level(table: Mapping[Any, Iterable[Any]], name: str) -> models.CheckConstraint:
    """Constraint allowing at each level only the kinds that `table` names for it."""
    condition = Q()
    for level, kinds in table.items():
        condition |= Q(level=level, kind__in=sorted(kinds))
    return models.CheckConstraint(condition=condition, name=name)
