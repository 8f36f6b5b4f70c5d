"""Tables of organisations: the tree, what each answers for, and mobile activity rooms."""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.enums import KINDS_AT, OrgKind, OrgLevel
from branches.querysets import OrganisationQuerySet, ResponsibilityQuerySet
from config.lib.db import tree_paths
from config.lib.db.level_constraints import kind_fits_level
from config.lib.db.validity import (
    MONTH_DAY,
    Dated,
    dates_in_order,
    in_season,
    season_paired,
    validity,
)
from grids.models import Area


class Organisation(Dated):
    """A Party organisation or handling unit; one tree under the city.

    `path` is the chain of fixed-width ids from the root, as for places. `area` is the place the
    organisation belongs to (its community, its grid); what it answers for is `Responsibility`.
    """

    level = models.CharField(_("层级"), max_length=12, choices=OrgLevel)
    kind = models.CharField(_("类型"), max_length=20, choices=OrgKind)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("上级组织"),
    )
    path = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("名称"), max_length=80)
    short_name = models.CharField(_("简称"), max_length=40)
    area = models.ForeignKey(
        Area, models.PROTECT, related_name="organisations", verbose_name=_("所在地")
    )
    duty_phone = models.CharField(_("值班电话"), max_length=20, blank=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("组织")
        verbose_name_plural = pgettext_lazy("plural", "组织")
        ordering = ["path"]
        constraints = [
            kind_fits_level(KINDS_AT, "org_kind_fits_level"),
            models.CheckConstraint(
                condition=Q(level=OrgLevel.CITY, parent=None)
                | (~Q(level=OrgLevel.CITY) & Q(parent__isnull=False)),
                name="org_only_city_is_root",
            ),
            dates_in_order("org_dates_in_order"),
        ]
        indexes = [
            models.Index(fields=["area", "level"], name="org_area_level"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the staff page of the organisation."""
        return reverse("branches:organisation", args=[self.pk])

    @property
    def ancestor_ids(self) -> list[int]:
        """Ids from the root down to this organisation itself."""
        return tree_paths.ids_of(self.path)


class Responsibility(Dated):
    """An organisation answers for a place from one day to another, in one season if named.

    A branch answers for grids, a group for buildings, lanes or pastures, a committee for its
    community or subdistrict. Two organisations of one level never answer for the same place and
    season at the same time.
    """

    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="responsibilities",
        verbose_name=_("组织"),
    )
    level = models.CharField(_("层级"), max_length=12, choices=OrgLevel, editable=False)
    area = models.ForeignKey(
        Area, models.PROTECT, related_name="responsibilities", verbose_name=_("地点")
    )
    season_from = models.CharField(
        _("季节开始（月-日）"), max_length=5, blank=True, validators=[MONTH_DAY]
    )
    season_to = models.CharField(
        _("季节结束（月-日）"), max_length=5, blank=True, validators=[MONTH_DAY]
    )

    objects = ResponsibilityQuerySet.as_manager()

    class Meta:
        verbose_name = _("职责范围")
        verbose_name_plural = pgettext_lazy("plural", "职责范围")
        constraints = [
            dates_in_order("responsibility_dates_in_order"),
            season_paired("responsibility_season_paired"),
            ExclusionConstraint(
                name="responsibility_one_owner",
                expressions=[
                    (F("area"), RangeOperators.EQUAL),
                    (F("level"), RangeOperators.EQUAL),
                    (F("season_from"), RangeOperators.EQUAL),
                    (validity(), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["organisation"], name="responsibility_org")]

    def __str__(self) -> str:
        return f"{self.organisation} → {self.area}"

    def is_in_season(self, day: dt.date) -> bool:
        """Tell whether `day` lies in the season; no season means the whole year."""
        return in_season(day, self.season_from, self.season_to)


class MobileActivityRoom(models.Model):
    """A travelling service yurt of a yurt group; only the service's timetable is kept."""

    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="mobile_rooms",
        verbose_name=_("所属党小组"),
    )
    name = models.CharField(_("名称"), max_length=60)

    class Meta:
        verbose_name = _("流动毡房活动室")
        verbose_name_plural = pgettext_lazy("plural", "流动毡房活动室")

    def __str__(self) -> str:
        return self.name


class Stop(models.Model):
    """One announced stop of a mobile activity room: where, when, and what it offers."""

    room = models.ForeignKey(
        MobileActivityRoom,
        models.CASCADE,
        related_name="stops",
        verbose_name=_("活动室"),
    )
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("地点"))
    date = models.DateField(_("日期"))
    services = models.CharField(_("服务内容"), max_length=200)

    class Meta:
        verbose_name = _("停靠点")
        verbose_name_plural = pgettext_lazy("plural", "停靠点")
        ordering = ["date"]

    def __str__(self) -> str:
        return f"{self.date} {self.area}"
