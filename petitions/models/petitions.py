"""The case itself and what hangs on it: contact, notes, photos, doors, feedback, me-toos."""

from __future__ import annotations

import uuid
import zoneinfo

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Organisation
from grids.models import Area
from members.models import User
from petitions.enums import (
    CaseLevel,
    Channel,
    ClosedBy,
    DoorResult,
    Outcome,
    PhotoKind,
    Regime,
    Solved,
    Status,
    Urgency,
)
from petitions.models.catalogue import Category
from petitions.querysets import PetitionQuerySet
from petitions.states import OPEN, RUNNING

TZ = zoneinfo.ZoneInfo("Asia/Shanghai")
INDEXED_AS_OPEN = sorted((*OPEN, Status.SUSPENDED))
"""The statuses of the partial indexes of open cases; `OPEN` is a part of them."""


class Petition(models.Model):
    """One matter a resident reported, with the place and organisation it was filed under.

    `organisation` answers for the case (first receiver leads) and is never empty. `group` is the
    Party group of the building, `assigned_group` the one the case was handed to. `supervisor` is
    the organisation an escalation made responsible for an answer. `due_at` is the earliest open
    limit of the handling side, `soon_at` the moment 80 % of it are used.
    State, responsibility and level change only together with an event; the database sees to it.
    A key without an index of its own begins one of those below.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    tracking_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("反映时间"), default=timezone.now)
    channel = models.CharField(_("来源"), max_length=10, choices=Channel)
    regime = models.CharField(
        _("适用制度"), max_length=14, choices=Regime, default=Regime.COMMUNITY
    )
    external_number = models.CharField(_("外部编号"), max_length=40, blank=True)
    language = models.CharField(max_length=10, default="zh-hans")
    notice_version = models.CharField(_("隐私告知版本"), max_length=20)
    is_sample = models.BooleanField(default=False, editable=False)

    status = models.CharField(_("状态"), max_length=12, choices=Status, default=Status.SUBMITTED)
    version = models.PositiveIntegerField(default=1)
    urgency = models.CharField(_("紧急程度"), max_length=12, choices=Urgency)
    category = models.ForeignKey(
        Category, models.PROTECT, related_name="petitions", verbose_name=_("类别"), db_index=False
    )
    text = models.TextField(_("反映内容"), max_length=2000)
    since = models.CharField(_("从什么时候开始"), max_length=60, blank=True)

    place = models.ForeignKey(
        Area, models.PROTECT, related_name="petitions", verbose_name=_("地点"), db_index=False
    )
    place_name = models.CharField(_("地点"), max_length=200)
    path = models.CharField(max_length=64, editable=False)
    subdistrict = models.ForeignKey(
        Area, models.PROTECT, null=True, related_name="+", verbose_name=_("街道")
    )
    community = models.ForeignKey(
        Area, models.PROTECT, null=True, related_name="+", verbose_name=_("社区"), db_index=False
    )
    grid = models.ForeignKey(
        Area, models.PROTECT, null=True, related_name="+", verbose_name=_("网格")
    )

    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        related_name="petitions",
        verbose_name=_("负责组织"),
        db_index=False,
    )
    group = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("楼栋党小组"),
        db_index=False,
    )
    assigned_group = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("承办党小组"),
    )
    assignee_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    department = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("承办部门"),
        db_index=False,
    )
    supervisor = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("督办组织"),
    )
    about_organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("反映对象组织"),
    )
    is_answer_owed = models.BooleanField(_("待督办组织答复"), default=False)
    is_sealed = models.BooleanField(_("检举控告渠道"), default=False)
    is_route_final = models.BooleanField(_("改派为终局"), default=False)
    route = models.JSONField(_("去向依据"), default=dict)
    route_text = models.CharField(_("去向说明"), max_length=400)
    level = models.CharField(_("当前层级"), max_length=12, choices=CaseLevel)
    resolution_level = models.CharField(_("办结层级"), max_length=12, choices=CaseLevel, blank=True)

    due_at = models.DateTimeField(_("办理时限"), null=True, blank=True)
    soon_at = models.DateTimeField(null=True, blank=True)
    is_due_provisional = models.BooleanField(default=False)
    returns = models.PositiveSmallIntegerField(_("退单次数"), default=0)
    round = models.PositiveSmallIntegerField(_("办结轮次"), default=0)
    disputes = models.PositiveSmallIntegerField(_("不认可次数"), default=0)
    filed_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("登记人")
    )
    accepted_at = models.DateTimeField(_("受理时间"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("办结时间"), null=True, blank=True)
    resolved_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(_("结案时间"), null=True, blank=True)
    closed_by = models.CharField(_("结案方式"), max_length=10, choices=ClosedBy, blank=True)
    outcome = models.CharField(_("办理结果"), max_length=14, choices=Outcome, blank=True)
    cause = models.CharField(_("原因"), max_length=200, blank=True)
    public_answer = models.TextField(_("给居民的答复"), max_length=2000, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged"
    )
    search = SearchVectorField(null=True, editable=False)

    objects = PetitionQuerySet.as_manager()

    class Meta:
        verbose_name = _("诉求")
        verbose_name_plural = pgettext_lazy("plural", "诉求")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(version__gte=1), name="petition_version_from_one"),
            models.CheckConstraint(
                condition=Q(about_organisation=None)
                | ~Q(about_organisation=models.F("organisation")),
                name="petition_never_judge_in_own_cause",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.CLOSED)
                | (Q(closed_at__isnull=False) & ~Q(closed_by="")),
                name="petition_closed_says_how",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.RESOLVED)
                | (Q(resolved_at__isnull=False) & ~Q(public_answer="") & ~Q(outcome="")),
                name="petition_resolved_has_answer",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.MERGED) | Q(merged_into__isnull=False),
                name="petition_merged_says_where",
            ),
            models.CheckConstraint(
                condition=Q(is_answer_owed=False) | Q(supervisor__isnull=False),
                name="petition_answer_owed_by_somebody",
            ),
        ]
        indexes = [
            # Whose cases and what they are about is asked together: each way in by both.
            models.Index(
                fields=["path", "category"],
                name="petition_path_category",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
            models.Index(fields=["organisation", "category"], name="petition_org_category"),
            models.Index(fields=["community", "category"], name="petition_community_category"),
            models.Index(fields=["category", "-id"], name="petition_category"),
            models.Index(fields=["community", "-id"], name="petition_community"),
            models.Index(fields=["organisation", "-id"], name="petition_org"),
            models.Index(fields=["place", "category", "-id"], name="petition_place"),
            models.Index(
                fields=["path", "due_at"],
                name="petition_open_path",
                opclasses=["varchar_pattern_ops", "timestamptz_ops"],
                condition=Q(status__in=INDEXED_AS_OPEN),
            ),
            models.Index(
                fields=["organisation", "due_at"],
                name="petition_open_org",
                condition=Q(status__in=INDEXED_AS_OPEN),
            ),
            models.Index(
                fields=["supervisor"],
                name="petition_open_supervisor",
                condition=Q(is_answer_owed=True),
            ),
            models.Index(
                fields=["department"],
                name="petition_department",
                condition=Q(department__isnull=False),
            ),
            models.Index(
                fields=["group", "-id"], name="petition_group", condition=Q(group__isnull=False)
            ),
            GinIndex(fields=["assignee_ids"], name="petition_assignees"),
            GinIndex(fields=["search"], name="petition_search"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """Return the case page."""
        return reverse("petitions:case", args=[self.pk])

    @property
    def number(self) -> str:
        """The number people read out: year of filing and serial, e.g. `2026-000123`."""
        return f"{self.created_at.astimezone(TZ):%Y}-{self.pk:06d}"

    @property
    def is_open(self) -> bool:
        """Tell whether anything is still owed."""
        return self.status in OPEN

    @property
    def is_running(self) -> bool:
        """Tell whether the handling side's clock runs."""
        return self.status in RUNNING

    @property
    def holder_id(self) -> int | None:
        """The organisation that has the case in hand now; none while the resident is asked."""
        if not self.is_running:
            return None
        return self.assigned_group_id or self.organisation_id


