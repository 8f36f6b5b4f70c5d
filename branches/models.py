"""Models of organisations, their responsibilities, and mobile activity rooms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.enums import KINDS_AT, OpenCases, OrgKind, OrgLevel
from config.lib.db import tree_paths
from config.lib.db.folded_fields import TelephoneColumn
from config.lib.db.validity import (
    Dated,
    DatedQuerySet,
    Seasonal,
    dates_in_order,
    kind_fits_level,
    season_days,
    season_paired,
    validity,
)
from config.lib.viewer import Viewer
from grids.models import Area


class OrganisationQuerySet(DatedQuerySet["Organisation"]):
    """Queries on organisations."""

    def below(self, organisation: Organisation) -> Self:
        """Filter to `organisation` itself and every organisation below it."""
        return self.filter(path__startswith=organisation.path)

    def visible_to(self, viewer: Viewer) -> Self:
        """Filter to the organisations within the viewer's scope today.

        These are the viewer's own organisations with descendants and ancestors, the organisations
        located in the places of the scope, and all departments of the city. A viewer without such a
        post (administrator roles, visitors) sees none.
        """
        posts = viewer.scope.posts
        paths = {post.organisation_path for post in posts if post.organisation_path}
        area_paths = {path for post in posts for path in post.area_paths if path}
        if not paths and not area_paths:
            return self.none()
        ancestors = frozenset().union(*(post.ancestor_ids for post in posts))
        condition = Q(pk__in=ancestors) | Q(level=OrgLevel.DEPARTMENT)
        for path in paths:
            condition |= Q(path__startswith=path)
        for path in area_paths:
            condition |= Q(area__path__startswith=path)
        return self.filter(condition)

    def with_current_responsibilities(self, day: dt.date) -> Self:
        """Prefetch the responsibilities on `day` as `current_responsibilities`."""
        rows = Responsibility.objects.on(day).order_by("area_id", "season_from")
        return self.prefetch_related(
            Prefetch("responsibilities", rows, to_attr="current_responsibilities")
        )

    def search(self, words: str) -> Self:
        """Filter to organisations whose name or short name contains every word."""
        matches = self
        for word in words.replace("\0", " ").split():  # PostgreSQL rejects NUL in text
            matches = matches.filter(Q(name__icontains=word) | Q(short_name__icontains=word))
        return matches


class Organisation(Dated):
    """A Party organisation or handling unit; all form one tree below the city.

    `path` joins fixed-width ids from the root, as for places. `area` is where the organisation is
    located (its community, its grid); the places it is responsible for are `Responsibility` rows.
    """

    level = models.CharField(_("层级"), max_length=12, choices=OrgLevel)
    kind = models.CharField(_("类型"), max_length=20, choices=OrgKind)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("上级组织"),
        null=True,
        blank=True,
        related_name="children",
    )
    path = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("名称"), max_length=80)
    short_name = models.CharField(_("简称"), max_length=40)
    area = models.ForeignKey(
        Area, models.PROTECT, related_name="organisations", verbose_name=_("所在地")
    )
    duty_phone = TelephoneColumn(_("值班电话"), max_length=20, blank=True)

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
                violation_error_message=_("市没有上级，其他各级都要填上级。"),
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
        """Ids from the root down to this organisation, inclusive."""
        return tree_paths.ids_of(self.path)


class ResponsibilityQuerySet(DatedQuerySet["Responsibility"]):
    """Queries on responsibilities."""

    def responsible_for(self, area_ids: Iterable[int], day: dt.date) -> Self:
        """Filter to responsibilities for these places valid on `day`, most specific place first.

        Loads organisation, its area, and the place. All seasons are returned; callers select those
        with `is_in_season(day)`.
        """
        return (
            self.filter(area_id__in=area_ids)
            .on(day)
            .filter(Q(organisation__valid_to__isnull=True) | Q(organisation__valid_to__gte=day))
            .select_related("organisation", "organisation__area", "area")
            .order_by("-area__path", "level", "season_from")
        )

    def of(self, organisation: Organisation, day: dt.date) -> Self:
        """Filter to the responsibilities of `organisation` on `day`, in reading order."""
        return (
            self.filter(organisation=organisation)
            .on(day)
            .select_related("area")
            .order_by("area__level", "area__sort_key", "season_from")
        )

    def to_follow(self, day: dt.date) -> Self:
        """Filter to those ended before `day` whose open cases follow and have not been moved."""
        return self.filter(
            open_cases=OpenCases.FOLLOW, followed_at=None, valid_to__lt=day
        ).order_by("valid_to", "id")

    def at_level(self, level: OrgLevel, day: dt.date) -> Self:
        """Filter to responsibilities of organisations of one level on `day`."""
        return self.filter(level=level).on(day)

    def grids_covered(self, day: dt.date) -> int:
        """Count the grids for which a branch is responsible on `day`."""
        branches = self.at_level(OrgLevel.BRANCH, day)
        return branches.order_by().values("area_id").distinct().count()


class Responsibility(Seasonal, Dated):
    """An organisation's dated responsibility for a place, optionally in one season.

    A branch is responsible for grids, a group for buildings, lanes or pastures, a committee for its
    community or subdistrict. The exclusion constraints allow one organisation per level, place and
    season at a time: seasons may touch but not overlap. A season comes before the whole year.
    `open_cases` is what was decided about the organisation's open cases when the responsibility was
    ended; those that follow are moved after the last day, and then `followed_at` is set.
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
    open_cases = models.CharField(
        _("没有办完的诉求"),
        max_length=6,
        choices=OpenCases,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    followed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ResponsibilityQuerySet.as_manager()

    class Meta:
        verbose_name = _("职责范围")
        verbose_name_plural = pgettext_lazy("plural", "职责范围")
        constraints = [
            dates_in_order("responsibility_dates_in_order"),
            season_paired("responsibility_season_paired"),
            ExclusionConstraint(
                name="responsibility_one_owner",
                violation_error_message=_("这个地点在这段时间已有组织负责。"),
                expressions=[
                    (F("area"), RangeOperators.EQUAL),
                    (F("level"), RangeOperators.EQUAL),
                    (F("season_from"), RangeOperators.EQUAL),
                    (validity(), RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="responsibility_seasons_apart",
                violation_error_message=_("这个地点已有组织负责的季节和它重叠。"),
                expressions=[
                    (F("area"), RangeOperators.EQUAL),
                    (F("level"), RangeOperators.EQUAL),
                    (season_days(), RangeOperators.OVERLAPS),
                    (validity(), RangeOperators.OVERLAPS),
                ],
                condition=~Q(season_from=""),
            ),
        ]
        indexes = [models.Index(fields=["organisation"], name="responsibility_org")]

    def __str__(self) -> str:
        return f"{self.organisation} → {self.area}"


class MobileActivityRoom(models.Model):
    """A travelling activity yurt of a yurt group; only its public timetable is stored."""

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
    """An announced stop of a mobile activity room: date, place and services."""

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
