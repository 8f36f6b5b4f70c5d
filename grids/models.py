"""Tables of territory: places, their dated codes, QR links, calendar days and office hours."""

from __future__ import annotations

import datetime as dt
import secrets

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import get_script_prefix, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.db import tree_paths
from config.lib.db.level_constraints import kind_fits_level
from config.lib.db.validity import (
    MONTH_DAY,
    Dated,
    DatedQuerySet,
    dates_in_order,
    in_season,
    season_paired,
    validity,
)
from config.lib.viewer import Viewer
from grids.enums import KINDS_AT, AreaKind, CodeScheme, DayKind, Level
from grids.querysets import AreaQuerySet

QR_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
QR_LENGTH = 10


def new_qr_code() -> str:
    """Return a random QR code of ten characters without look-alikes (about 49 bits)."""
    return "".join(secrets.choice(QR_ALPHABET) for _i in range(QR_LENGTH))


class Area(Dated):
    """One place of the tree, from the city down to a building.

    `path` is the chain of fixed-width ids from the city to the place, each followed by a dot
    (`"00000001.00000007."`); "everything below X" is `path LIKE X.path || '%'`.
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
    season_from = models.CharField(
        _("季节开始（月-日）"), max_length=5, blank=True, validators=[MONTH_DAY]
    )
    season_to = models.CharField(
        _("季节结束（月-日）"), max_length=5, blank=True, validators=[MONTH_DAY]
    )

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
            ),
            # A check holds when it is unknown, so an empty number is named as well.
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
        """Tell of this one place what `AreaQuerySet.visible_to` asks of all."""
        paths = [path for seat in viewer.scope.posts for path in seat.area_paths if path]
        return any(self.path.startswith(path) or path.startswith(self.path) for path in paths)

    def is_reportable_on(self, day: dt.date) -> bool:
        """Tell of this one place what `AreaQuerySet.reportable` asks of all."""
        return self.is_valid_on(day) and self.level >= Level.COMMUNITY

    @property
    def ancestor_ids(self) -> list[int]:
        """Ids from the city down to this place itself."""
        return tree_paths.ids_of(self.path)

    def is_in_season(self, day: dt.date) -> bool:
        """Tell whether the place is in use on `day`: a pasture only in its season."""
        return in_season(day, self.season_from, self.season_to)

    @property
    def door_count(self) -> int:
        """Number of doors of a building, 0 where doors are unknown."""
        return (self.entrances or 0) * (self.floors or 0) * (self.doors_per_floor or 0)


class AreaCode(Dated):
    """A dated official code of a place; codes change and are never keys.

    Source: 国统字〔2009〕91号 for 12-digit division codes; grids have community + 3-digit serial.
    """

    area = models.ForeignKey(Area, models.CASCADE, related_name="codes", verbose_name=_("地点"))
    scheme = models.CharField(_("编码体系"), max_length=10, choices=CodeScheme)
    code = models.CharField(_("编码"), max_length=20, validators=[RegexValidator(r"^\d{5,20}$")])

    objects = DatedQuerySet["AreaCode"].as_manager()

    class Meta:
        verbose_name = _("编码")
        verbose_name_plural = pgettext_lazy("plural", "编码")
        constraints = [
            dates_in_order("area_code_dates_in_order"),
            ExclusionConstraint(
                name="area_code_one_at_a_time",
                expressions=[
                    (F("area"), RangeOperators.EQUAL),
                    (F("scheme"), RangeOperators.EQUAL),
                    (validity(), RangeOperators.OVERLAPS),
                ],
            ),
            # Building serials repeat from community to community; the other codes name one place.
            ExclusionConstraint(
                name="area_code_names_one_place",
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
    """The printed QR link of a place; revocable, never an id."""

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
        """Return the residents' page the QR link opens; printed on walls, so it never changes."""
        return f"{get_script_prefix()}q/{self.code}/"


class CalendarDay(models.Model):
    """A day whose working state differs from its weekday, for one region and all below it.

    Source: the State Council's yearly notice (with make-up days) and the autonomous region's own.
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
            models.UniqueConstraint(fields=["region", "date"], name="calendar_one_row_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class OfficeHours(models.Model):
    """One block of office hours in a region and season, in local official time (Asia/Shanghai).

    A season runs from `season_from` to `season_to` inclusive, as month-day, and may wrap the year.
    """

    region = models.ForeignKey(
        Area, models.CASCADE, related_name="office_hours", verbose_name=_("地区")
    )
    season_from = models.CharField(_("季节开始（月-日）"), max_length=5, validators=[MONTH_DAY])
    season_to = models.CharField(_("季节结束（月-日）"), max_length=5, validators=[MONTH_DAY])
    opens = models.TimeField(_("上班"))
    closes = models.TimeField(_("下班"))

    class Meta:
        verbose_name = _("办公时间")
        verbose_name_plural = pgettext_lazy("plural", "办公时间")
        ordering = ["region", "season_from", "opens"]
        constraints = [
            models.CheckConstraint(condition=Q(closes__gt=F("opens")), name="office_hours_in_order")
        ]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"
