"""Catalogue tables: categories, service standards and privacy notices; all of them data."""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from grids.models import Area
from petitions.enums import CategoryChannel, Urgency

ARBITRATE_WITHIN = dt.timedelta(hours=4)
ACKNOWLEDGE_WITHIN = dt.timedelta(hours=4)
CONCLUDE_WITHIN = dt.timedelta(hours=24)  # three working days


LIMIT_BOUNDS = (
    MinValueValidator(dt.timedelta(minutes=15), _("时限不能短于15分钟。")),
    MaxValueValidator(dt.timedelta(days=366), _("时限不能长于366天。")),
)
"""What a duration of a service standard must lie between."""


class Category(models.Model):
    """A matter, in two levels; never a kind of person."""

    code = models.CharField(_("编码"), max_length=8, unique=True)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("大类"),
        related_name="children",
        null=True,
        blank=True,
    )
    name = models.CharField(_("名称"), max_length=40)
    name_en = models.CharField(_("英文名称"), max_length=80, blank=True)
    keywords = models.CharField(
        _("关键词"), max_length=300, blank=True, help_text=_("居民常用的说法，空格分隔")
    )
    search_text = models.TextField(blank=True, editable=False)
    urgency = models.CharField(_("默认紧急程度"), max_length=12, choices=Urgency)
    channel = models.CharField(
        _("受理方式"), max_length=14, choices=CategoryChannel, default=CategoryChannel.SERVICE
    )
    usual_lead = models.CharField(_("通常承办单位"), max_length=80, blank=True)
    icon = models.CharField(_("图标"), max_length=30, blank=True)
    emergency_phone = models.CharField(_("应急电话"), max_length=60, blank=True)
    rank = models.PositiveSmallIntegerField(_("顺序"), default=0)
    is_active = models.BooleanField(_("启用"), default=True)
    is_listed = models.BooleanField(
        _("在楼栋页公开"),
        default=True,
        help_text=_("关系到个人或家庭的事项不在楼栋页列出，以免被人认出是谁家"),
    )

    class Meta:
        verbose_name = _("类别")
        verbose_name_plural = pgettext_lazy("plural", "类别")
        ordering = ["rank", "code"]
        indexes = [
            GinIndex(fields=["search_text"], name="category_search", opclasses=["gin_trgm_ops"])
        ]

    def __str__(self) -> str:
        return self.name


class Standard(models.Model):
    """The service standard for an urgency in a region; the nearest region above the place wins.

    Limits are durations of working time, or of the clock when `is_round_the_clock`.
    The resident's confirmation and the decision on a return always count working time. Both limits
    of a task count from its sending.
    """

    region = models.ForeignKey(Area, models.CASCADE, related_name="+", verbose_name=_("地区"))
    urgency = models.CharField(_("紧急程度"), max_length=12, choices=Urgency)
    is_round_the_clock = models.BooleanField(_("全天候计时"), default=False)
    contact_within = models.DurationField(_("首次响应时限"), validators=LIMIT_BOUNDS)
    resolve_within = models.DurationField(_("办结时限"), validators=LIMIT_BOUNDS)
    answer_within = models.DurationField(_("答复升级时限"), validators=LIMIT_BOUNDS)
    confirm_within = models.DurationField(_("居民确认期限"), validators=LIMIT_BOUNDS)
    redo_within = models.DurationField(_("再办时限"), validators=LIMIT_BOUNDS)
    arbitrate_within = models.DurationField(
        _("裁定退单时限"),
        default=ARBITRATE_WITHIN,
        db_default=ARBITRATE_WITHIN,
        validators=LIMIT_BOUNDS,
    )
    acknowledge_within = models.DurationField(
        _("任务签收时限"),
        default=ACKNOWLEDGE_WITHIN,
        db_default=ACKNOWLEDGE_WITHIN,
        validators=LIMIT_BOUNDS,
    )
    conclude_within = models.DurationField(
        _("任务回复时限"),
        default=CONCLUDE_WITHIN,
        db_default=CONCLUDE_WITHIN,
        validators=LIMIT_BOUNDS,
    )

    class Meta:
        verbose_name = _("服务标准")
        verbose_name_plural = pgettext_lazy("plural", "服务标准")
        constraints = [
            models.UniqueConstraint(
                fields=["region", "urgency"],
                name="standard_one_a_region",
                violation_error_message=_("这个地区的这种紧急程度已有服务标准。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.get_urgency_display()}"


class PrivacyNotice(models.Model):
    """The text shown before a report is sent; its version is stored with the report."""

    version = models.CharField(_("版本"), max_length=20, unique=True)
    text = models.TextField(_("内容"))
    text_en = models.TextField(_("英文内容"), blank=True)
    valid_from = models.DateField(_("启用日期"))

    class Meta:
        verbose_name = _("隐私告知")
        verbose_name_plural = pgettext_lazy("plural", "隐私告知")
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""),
                name="privacy_notice_has_text",
                violation_error_message=_("请写告知的内容。"),
            )
        ]

    def __str__(self) -> str:
        return self.version
