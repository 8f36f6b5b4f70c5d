"""Filters of the list page and the API, and the named filters that counters use too."""

# django-filter has no types of its own.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, ClassVar

import django_filters as df
from django import forms
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework.filterset import FilterSet

from config.lib import clock
from config.lib.rest.filter_fields import DayFilter, LineFilter, WholeNumberFilter
from config.lib.viewer import Viewer
from grids.models import Area
from petitions import case_holders, involvement
from petitions.enums import (
    STATUS_CHOICES,
    VERB_CHOICES,
    Channel,
    Status,
    TaskState,
    Urgency,
)
from petitions.models import (
    CaseTask,
    Event,
    Petition,
    PetitionQuerySet,
    is_due_soon,
    is_overdue,
)
from petitions.rules import case_search, catalogue, task_queries
from petitions.states import FINAL, OPEN, RUNNING
from petitions.web.field_validation import MAX_ID

LONGEST_QUERY = 100
DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
Condition = Callable[[Viewer, dt.datetime], Q]


def _end_of_day(now: dt.datetime) -> dt.datetime:
    return _midnight(timezone.localtime(now).date() + dt.timedelta(days=1))


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=timezone.get_current_timezone())


NAMED_FILTERS: dict[str, Condition] = {
    "overdue": lambda _viewer, now: is_overdue(now),
    "due_soon": lambda _viewer, now: is_due_soon(now),
    "due_today": lambda _viewer, now: Q(
        status__in=RUNNING, due_at__gt=now, due_at__lt=_end_of_day(now)
    ),
    "to_accept": lambda _viewer, _now: Q(status=Status.SUBMITTED),
    "waiting": lambda viewer, _now: involvement.awaiting_answer_of(viewer) & Q(status__in=OPEN),
    "returned": lambda _viewer, _now: Q(status=Status.RETURNED),
    "to_confirm": lambda _viewer, _now: Q(status=Status.RESOLVED),
    "escalated": lambda _viewer, _now: Q(is_answer_owed=True, status__in=OPEN),
    "mine": lambda viewer, _now: involvement.handled_by(viewer),
    "former_holder": lambda _viewer, now: case_holders.is_held_by_former(timezone.localdate(now)),
    "to_acknowledge": lambda viewer, _now: task_queries.has_one_of(
        task_queries.done_for(viewer).filter(state=TaskState.SENT)
    ),
    "to_conclude": lambda viewer, _now: task_queries.has_one_of(
        task_queries.done_for(viewer).filter(state=TaskState.ACKNOWLEDGED)
    ),
    "task_overdue": lambda viewer, now: task_queries.has_one_of(
        task_queries.own_tasks(viewer).overdue(now)
    ),
    "handed_back": lambda viewer, _now: task_queries.has_one_of(
        task_queries.own_tasks(viewer).filter(state=TaskState.HANDED_BACK)
    ),
    "ordered": lambda viewer, _now: task_queries.has_one_of(
        task_queries.ordered_for(viewer).active()
    ),
}
"""Conditions on cases that one word in the URL names; all hold for open cases only."""

NAMED_FILTER_LABELS = {
    "overdue": _("已超期"),
    "due_soon": _("即将超期"),
    "due_today": _("今天到期"),
    "to_accept": _("待受理"),
    "waiting": _("待我答复"),
    "returned": _("已退单"),
    "to_confirm": _("待居民确认"),
    "escalated": _("升级待答复"),
    "mine": _("我经手"),
    "former_holder": _("要移交"),
    "to_acknowledge": _("待签收"),
    "to_conclude": _("待回复"),
    "task_overdue": _("任务超期"),
    "handed_back": _("任务被退回"),
    "ordered": _("交办未结"),
}


def named_filter(name: str, viewer: Viewer, now: dt.datetime) -> Q:
    """Return the condition of a named filter; lists filter by it and counters count by it."""
    return NAMED_FILTERS[name](viewer, now)


