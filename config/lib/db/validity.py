"""Rows with a validity period: base model, queryset, constraints; seasons; levels of a tree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self, TypeVar

from django.contrib.postgres.fields import DateRangeField, IntegerRangeField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Func, IntegerField, Q, Value
from django.utils import formats
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.lib.db.folded_fields import NumberColumn

MONTH_DAY = RegexValidator(
    r"^(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|[12]\d))$",
    _("请按“月-日”填写，如 05-01"),
)

M = TypeVar("M", bound=models.Model)


class DatedQuerySet(models.QuerySet[M]):
    """Filters by validity on a day."""

    def on(self, day: dt.date) -> Self:
        """Return the rows valid on `day`; `valid_to` is the last valid day, empty means open."""
        return self.filter(valid_on(day))


def valid_on(day: dt.date) -> Q:
    """Return the condition "valid on `day`": both dates are included, an empty end means open."""
    not_ended = Q(valid_to__isnull=True) | Q(valid_to__gte=day)
    return Q(valid_from__lte=day) & not_ended


class Dated(models.Model):
    """A row valid from `valid_from` to `valid_to`, both included; open when `valid_to` is empty."""

    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Refuse a last day before the first one, at the field of the last day."""
        super().clean()
        check_order(self.valid_from, self.valid_to, "valid_to")

    def is_valid_on(self, day: dt.date) -> bool:
        """Tell whether the row is valid on `day`."""
        return self.valid_from <= day and (self.valid_to is None or self.valid_to >= day)


def check_order(first: dt.date | None, last: dt.date | None, field: str) -> None:
    """Raise ValidationError at `field`, the last day, if it lies before the first one.

    An empty day is in order: a required one has an error of its own.
    """
    if first is not None and last is not None and last < first:
        day = formats.date_format(first, "SHORT_DATE_FORMAT")
        raise ValidationError(
            {field: gettext("最后一天不能早于第一天（%(day)s）。") % {"day": day}}
        )


def check_not_prolonged(stored: dt.date | None, last: dt.date) -> None:
    """Raise ValidationError at `valid_to` if ending a row on `last` would let it run longer.

    `stored` is the last day that the row has; whoever ends a row can only bring it forward.
    """
    if stored is not None and stored < last:
        day = formats.date_format(stored, "SHORT_DATE_FORMAT")
        words = gettext("最后一天已定为%(day)s，只能提前，不能推后。") % {"day": day}
        raise ValidationError({"valid_to": words})


def dates_in_order(
    name: str, first: str = "valid_from", last: str = "valid_to"
) -> models.CheckConstraint:
    """Return a constraint that refuses a row ending before it begins."""
    condition: Any = Q((f"{last}__isnull", True)) | Q((f"{last}__gte", F(first)))
    message = _("最后一天不能早于第一天。")
    return models.CheckConstraint(condition=condition, name=name, violation_error_message=message)


def validity() -> Func:
    """Return the validity period as a date range, for exclusion constraints."""
    return Func(
        F("valid_from"),
        F("valid_to"),
        Value("[]"),
        function="DATERANGE",
        output_field=DateRangeField(),
    )


class Seasonal(models.Model):
    """Abstract model of a row that applies in one season of the year, or always if it is empty."""

    season_from = NumberColumn(
        _("季节开始（月-日）"), max_length=5, blank=True, validators=[MONTH_DAY]
    )
    season_to = NumberColumn(
        _("季节结束（月-日）"), max_length=5, blank=True, validators=[MONTH_DAY]
    )

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Refuse a season with one end, at the field that is empty."""
        super().clean()
        if bool(self.season_from) != bool(self.season_to):
            field = "season_to" if self.season_from else "season_from"
            raise ValidationError({field: gettext("季节的开始和结束要一起填。")})

    def is_in_season(self, day: dt.date) -> bool:
        """Return whether `day` is in the season; an empty season is the whole year."""
        return in_season(day, self.season_from, self.season_to)


class HasSeason(Protocol):
    """A row with the ends of a season, both empty for the whole year."""

    season_from: str
    season_to: str


def season_days() -> Func:
    """Return the season as a multirange, for exclusion constraints.

    The SQL function `season_days` (migration of `grids`) turns each end into a number, `05-15` into
    515; a season that wraps the year has two ranges, an empty one is the whole year.
    """
    return Func(
        F("season_from"),
        F("season_to"),
        function="SEASON_DAYS",
        output_field=IntegerRangeField(),
    )


def seasons_overlap(first: HasSeason, second: HasSeason) -> bool:
    """Return whether two seasons share a day.

    The whole year and a season do not count as overlapping: the season comes first while it lasts.
    """
    if bool(first.season_from) != bool(second.season_from):
        return False
    if not first.season_from:
        return True
    return any(
        one_from <= other_to and other_from <= one_to
        for one_from, one_to in _ranges(first)
        for other_from, other_to in _ranges(second)
    )


def _ranges(row: HasSeason) -> list[tuple[str, str]]:
    """Return a season as ranges of days within one year; one that wraps the year has two."""
    if row.season_from <= row.season_to:
        return [(row.season_from, row.season_to)]
    return [(row.season_from, "12-31"), ("01-01", row.season_to)]


def season_paired(name: str) -> models.CheckConstraint:
    """Return a constraint that refuses a season with one end; both empty: the whole year."""
    both = ~Q(season_from="") & ~Q(season_to="")
    condition = Q(season_from="", season_to="") | both
    message = _("季节的开始和结束要一起填。")
    return models.CheckConstraint(condition=condition, name=name, violation_error_message=message)


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


def time_of_day(start: str, end: str) -> Func:
    """Return the seconds of a day from one time column up to another, for constraints."""

    def seconds(name: str) -> Func:
        template = "(EXTRACT(epoch FROM %(expressions)s))::integer"
        return Func(F(name), template=template, output_field=IntegerField())

    return Func(
        *(seconds(start), seconds(end), Value("[)")),
        function="INT4RANGE",
        output_field=IntegerRangeField(),
    )


def season_words(season_from: str, season_to: str) -> str:
    """Return a season in words (`5月15日至9月30日`); an empty string for the whole year."""
    if not season_from:
        return ""
    first, last = (
        formats.date_format(dt.date(2000, *map(int, end.split("-"))), "MONTH_DAY_FORMAT")
        for end in (season_from, season_to)
    )
    return gettext("%(first)s至%(last)s") % {"first": first, "last": last}


def kind_fits_level(table: Mapping[Any, Iterable[Any]], name: str) -> models.CheckConstraint:
    """Return a constraint that allows at each level only the kinds that `table` names for it."""
    condition = Q()
    for level, kinds in table.items():
        condition |= Q(level=level, kind__in=sorted(kinds))
    message = _("这一级没有这一类，请改级别或类型。")
    return models.CheckConstraint(condition=condition, name=name, violation_error_message=message)
