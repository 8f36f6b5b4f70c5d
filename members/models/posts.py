"""Models of posts and enrolled cadres."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Organisation
from config.lib.db.validity import Dated, DatedQuerySet, check_order, dates_in_order
from grids.models import Area
from members.enums import ADMIN_ROLES, HEAD_ROLES, SINGLE_HEAD_ROLES, Role
from members.models.users import User


def _while_held() -> Func:
    """Return the days of a post as a range, for constraints; an open end has no upper bound."""
    return Func(F("valid_from"), F("valid_to"), Value("[]"), function="DATERANGE")


def _admin_role_number() -> Case:
    """Return 1, 2 or 3 for an administrator role and 0 for any other role."""
    return Case(
        *(
            When(role=role, then=Value(number))
            for number, role in enumerate(sorted(ADMIN_ROLES), start=1)
        ),
        default=Value(0),
        output_field=models.SmallIntegerField(),
    )


class PostQuerySet(DatedQuerySet["Post"]):
    """Queries on posts."""

    def held_by(self, user_id: int) -> Self:
        """Filter to the posts of one user."""
        return self.filter(user_id=user_id)

    def heads(self) -> Self:
        """Filter to the posts that head their organisation."""
        return self.filter(role__in=sorted(HEAD_ROLES))

    def active(self, day: dt.date) -> Self:
        """Filter to posts valid on `day` whose holder can log in."""
        return self.on(day).filter(user__is_active=True)


class Post(Dated):
    """A dated post: work is assigned to the post and done by its holder, or by a deputy if vacant.

    Its scope is the organisation and the places that is responsible for; the post of an API client
    covers an area; an administrator role has no scope.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="posts", verbose_name=_("任职人"))
    role = models.CharField(_("职务"), max_length=22, choices=Role)
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="posts",
        verbose_name=_("组织"),
    )
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="posts", verbose_name=_("范围")
    )
    is_deputy = models.BooleanField(_("副职"), default=False)
    rights_until = models.DateField(null=True, editable=False)
    """The last day on which the post gave rights; empty while it has no last day.

    Later than `valid_to` if the end was recorded afterwards. Conflicts of interest count until
    then: whoever held the rights when a case was reported has had the post for that case.
    """

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = _("任职")
        verbose_name_plural = pgettext_lazy("plural", "任职")
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=sorted(ADMIN_ROLES), organisation=None, area=None)
                | Q(role=Role.API_CLIENT, organisation=None, area__isnull=False)
                | (
                    ~Q(role__in=[*sorted(ADMIN_ROLES), Role.API_CLIENT])
                    & Q(organisation__isnull=False)
                ),
                name="post_reach_fits_role",
                violation_error_message=_(
                    "系统对接要填地区，不填组织；审计员、系统管理员、安全管理员两样都不填；"
                    "其他职务要填组织。"
                ),
            ),
            dates_in_order("post_dates_in_order"),
            ExclusionConstraint(
                name="post_one_head_at_a_time",
                expressions=[
                    (F("organisation"), RangeOperators.EQUAL),
                    (F("role"), RangeOperators.EQUAL),
                    (_while_held(), RangeOperators.OVERLAPS),
                ],
                condition=Q(role__in=sorted(SINGLE_HEAD_ROLES), is_deputy=False),
                violation_error_message=_("这一职务在这段时间已有人担任"),
            ),
            # A person's overlapping posts must all have the same administrator role, or none.
            ExclusionConstraint(
                name="post_hats_exclude_each_other",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (_admin_role_number(), RangeOperators.NOT_EQUAL),
                    (_while_held(), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_(
                    "审计、系统、安全三员须由不同的人担任，且不得兼任办理诉求的职务"
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["user"], name="post_user"),
            models.Index(fields=["organisation", "role"], name="post_org_role"),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.user}"


class NearbyEnrolment(models.Model):
    """A serving cadre enrolled into the nearest grid organisation (就近纳入).

    A second affiliation: it never counts for the 3/7/50 thresholds, quorum, votes or dues.
    Source: 支部工作条例 art. 16. Home address and family are not stored; the grid suffices.
    """

    name = models.CharField(_("姓名"), max_length=40)
    home_unit = models.CharField(_("工作单位"), max_length=80)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="enrolments", verbose_name=_("纳入组织")
    )
    user = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="enrolments",
        verbose_name=_("账号"),
    )
    skills = models.CharField(_("专长"), max_length=80, blank=True)
    availability = models.CharField(_("可服务时间"), max_length=80, blank=True)
    enrolled_on = models.DateField(_("纳入日期"))
    ended_on = models.DateField(_("转出日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("就近纳入干部")
        verbose_name_plural = pgettext_lazy("plural", "就近纳入干部")
        constraints = [dates_in_order("enrolment_dates_in_order", "enrolled_on", "ended_on")]
        indexes = [models.Index(fields=["organisation"], name="enrolment_org")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse an end before the enrolment, at the field of the end."""
        super().clean()
        check_order(self.enrolled_on, self.ended_on, "ended_on")
