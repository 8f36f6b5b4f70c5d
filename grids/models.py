"""Models of places, their dated codes, QR links, calendar days and office hours."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Case, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Length
from django.urls import get_script_prefix, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.db import tree_paths
from config.lib.db.folded_fields import NumberColumn
from config.lib.db.validity import (
    MONTH_DAY,
    Dated,
    DatedQuerySet,
    Seasonal,
    dates_in_order,
    kind_fits_level,
    season_days,
    season_paired,
    time_of_day,
    validity,
)
from config.lib.text_forms import fold_characters
from config.lib.viewer import Viewer
from grids import place_names
from grids.enums import KINDS_AT, AreaKind, CodeScheme, DayKind, Level

QR_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
QR_LENGTH = 10
MAX_QUERY_LENGTH = 60


def new_qr_code() -> str:
    """Return a random code of ten characters without look-alikes (about 49 bits)."""
    return "".join(secrets.choice(QR_ALPHABET) for _i in range(QR_LENGTH))


class AreaQuerySet(DatedQuerySet["Area"]):
    """Queries on places."""

    def below(self, area: Area) -> Self:
        """Filter to `area` itself and every place below it."""
        return self.filter(path__startswith=area.path)

    def visible_to(self, viewer: Viewer) -> Self:
        """Filter to the places within the viewer's scope today, and their ancestors.

        A viewer without a post that covers a place (administrator roles, visitors) sees none.
        """
        paths = {path for post in viewer.scope.posts for path in post.area_paths if path}
        if not paths:
            return self.none()
        condition = Q(pk__in={pk for path in paths for pk in tree_paths.ids_of(path)})
        for path in paths:
            condition |= Q(path__startswith=path)
        return self.filter(condition)

    def reportable(self, day: dt.date) -> Self:
        """Filter to the places a case can be filed at on `day`: communities and all below."""
        return self.on(day).filter(level__gte=Level.COMMUNITY)

    def search(self, typed: str) -> Self:
        """Search places by Chinese name, number, pinyin, pinyin initials or a mixture of them.

        Every run of characters, letters or digits must occur. A number matches only from its
        first digit, so `46` finds 46号楼 but not 146号楼. Order: exact name or initials, prefix,
        contiguous match, others; shorter names first. An empty query returns no rows.
        """
        typed = fold_characters(typed.replace("\0", " "))  # PostgreSQL rejects NUL in text
        words = typed.lower().split()
        runs = place_names.runs(typed[:MAX_QUERY_LENGTH])
        if not runs:
            return self.none()
        matches = self
        for run in runs:
            matches = matches.filter(_contains_run(run))
        whole = "".join(words)
        rank = Case(
            When(Q(full_name__iexact=whole) | Q(initials=whole), then=Value(0)),
            When(Q(full_name__istartswith=whole) | Q(initials__startswith=whole), then=Value(1)),
            When(search_text__contains=f" {whole}", then=Value(2)),
            When(search_text__contains=whole, then=Value(3)),
            default=Value(4),
            output_field=IntegerField(),
        )
        return matches.order_by(rank, Length("full_name"), "sort_key", "pk")

    def numbered(self, name: str) -> Self:
        """Filter to places whose full name has the whole number at the end of `name`."""
        return self.filter(full_name__regex=place_names.whole_number_pattern(name))

    def near(self, typed: str) -> Self:
        """Filter to places whose name differs from the typed one in one character; same numbers."""
        pattern = place_names.near_pattern(typed[:MAX_QUERY_LENGTH])
        if not pattern:
            return self.none()
        return self.filter(full_name__regex=pattern).order_by(Length("full_name"), "sort_key", "pk")

    def with_current_code(self, day: dt.date) -> Self:
        """Annotate `current_code`: the official code of each place on `day`, or None."""
        codes = AreaCode.objects.filter(area=OuterRef("pk")).on(day).order_by("scheme")
        return self.annotate(current_code=Subquery(codes.values("code")[:1]))


class Area(Seasonal, Dated):
    """A place in the tree from the city (level 1) down to a building (level 6).

    `path` joins the fixed-width ids from the city to the place, each followed by a dot
    (`"00000001.00000007."`), so the subtree of X is `path LIKE X.path || '%'`. A pasture is in use
    in its season only.
    """

    level = models.PositiveSmallIntegerField(_("层级"), choices=Level)
    kind = models.CharField(_("类型"), max_length=20, choices=AreaKind)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("上级"),
    )
    path = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("名称"), max_length=60)
    full_name = models.CharField(
        _("全称"), max_length=200, help_text=_("从小区起的叫法，如“阜兴花苑46号楼”")
    )
    initials = models.CharField(_("拼音首字母"), max_length=60, blank=True, editable=False)
    search_text = models.TextField(blank=True, editable=False)
    sort_key = models.CharField(max_length=200, blank=True, editable=False)
    entrances = models.PositiveSmallIntegerField(_("单元数"), null=True, blank=True)
    floors = models.PositiveSmallIntegerField(_("层数"), null=True, blank=True)
    doors_per_floor = models.PositiveSmallIntegerField(_("每单元每层户数"), null=True, blank=True)

    objects = AreaQuerySet.as_manager()

    class Meta:
        verbose_name = _("地点")
        verbose_name_plural = pgettext_lazy("plural", "地点")
        ordering = ["path"]
        constraints = [
            kind_fits_level(KINDS_AT, "area_kind_fits_level"),
            models.CheckConstraint(
                condition=Q(level=Level.CITY, parent=None)
                | Q(level__gt=Level.CITY, parent__isnull=False),
                name="area_only_city_is_root",
                violation_error_message=_("市没有上级，其他各级都要填上级。"),
            ),
            # A CHECK passes when it evaluates to NULL, so NULL is excluded explicitly.
            models.CheckConstraint(
                condition=~Q(kind=AreaKind.BUILDING)
                | Q(
                    entrances__isnull=False,
                    floors__isnull=False,
                    doors_per_floor__isnull=False,
                    entrances__range=(1, 60),
                    floors__range=(1, 120),
                    doors_per_floor__range=(1, 60),
                ),
                violation_error_message=_(
                    "楼栋要填单元数（1到60）、层数（1到120）和每单元每层户数（1到60）。"
                ),
                name="area_building_knows_its_doors",
            ),
            dates_in_order("area_dates_in_order"),
            season_paired("area_season_paired"),
        ]
        indexes = [
            models.Index(fields=["parent", "sort_key"], name="area_children"),
            GinIndex(
                fields=["search_text"],
                name="area_search_trgm",
                opclasses=["gin_trgm_ops"],
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    def get_absolute_url(self) -> str:
        """Return the staff page of the place."""
        return reverse("grids:place", args=[self.pk])

    def is_visible_to(self, viewer: Viewer) -> bool:
        """Return whether the place is in `AreaQuerySet.visible_to(viewer)`, without a query."""
        paths = [path for post in viewer.scope.posts for path in post.area_paths if path]
        return any(self.path.startswith(path) or path.startswith(self.path) for path in paths)

    def is_reportable_on(self, day: dt.date) -> bool:
        """Return whether the place is in `AreaQuerySet.reportable(day)`, without a query."""
        return self.is_valid_on(day) and self.level >= Level.COMMUNITY

    @property
    def ancestor_ids(self) -> list[int]:
        """Ids from the city down to this place, inclusive."""
        return tree_paths.ids_of(self.path)

    @property
    def door_count(self) -> int:
        """Number of doors of a building; 0 if entrances, floors or doors are unknown."""
        return (self.entrances or 0) * (self.floors or 0) * (self.doors_per_floor or 0)


class AreaCode(Dated):
    """A dated official code of a place; codes change, so nothing uses them as keys.

    Source: 国统字〔2009〕91号 for 12-digit division codes; a grid has its community's code plus a
    3-digit serial.
    """

    area = models.ForeignKey(Area, models.CASCADE, related_name="codes", verbose_name=_("地点"))
    scheme = models.CharField(_("编码体系"), max_length=10, choices=CodeScheme)
    code = NumberColumn(_("编码"), max_length=20, validators=[RegexValidator(r"^\d{5,20}$")])

    objects = DatedQuerySet["AreaCode"].as_manager()

    class Meta:
        verbose_name = _("编码")
        verbose_name_plural = pgettext_lazy("plural", "编码")
        constraints = [
            dates_in_order("area_code_dates_in_order"),
            ExclusionConstraint(
                name="area_code_one_at_a_time",
                violation_error_message=_("这个地点在这段时间已有一个这种编码。"),
                expressions=[
                    (F("area"), RangeOperators.EQUAL),
                    (F("scheme"), RangeOperators.EQUAL),
                    (validity(), RangeOperators.OVERLAPS),
                ],
            ),
            # Building serials repeat between communities; every other code is unique.
            ExclusionConstraint(
                name="area_code_names_one_place",
                violation_error_message=_("这个编码在这段时间已经给了别的地点。"),
                expressions=[
                    (F("scheme"), RangeOperators.EQUAL),
                    (F("code"), RangeOperators.EQUAL),
                    (validity(), RangeOperators.OVERLAPS),
                ],
                condition=~Q(scheme=CodeScheme.BUILDING),
            ),
        ]
        indexes = [models.Index(fields=["code"], name="area_code_code")]

    def __str__(self) -> str:
        return self.code


class PlaceQr(models.Model):
    """The printed QR link of a place; it can be revoked and replaced."""

    code = models.CharField(_("二维码"), max_length=16, unique=True, default=new_qr_code)
    area = models.ForeignKey(Area, models.CASCADE, related_name="qr_codes", verbose_name=_("地点"))
    created_at = models.DateTimeField(_("生成时间"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("停用时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("楼栋二维码")
        verbose_name_plural = pgettext_lazy("plural", "楼栋二维码")

    def __str__(self) -> str:
        return f"{self.area}"

    def get_absolute_url(self) -> str:
        """Return the residents' page of the QR link; printed on walls, so the URL is stable."""
        return f"{get_script_prefix()}q/{self.code}/"


