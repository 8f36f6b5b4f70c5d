"""Filters of lists that fold their values before checking them; see config/lib/form_fields.py."""

# django-filter has no types of its own.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

from typing import Any

import django_filters as df

from config.lib.form_fields import FoldedDateField, LineField, WholeNumberField


class LineFilter(df.CharFilter):
    """Words or a code."""

    field_class = LineField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class WholeNumberFilter(df.NumberFilter):
    """A whole number, for example an id."""

    field_class = WholeNumberField  # type: ignore[assignment]  # django-filter infers its default

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class DayFilter(df.DateFilter):
    """A day."""

    field_class = FoldedDateField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
