"""Filter set of places for pages and API."""

from __future__ import annotations

from django_filters.filters import ChoiceFilter
from django_filters.filterset import FilterSet

from config.lib.rest.filter_fields import LineFilter, WholeNumberFilter
from grids.enums import AreaKind, Level
from grids.models import Area, AreaQuerySet

LEVELS_BY_NAME = {level.name.lower(): level for level in Level}
MAX_ID = 2**63 - 1


class AreaFilter(FilterSet):
    """Filter places by level, kind, parent, ancestor and search words."""

    level = ChoiceFilter(
        choices=[(name, level.label) for name, level in LEVELS_BY_NAME.items()], method="at_level"
    )
    kind = ChoiceFilter(choices=AreaKind.choices)
    parent = WholeNumberFilter(field_name="parent_id", min_value=1, max_value=MAX_ID)
    under = WholeNumberFilter(method="below", min_value=1, max_value=MAX_ID)
    q = LineFilter(method="words", max_length=60)

    class Meta:
        model = Area
        fields: tuple[str, ...] = ()

    def at_level(self, queryset: AreaQuerySet, _name: str, value: str) -> AreaQuerySet:
        """Filter to one level, given by name (`building`)."""
        return queryset.filter(level=LEVELS_BY_NAME[value])

    def below(self, queryset: AreaQuerySet, _name: str, value: int) -> AreaQuerySet:
        """Filter to a place and its descendants; no rows if the place is not visible."""
        area = Area.objects.filter(pk=int(value)).first()
        return queryset.below(area) if area else queryset.none()

    def words(self, queryset: AreaQuerySet, _name: str, value: str) -> AreaQuerySet:
        """Filter by name, number or pinyin initials."""
        return queryset.search(value)
