"""What a place or an organisation still holds in this app before it ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from branches.models import Organisation, Responsibility
from config.lib.holdings import Holding
from grids.models import Area


def of_place(area: Area, day: dt.date) -> Iterator[Holding]:
    """Yield the responsibilities for the place, and the organisations at it, after `day`."""
    still_open = _in_force_after(day)
    rows = Responsibility.objects.filter(still_open, area=area)
    names = list(rows.order_by("id").values_list("organisation__name", flat=True))
    if names:
        text = _("负责这里的组织还有 %(count)d 个，要另行结束职责：%(names)s。")
        words = {"count": len(names), "names": "、".join(names)}
        yield Holding("responsibilities", len(names), text % words)
    located = Organisation.objects.filter(still_open, area=area).order_by("path")
    names = list(located.values_list("name", flat=True))
    if names:
        text = _("所在地是这里的组织还有 %(count)d 个：%(names)s。")
        words = {"count": len(names), "names": "、".join(names)}
        yield Holding("organisations", len(names), text % words)


def of_organisation(organisation: Organisation, day: dt.date) -> Iterator[Holding]:
    """Yield the organisations below and the responsibilities after `day`; both must end before."""
    still_open = _in_force_after(day)
    below = Organisation.objects.below(organisation).exclude(pk=organisation.pk)
    names = list(below.filter(still_open).order_by("path").values_list("name", flat=True))
    if names:
        text = _("下面还有 %(count)d 个组织，请先撤销它们：%(names)s。")
        words = {"count": len(names), "names": "、".join(names)}
        yield Holding("organisations", len(names), text % words, blocks=True)
    rows = Responsibility.objects.filter(still_open, organisation=organisation)
    if count := rows.count():
        text = _("还有 %(count)d 项职责，请先结束职责。") % {"count": count}
        yield Holding("responsibilities", count, text, blocks=True)


def _in_force_after(day: dt.date) -> Q:
    """Condition: the row is still in force, or comes into force, after `day`."""
    return Q(valid_to__isnull=True) | Q(valid_to__gt=day)