class FlagField(forms.Field):
    """A flag: `1` or `true`; `0` or `false` means the same as no value."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> bool | None:
        """Return True or None; refuse any other value."""
        if value in self.empty_values or str(value).lower() in {"0", "false"}:
            return None
        if str(value).lower() in {"1", "true"}:
            return True
        raise forms.ValidationError(_("请填1或0。"))


class FlagFilter(df.BooleanFilter):
    """Keeps the cases for which the named filter holds."""

    field_class = FlagField  # type: ignore[assignment]  # django-filter infers its own default
    parent: PetitionFilter

    def filter(self, qs: PetitionQuerySet, value: bool | None) -> PetitionQuerySet:
        """Filter by the named filter for the viewer and the time of the request."""
        if not value:
            return qs
        return qs.filter(named_filter(self.field_name, self.parent.viewer, self.parent.now))


class IdFilter(WholeNumberFilter):
    """Keeps the cases that reference the row with this id."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **kwargs)


def _flag(name: str) -> FlagFilter:
    return FlagFilter(field_name=name, label=NAMED_FILTER_LABELS[name])


class FilterForm(forms.Form):
    """The form of the filters, with checks across fields."""

    def clean(self) -> None:
        """Refuse an end date before the start date; an empty list would not explain itself."""
        first, last = (self.cleaned_data.get(name) for name in ("filed_from", "filed_to"))
        if first and last and last < first:
            self.add_error("filed_to", _("这一天早于开始日期，请改一个。"))


