"""One filter set for lists of organisations."""

from __future__ import annotations

from django_filters.filters import CharFilter, ChoiceFilter, NumberFilter
from django_filters.filterset import FilterSet

from branches.enums import OrgKind, OrgLevel
from branches.models import Organisation
from branches.querysets import OrganisationQuerySet

BIGGEST_ID = 2**63 - 1


class OrganisationFilter(FilterSet):
    """Organisations by level, kind, the superior, any organisation above, place, and words."""

    level = ChoiceFilter(choices=OrgLevel.choices)
    kind = ChoiceFilter(choices=OrgKind.choices)
    parent = NumberFilter(field_name="parent_id", min_value=1, max_value=BIGGEST_ID)
    area = NumberFilter(field_name="area_id", min_value=1, max_value=BIGGEST_ID)
    under = NumberFilter(method="below", min_value=1, max_value=BIGGEST_ID)
    q = CharFilter(method="words", max_length=60)

    class Meta:
        model = Organisation
        fields: tuple[str, ...] = ()

    def below(self, queryset: OrganisationQuerySet, _name: str, value: int) -> OrganisationQuerySet:
        """Keep an organisation and those below it."""
        above = Organisation.objects.filter(pk=int(value)).first()
        return queryset.below(above) if above else queryset.none()

    def words(self, queryset: OrganisationQuerySet, _name: str, value: str) -> OrganisationQuerySet:
        """Keep the organisations whose name holds every word."""
        return queryset.search(value)
