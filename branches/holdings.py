"""What a place still holds in this app before it is closed: responsibilities, organisations."""

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
    still_open = Q(valid_to__isnull=True) | Q(valid_to__gt=day)
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
