"""Every question put to the tables of territory."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db.models import Case, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Length

from config.lib.db import tree_paths
from config.lib.db.validity import DatedQuerySet
from config.lib.viewer import Viewer
from grids import place_names
from grids.enums import Level

if TYPE_CHECKING:
    from grids.models import Area

LONGEST_QUERY = 60


class AreaQuerySet(DatedQuerySet["Area"]):
    """Questions about places."""

    def below(self, area: Area) -> Self:
        """Keep `area` itself and every place under it."""
        return self.filter(path__startswith=area.path)

    def visible_to(self, viewer: Viewer) -> Self:
        """Keep the places that the viewer's posts reach today, and the chain above them.

        Without a post that reaches a place (administrative hats, visitors): none.
        """
        paths = {path for seat in viewer.scope.posts for path in seat.area_paths if path}
        if not paths:
            return self.none()
        reach = Q(pk__in={pk for path in paths for pk in tree_paths.ids_of(path)})
        for path in paths:
            reach |= Q(path__startswith=path)
        return self.filter(reach)

    def reportable(self, day: dt.date) -> Self:
        """Keep the places a report can be filed at on `day`: communities and what is in them."""
        return self.on(day).filter(level__gte=Level.COMMUNITY)

    def search(self, typed: str) -> Self:
        """Find places by Chinese name, number, pinyin or its initials, or a mixture of them.

        Every run of characters, letters or digits must occur; a number counts from its first
        digit on, so that `46` finds 46号楼 but not 146号楼. Best first: the whole name or its
        initials, then names that begin so, then what holds it in one piece; shorter names before
        longer. Nothing typed finds nothing.
        """
        typed = typed.replace("\0", " ")  # no text for a database
        words = typed.lower().split()
        runs = place_names.runs(typed[:LONGEST_QUERY])
        if not runs:
            return self.none()
        found = self
        for run in runs:
            found = found.filter(_holds(run))
        whole = "".join(words)
        rank = Case(
            When(Q(full_name__iexact=whole) | Q(initials=whole), then=Value(0)),
            When(Q(full_name__istartswith=whole) | Q(initials__startswith=whole), then=Value(1)),
            When(search_text__contains=f" {whole}", then=Value(2)),
            When(search_text__contains=whole, then=Value(3)),
            default=Value(4),
            output_field=IntegerField(),
        )
        return found.order_by(rank, Length("full_name"), "sort_key", "pk")

    def with_current_code(self, day: dt.date) -> Self:
        """Add `current_code`: the official code of each place on `day`, or None."""
        codes = apps.get_model("grids", "AreaCode").objects
        valid = codes.filter(area=OuterRef("pk")).on(day).order_by("scheme").values("code")[:1]
        return self.annotate(current_code=Subquery(valid))


def _holds(run: str) -> Q:
    """Condition that a place's search words hold one run of what was typed."""
    if run.isdigit():
        return Q(search_text__regex=rf"(^|[^0-9]){run}")
    return Q(search_text__contains=run)