class Contact(models.Model):
    """How to reach the petitioner: encrypted, apart, opened only with a reason and a trace.

    `cipher` is AES-GCM over a small JSON object, bound to the case's uuid; `last4_hash` checks the
    last four digits on the tracking page without opening it.
    """

    petition = models.OneToOneField(Petition, models.CASCADE, related_name="contact")
    cipher = models.BinaryField()
    key_id = models.CharField(max_length=20)
    last4_hash = models.CharField(max_length=64)
    is_confidential = models.BooleanField(_("对承办人保密"), default=False)

    class Meta:
        verbose_name = _("联系方式")
        verbose_name_plural = pgettext_lazy("plural", "联系方式")

    def __str__(self) -> str:
        return "•••"


class Note(models.Model):
    """Words of one event, internal or for the resident; apart, so they can be redacted.

    `cause` is what an answer named as the cause; a later round names its own.
    """

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="notes")
    event = models.OneToOneField("petitions.Event", models.PROTECT, related_name="note")
    body = models.TextField(max_length=2000)
    cause = models.CharField(max_length=200, blank=True, default="", db_default="")
    is_public = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("备注")
        verbose_name_plural = pgettext_lazy("plural", "备注")

    def __str__(self) -> str:
        return f"{self.petition_id}"


class Photo(models.Model):
    """A re-encoded photo without metadata; served only through the case's visibility rule."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    petition = models.ForeignKey(Petition, models.PROTECT, related_name="photos")
    event = models.ForeignKey("petitions.Event", models.PROTECT, related_name="photos")
    kind = models.CharField(max_length=8, choices=PhotoKind)
    name = models.CharField(max_length=80, unique=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    is_public = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("照片")
        verbose_name_plural = pgettext_lazy("plural", "照片")
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.uuid)


class DoorVisit(models.Model):
    """What was found at one door of a building for one case; erased when the case closes."""

    petition = models.ForeignKey(Petition, models.CASCADE, related_name="doors")
    area = models.ForeignKey(Area, models.PROTECT, related_name="+")
    entrance = models.PositiveSmallIntegerField()
    floor = models.PositiveSmallIntegerField()
    door = models.PositiveSmallIntegerField()
    result = models.CharField(max_length=12, choices=DoorResult)
    visited_at = models.DateTimeField()

    class Meta:
        verbose_name = _("入户核实")
        verbose_name_plural = pgettext_lazy("plural", "入户核实")
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "area", "entrance", "floor", "door"], name="door_once_a_case"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entrance}-{self.floor}-{self.door}"


class Feedback(models.Model):
    """What the resident said about one round of resolution: solved or not, and the rating.

    Once per round. Silence is a row of its own and never counts as satisfied.
    """

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="feedback")
    round = models.PositiveSmallIntegerField()
    solved = models.CharField(max_length=8, choices=Solved, blank=True)
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    is_by_phone = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("居民反馈")
        verbose_name_plural = pgettext_lazy("plural", "居民反馈")
        constraints = [
            models.UniqueConstraint(fields=["petition", "round"], name="feedback_once_a_round"),
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__range=(1, 5)), name="feedback_rating_1_to_5"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.petition_id}/{self.round}"


class MeToo(models.Model):
    """Somebody else affected by the same matter joined in; nothing is kept about who it was."""

    petition = models.ForeignKey(Petition, models.PROTECT, related_name="me_toos")
    key = models.UUIDField(unique=True)
    tracking_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("我家也是")
        verbose_name_plural = pgettext_lazy("plural", "我家也是")

    def __str__(self) -> str:
        return f"{self.petition_id}"
