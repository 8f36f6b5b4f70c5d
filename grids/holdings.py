"""What a place still holds in this app before it is closed: places below, and posters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from config.lib.holdings import Holding
from grids.models import Area, PlaceQr


def of_place(area: Area, day: dt.date) -> Iterator[Holding]:
    """Yield the places below that are in use after `day`, and the posters that hang there."""
    still_open = Q(valid_to__isnull=True) | Q(valid_to__gt=day)
    below = Area.objects.below(area).exclude(pk=area.pk).filter(still_open).count()
    if below:
        text = _("下面还有 %(count)d 个在用的地点，请先停用它们。")
        yield Holding("places", below, text % {"count": below}, blocks=True)
    posters = PlaceQr.objects.filter(area=area, revoked_at=None).count()
    if posters:
        text = _("楼栋二维码 %(count)d 个还没有停用，海报还贴着。")
        yield Holding("posters", posters, text % {"count": posters})
