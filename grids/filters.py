"""One filter set for lists of places."""

from __future__ import annotations

from django_filters.filters import CharFilter, ChoiceFilter, NumberFilter
from django_filters.filterset import FilterSet

from grids.enums import AreaKind, Level
from grids.models import Area
from grids.querysets import AreaQuerySet

LEVEL_WORDS = {level.name.lower(): level for level in Level}
BIGGEST_ID = 2**63 - 1


class AreaFilter(FilterSet):
    """Places by level, kind, the place right above, any place above, and words."""

    level = ChoiceFilter(
        choices=[(word, level.label) for word, level in LEVEL_WORDS.items()], method="at_level"
    )
    kind = ChoiceFilter(choices=AreaKind.choices)
    parent = NumberFilter(field_name="parent_id", min_value=1, max_value=BIGGEST_ID)
    under = NumberFilter(method="below", min_value=1, max_value=BIGGEST_ID)
    q = CharFilter(method="words", max_length=60)

    class Meta:
        model = Area
        fields: tuple[str, ...] = ()

    def at_level(self, queryset: AreaQuerySet, _name: str, value: str) -> AreaQuerySet:
        """Keep one level, by its word (`building`)."""
        return queryset.filter(level=LEVEL_WORDS[value])

    def below(self, queryset: AreaQuerySet, _name: str, value: int) -> AreaQuerySet:
        """Keep a place and what lies in it; a place out of reach holds nothing."""
        area = Area.objects.filter(pk=int(value)).first()
        return queryset.below(area) if area else queryset.none()

    def words(self, queryset: AreaQuerySet, _name: str, value: str) -> AreaQuerySet:
        """Keep what is found by name, number or pinyin initials."""
        return queryset.search(value)