class CalendarDay(models.Model):
    """A day that is worked or not contrary to its weekday, in a region and all places below.

    Source: the State Council's yearly notice (with make-up days) and the notice of the region.
    """

    region = models.ForeignKey(
        Area, models.CASCADE, related_name="calendar_days", verbose_name=_("地区")
    )
    date = models.DateField(_("日期"))
    kind = models.CharField(_("性质"), max_length=10, choices=DayKind)
    is_workday = models.BooleanField(pgettext_lazy("day", "上班"))
    name = models.CharField(_("名称"), max_length=40)
    source = models.CharField(_("依据"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("日历")
        verbose_name_plural = pgettext_lazy("plural", "日历")
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(
                fields=["region", "date"],
                name="calendar_one_row_a_day",
                violation_error_message=_("这个地区的这一天已经在日历里。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class OfficeHours(models.Model):
    """A block of office hours in a region and season, in official time (Asia/Shanghai).

    A season runs from `season_from` to `season_to` inclusive (`MM-DD`) and may wrap the year. Two
    blocks of a region never overlap, otherwise working time would count twice.
    """

    region = models.ForeignKey(
        Area, models.CASCADE, related_name="office_hours", verbose_name=_("地区")
    )
    season_from = NumberColumn(_("季节开始（月-日）"), max_length=5, validators=[MONTH_DAY])
    season_to = NumberColumn(_("季节结束（月-日）"), max_length=5, validators=[MONTH_DAY])
    opens = models.TimeField(_("上班"))
    closes = models.TimeField(_("下班"))

    class Meta:
        verbose_name = _("办公时间")
        verbose_name_plural = pgettext_lazy("plural", "办公时间")
        ordering = ["region", "season_from", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")),
                name="office_hours_in_order",
                violation_error_message=_("下班时间必须晚于上班时间。"),
            ),
            ExclusionConstraint(
                name="office_hours_apart",
                violation_error_message=_("这个地区已有一段办公时间和它重叠。"),
                expressions=[
                    ("region", RangeOperators.EQUAL),
                    (season_days(), RangeOperators.OVERLAPS),
                    (time_of_day("opens", "closes"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"

    def clean(self) -> None:
        """Refuse a block that closes before it opens, at the field of the closing time."""
        super().clean()
        opens: dt.time | None = self.opens
        closes: dt.time | None = self.closes  # None: refused by its own check
        if opens is not None and closes is not None and closes <= opens:
            raise ValidationError({"closes": _("下班时间必须晚于上班时间。")})


def _contains_run(run: str) -> Q:
    """Return the condition that `search_text` contains one run of the query."""
    if run.isdigit():
        return Q(search_text__regex=rf"(^|[^0-9]){run}")
    return Q(search_text__contains=run)
