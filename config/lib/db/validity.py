"""Dated rows: the shape shared by everything that is valid from one day to another."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self, TypeVar

from django.contrib.postgres.fields import DateRangeField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import formats
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

MONTH_DAY = RegexValidator(
    r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", _("请按“月-日”填写，如 05-01")
)

M = TypeVar("M", bound=models.Model)


class DatedQuerySet(models.QuerySet[M]):
    """Questions about validity on a day."""

    def on(self, day: dt.date) -> Self:
        """Keep the rows valid on `day`; `valid_to` is the last valid day, empty means open."""
        return self.filter(valid_on(day))


def valid_on(day: dt.date, prefix: str = "") -> Q:
    """Condition "valid on `day`" for use behind a relation named by `prefix` (`"post__"`)."""
    started = Q(**{f"{prefix}valid_from__lte": day})
    not_ended = Q(**{f"{prefix}valid_to__isnull": True}) | Q(**{f"{prefix}valid_to__gte": day})
    return started & not_ended


class Dated(models.Model):
    """A row valid from `valid_from` to `valid_to`, both included; open when `valid_to` is empty."""

    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)

    class Meta:
        abstract = True

    def is_valid_on(self, day: dt.date) -> bool:
        """Tell whether the row is valid on `day`."""
        return self.valid_from <= day and (self.valid_to is None or self.valid_to >= day)


def dates_in_order(name: str) -> models.CheckConstraint:
    """Constraint refusing a row that ends before it begins."""
    condition: Any = Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from"))
    return models.CheckConstraint(condition=condition, name=name)


def validity() -> Func:
    """The days a row is valid, as a range the database can test for overlap."""
    return Func(
        F("valid_from"),
        F("valid_to"),
        Value("[]"),
        function="DATERANGE",
        output_field=DateRangeField(),
    )


def season_paired(name: str) -> models.CheckConstraint:
    """Constraint refusing a season with only one end; both empty means the whole year."""
    both = ~Q(season_from="") & ~Q(season_to="")
    return models.CheckConstraint(condition=Q(season_from="", season_to="") | both, name=name)


def in_season(day: dt.date, season_from: str, season_to: str) -> bool:
    """Tell whether `day` lies in the season `"MM-DD"`–`"MM-DD"`, both ends included.

    A season may wrap the year (`"10-01"`–`"04-30"`); an empty one is the whole year.
    """
    if not season_from:
        return True
    today = f"{day:%m-%d}"
    if season_from <= season_to:
        return season_from <= today <= season_to
    return today >= season_from or today <= season_to


def season_words(season_from: str, season_to: str) -> str:
    """Say a season as a reader would (`5月15日至9月30日`); nothing for the whole year."""
    if not season_from:
        return ""
    first, last = (
        formats.date_format(dt.date(2000, *map(int, end.split("-"))), "MONTH_DAY_FORMAT")
        for end in (season_from, season_to)
    )
    return gettext("%(first)s至%(last)s") % {"first": first, "last": last}
