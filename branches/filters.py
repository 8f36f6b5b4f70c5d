"""Filter set of organisations for pages and API."""

from __future__ import annotations

from django_filters.filters import ChoiceFilter
from django_filters.filterset import FilterSet

from branches.enums import OrgKind, OrgLevel
from branches.models import Organisation, OrganisationQuerySet
from config.lib.rest.filter_fields import LineFilter, WholeNumberFilter

MAX_ID = 2**63 - 1


class OrganisationFilter(FilterSet):
    """Filter organisations by level, kind, parent, ancestor, area and search words."""

    level = ChoiceFilter(choices=OrgLevel.choices)
    kind = ChoiceFilter(choices=OrgKind.choices)
    parent = WholeNumberFilter(field_name="parent_id", min_value=1, max_value=MAX_ID)
    area = WholeNumberFilter(field_name="area_id", min_value=1, max_value=MAX_ID)
    under = WholeNumberFilter(method="below", min_value=1, max_value=MAX_ID)
    q = LineFilter(method="words", max_length=60)

    class Meta:
        model = Organisation
        fields: tuple[str, ...] = ()

    def below(self, queryset: OrganisationQuerySet, _name: str, value: int) -> OrganisationQuerySet:
        """Filter to an organisation and its descendants."""
        ancestor = Organisation.objects.filter(pk=int(value)).first()
        return queryset.below(ancestor) if ancestor else queryset.none()

    def words(self, queryset: OrganisationQuerySet, _name: str, value: str) -> OrganisationQuerySet:
        """Filter to organisations whose name contains every word."""
        return queryset.search(value)
