"""Every question put to the tables of organisations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db.models import Prefetch, Q

from branches.enums import OrgLevel
from config.lib.db.validity import DatedQuerySet
from config.lib.viewer import Viewer

if TYPE_CHECKING:
    from branches.models import Organisation, Responsibility  # noqa: F401 - types only


class OrganisationQuerySet(DatedQuerySet["Organisation"]):
    """Questions about organisations."""

    def below(self, organisation: Organisation) -> Self:
        """Keep `organisation` itself and every organisation under it."""
        return self.filter(path__startswith=organisation.path)

    def visible_to(self, viewer: Viewer) -> Self:
        """Keep what the viewer's posts of today reach.

        Their organisations, everything below and the chain above; the organisations that belong
        to the places they reach; and, for whoever reaches anything, the city's departments, which
        serve everybody. Administrative hats reach nothing.
        """
        seats = viewer.scope.posts
        paths = {seat.organisation_path for seat in seats if seat.organisation_path}
        places = {path for seat in seats for path in seat.area_paths if path}
        if not paths and not places:
            return self.none()
        above = frozenset().union(*(seat.ancestor_ids for seat in seats))
        reach = Q(pk__in=above) | Q(level=OrgLevel.DEPARTMENT)
        for path in paths:
            reach |= Q(path__startswith=path)
        for path in places:
            reach |= Q(area__path__startswith=path)
        return self.filter(reach)

    def with_current_responsibilities(self, day: dt.date) -> Self:
        """Load what each organisation answers for on `day` as `current_responsibilities`."""
        rows = apps.get_model("branches", "Responsibility").objects.on(day)
        rows = rows.order_by("area_id", "season_from")
        return self.prefetch_related(
            Prefetch("responsibilities", rows, to_attr="current_responsibilities")
        )

    def search(self, words: str) -> Self:
        """Keep the organisations whose name holds every word."""
        found = self
        for word in words.replace("\0", " ").split():  # a NUL is no text for a database
            found = found.filter(Q(name__icontains=word) | Q(short_name__icontains=word))
        return found


class ResponsibilityQuerySet(DatedQuerySet["Responsibility"]):
    """Questions about who answers for what."""

    def responsible_for(self, area_ids: Iterable[int], day: dt.date) -> Self:
        """Keep what is valid on `day` for these places, with organisation and its place loaded.

        All seasons are returned; the caller keeps those that are `is_in_season(day)`.
        """
        return (
            self.filter(area_id__in=area_ids)
            .on(day)
            .filter(Q(organisation__valid_to__isnull=True) | Q(organisation__valid_to__gte=day))
            .select_related("organisation", "organisation__area", "area")
            .order_by("-area__path", "level", "season_from")
        )

    def of(self, organisation: Organisation, day: dt.date) -> Self:
        """Keep what `organisation` answers for on `day`, its places in reading order."""
        return (
            self.filter(organisation=organisation)
            .on(day)
            .select_related("area")
            .order_by("area__level", "area__sort_key", "season_from")
        )

    def at_level(self, level: OrgLevel, day: dt.date) -> Self:
        """Keep what organisations of one level answer for on `day`."""
        return self.filter(level=level).on(day)

    def grids_covered(self, day: dt.date) -> int:
        """Count the grids that a branch answers for on `day`."""
        branches = self.at_level(OrgLevel.BRANCH, day)
        return branches.order_by().values("area_id").distinct().count()
