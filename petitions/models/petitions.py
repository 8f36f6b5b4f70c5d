"""The case, and the queryset of cases; `visible_to` is the only rule of who sees which case."""

from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Organisation
from config.lib import row_urls
from config.lib.viewer import Viewer
from grids.models import Area
from members.models import User
from petitions import involvement, text_search
from petitions.enums import (
    EXPLAINED_OUTCOMES,
    CaseLevel,
    Channel,
    ClosedBy,
    Outcome,
    Regime,
    Status,
    Urgency,
)
from petitions.models.case_dates import is_due_soon, is_overdue
from petitions.models.case_tasks import DOERS_INDEX, CaseWithTasks
from petitions.models.catalogue import Category
from petitions.states import OPEN, RUNNING

TZ = zoneinfo.ZoneInfo("Asia/Shanghai")
INDEXED_AS_OPEN = sorted(OPEN)
"""The statuses of the partial indexes of open cases, in a fixed order for the migrations."""

RARE_WORD_LIMIT = 1000
"""Words found in fewer visible cases than this are looked up in a query of their own."""
IS_EXTERNAL, IS_RETURNED = ~Q(external_number=""), Q(status=Status.RETURNED)


class PetitionQuerySet(models.QuerySet["Petition"]):
    """Queries on cases."""

    # Filtered by a word that many cases contain: counting would read all of them each time.
    is_too_many_to_count = False

    def visible_to(self, viewer: Viewer) -> Self:
        """Filter to the cases that the viewer may see by the posts held today.

        A case about an organisation is hidden from everybody in it and below it, an accusation
        from everybody but officials of the city. A viewer without a post sees none.
        """
        condition = involvement.visible_to(viewer.scope)
        return self.none() if condition is None else self.filter(condition)

    def open(self) -> Self:
        """Filter to the cases that have not ended."""
        return self.filter(status__in=OPEN)

    def running(self) -> Self:
        """Filter to the cases whose handling deadline runs."""
        return self.filter(status__in=RUNNING)

    def overdue(self, now: dt.datetime) -> Self:
        """Filter to the running cases with a deadline of the handling side before `now`."""
        return self.filter(is_overdue(now))

    def due_soon(self, now: dt.datetime) -> Self:
        """Filter to the running cases that have used 80 % of a deadline and not passed it."""
        return self.filter(is_due_soon(now))

    def to_accept(self) -> Self:
        """Filter to the cases that have not been accepted."""
        return self.filter(status=Status.SUBMITTED)

    def returned(self) -> Self:
        """Filter to the cases that were returned and wait for another responsible organisation."""
        return self.filter(status=Status.RETURNED)

    def handled_by(self, viewer: Viewer) -> Self:
        """Filter to the running cases that the viewer or the viewer's organisations handle."""
        return self.filter(involvement.handled_by(viewer))

    def awaiting_answer_of(self, viewer: Viewer) -> Self:
        """Filter to the cases whose escalation the viewer's own organisations must answer."""
        return self.filter(involvement.awaiting_answer_of(viewer))

    def matching(self, words: str, others: Q | None = None) -> Self:
        """Filter to the case with a typed number, cases whose text matches, and `others`.

        No statement asks for words beyond this queryset: a word in a hidden case costs nothing.
        """
        query = text_search.query(words)
        if query is None:
            return self
        condition = Q(search=query) | (others or Q())
        if ids := text_search.petition_ids(words):
            condition |= Q(pk__in=ids)
        # The planner cannot estimate how rare a word is and would scan a million cases for none.
        cases = self.filter(condition)
        ids = list(cases.order_by().values_list("pk", flat=True)[:RARE_WORD_LIMIT])
        if len(ids) < RARE_WORD_LIMIT:
            return self.filter(pk__in=ids)
        cases.is_too_many_to_count = True
        return cases

    def _clone(self) -> Self:
        copy: Self = super()._clone()  # type: ignore[misc]  # the framework's, without types
        copy.is_too_many_to_count = self.is_too_many_to_count
        return copy

    def with_parts(self) -> Self:
        """Join category, community and the involved organisations."""
        return self.select_related(
            "category", "category__parent", "community", *involvement.ORGANISATIONS
        )

    def same_matter(self, place_id: int, category_id: int | None, since: dt.datetime) -> Self:
        """Filter to cases of a place (and category), open or submitted after `since`, without
        accusations and cases about an organisation."""
        cases = self.filter(involvement.unrestricted(), place_id=place_id)
        if category_id is not None:
            cases = cases.filter(category_id=category_id)
        return cases.filter(Q(status__in=OPEN) | Q(created_at__gte=since))


class Petition(CaseWithTasks):
    """One matter a resident reported, with the place and organisation it was filed under.

    `organisation` answers for the case and is never empty. `group` is the Party group of the
    building, `assigned_group` the one the case was handed to, `department` the one ordered last,
    `supervisor` the organisation that must answer an escalation, `arbiter` the one that decides on
    a return, or did. `due_at` is the earliest open limit of the handling side, `soon_at` the moment
    80 % of it are used; `answer_due_at` is that of the answer that an escalation waits for,
    `decision_due_at` that of the decision that a return waits for. State, responsibility and level
    change only together with an event.
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
    arbiter = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="+", db_index=False
    )
    returned_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", db_index=False
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
    answer_due_at = models.DateTimeField(null=True, blank=True)
    answer_soon_at = models.DateTimeField(null=True, blank=True)
    decision_due_at = models.DateTimeField(null=True, blank=True)
    decision_soon_at = models.DateTimeField(null=True, blank=True)
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
                condition=~Q(status=Status.RETURNED, arbiter=models.F("organisation")),
                name="petition_returner_never_arbiter",
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
        indexes = [  # a key without an index of its own begins one of these
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
                fields=["arbiter"], name="petition_returned_arbiter", condition=IS_RETURNED
            ),
            models.Index(
                fields=["department"],
                name="petition_department",
                condition=Q(department__isnull=False),
            ),
            models.Index(
                fields=["external_number"], name="petition_external_number", condition=IS_EXTERNAL
            ),
            models.Index(
                fields=["group", "-id"], name="petition_group", condition=Q(group__isnull=False)
            ),
            GinIndex(fields=["assignee_ids"], name="petition_assignees"),
            DOERS_INDEX,
            GinIndex(fields=["search"], name="petition_search"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """Return the URL of the case page."""
        return row_urls.url("petitions:case", self.pk)

    @property
    def status_label(self) -> str:
        """The status in words; `get_status_display` translates all choices to find one."""
        return str(Status(self.status).label)

    @property
    def urgency_label(self) -> str:
        """The urgency in words; see `status_label`."""
        return str(Urgency(self.urgency).label)

    @property
    def number(self) -> str:
        """The case number shown to people: year of submission and id, e.g. `2026-000123`."""
        return f"{self.created_at.astimezone(TZ):%Y}-{self.pk:06d}"

    @property
    def is_open(self) -> bool:
        """Tell whether the case has not ended."""
        return self.status in OPEN

    @property
    def is_running(self) -> bool:
        """Tell whether the handling deadline runs."""
        return self.status in RUNNING

    @property
    def is_explained(self) -> bool:
        """Tell whether the answer explains why nothing is done, instead of a solution."""
        return self.outcome in EXPLAINED_OUTCOMES

    @property
    def holder_id(self) -> int | None:
        """Id of the organisation that must act now (`involvement.holder`); None if none must."""
        if not self.is_running:
            return None
        arbiter_id = self.arbiter_id if self.status == Status.RETURNED else None
        return arbiter_id or self.assigned_group_id or self.organisation_id