class PetitionFilter(FilterSet):
    """All filters of a list of cases; the queryset is already limited by `visible_to`."""

    STATES = [("open", _("在办")), ("closed", _("已办完")), ("all", _("全部"))]

    q = LineFilter(method="keep_matching", label=_("编号、地点、内容"), max_length=LONGEST_QUERY)
    state = df.ChoiceFilter(method="keep_state", choices=STATES, label=_("范围"))
    status = df.MultipleChoiceFilter(
        method="keep_statuses",
        choices=STATUS_CHOICES,
        label=_("状态"),
        widget=forms.CheckboxSelectMultiple,
    )
    urgency = df.MultipleChoiceFilter(
        method="keep_urgencies",
        choices=Urgency,
        label=_("紧急程度"),
        widget=forms.CheckboxSelectMultiple,
    )
    category = LineFilter(method="keep_category", label=_("类别"), max_length=8)
    channel = df.ChoiceFilter(choices=Channel, label=_("来源"), empty_label=_("全部"))
    organisation = IdFilter(field_name="organisation_id", label=_("负责组织"))
    subdistrict = IdFilter(field_name="subdistrict_id", label=_("街道（乡镇）"))
    community = IdFilter(field_name="community_id", label=_("社区（村）"))
    grid = IdFilter(field_name="grid_id", label=_("网格"))
    place = IdFilter(method="keep_below", label=_("地点"))
    filed_from = DayFilter(method="keep_filed_from", label=_("反映日期，从"), widget=DATE)
    filed_to = DayFilter(method="keep_filed_to", label=_("反映日期，到"), widget=DATE)
    overdue = _flag("overdue")
    due_soon = _flag("due_soon")
    due_today = _flag("due_today")
    to_accept = _flag("to_accept")
    waiting = _flag("waiting")
    returned = _flag("returned")
    to_confirm = _flag("to_confirm")
    escalated = _flag("escalated")
    mine = _flag("mine")
    former_holder = _flag("former_holder")
    to_acknowledge = _flag("to_acknowledge")
    to_conclude = _flag("to_conclude")
    task_overdue = _flag("task_overdue")
    handed_back = _flag("handed_back")
    ordered = _flag("ordered")
    doer = IdFilter(method="keep_with_task", label=_("承办部门"))
    late_doer = IdFilter(method="keep_with_late_task", label=_("承办部门（任务超期）"))

    _form_class: ClassVar[type[forms.Form] | None] = None

    class Meta:
        model = Petition
        form = FilterForm
        fields: list[str] = []

    def __init__(
        self,
        data: Any = None,
        queryset: PetitionQuerySet | None = None,
        *,
        request: HttpRequest | None = None,
        prefix: str | None = None,
        now: dt.datetime | None = None,
    ) -> None:
        super().__init__(data, queryset, request=request, prefix=prefix)
        self.now = now or clock.now()

    def get_form_class(self) -> type[forms.Form]:
        """Return the class of the form, made once: no field depends on the request."""
        if PetitionFilter._form_class is None:
            PetitionFilter._form_class = super().get_form_class()
        return PetitionFilter._form_class

    @property
    def viewer(self) -> Viewer:
        """The user of the request; filters such as "mine" depend on it."""
        assert self.request is not None
        viewer: Viewer = self.request.user
        return viewer

    def keep_matching(self, rows: PetitionQuerySet, _name: str, words: str) -> PetitionQuerySet:
        """Keep cases found by number, words, initials of the place, organisation or code."""
        return case_search.matching(rows, words)

    def keep_state(self, rows: PetitionQuerySet, _name: str, state: str) -> PetitionQuerySet:
        """Keep open or ended cases."""
        if state == "all":
            return rows
        return rows.open() if state == "open" else rows.filter(status__in=FINAL)

    def keep_statuses(
        self, rows: PetitionQuerySet, _name: str, statuses: list[str]
    ) -> PetitionQuerySet:
        """Keep cases in any of the statuses."""
        return rows.filter(status__in=statuses) if statuses else rows

    def keep_urgencies(
        self, rows: PetitionQuerySet, _name: str, urgencies: list[str]
    ) -> PetitionQuerySet:
        """Keep cases of any of the urgencies."""
        return rows.filter(urgency__in=urgencies) if urgencies else rows

    def keep_category(self, rows: PetitionQuerySet, _name: str, code: str) -> PetitionQuerySet:
        """Keep cases of a category, or of all below a first-level category."""
        return rows.filter(category__in=catalogue.ids_under(code))

    def keep_below(self, rows: PetitionQuerySet, _name: str, pk: int) -> PetitionQuerySet:
        """Keep cases of a place and of the places below it; none if the place is not visible."""
        area = Area.objects.visible_to(self.viewer).filter(pk=pk).first()
        return rows.none() if area is None else rows.filter(path__startswith=area.path)

    def keep_with_task(self, rows: PetitionQuerySet, _name: str, pk: int) -> PetitionQuerySet:
        """Keep cases in which an organisation has a task to conclude."""
        return rows.filter(task_queries.has_one_of(CaseTask.objects.done_by([pk]).owed()))

    def keep_with_late_task(self, rows: PetitionQuerySet, _name: str, pk: int) -> PetitionQuerySet:
        """Keep cases in which an organisation has an overdue task."""
        tasks = CaseTask.objects.done_by([pk]).overdue(self.now)
        return rows.filter(task_queries.has_one_of(tasks))

    def keep_filed_from(self, rows: PetitionQuerySet, _name: str, day: dt.date) -> PetitionQuerySet:
        """Keep cases filed on this day or later."""
        return rows.filter(created_at__gte=_midnight(day))

    def keep_filed_to(self, rows: PetitionQuerySet, _name: str, day: dt.date) -> PetitionQuerySet:
        """Keep cases filed on this day or earlier."""
        if day == dt.date.max:
            return rows
        return rows.filter(created_at__lt=_midnight(day + dt.timedelta(days=1)))


class EventFilter(FilterSet):
    """Filters of the events of visible cases."""

    after = WholeNumberFilter(
        field_name="id", lookup_expr="gt", min_value=0, max_value=MAX_ID, label=_("此编号之后")
    )
    petition = IdFilter(field_name="petition_id", label=_("诉求"))
    verb = df.MultipleChoiceFilter(choices=VERB_CHOICES, label=_("动作"))

    class Meta:
        model = Event
        fields: list[str] = []
