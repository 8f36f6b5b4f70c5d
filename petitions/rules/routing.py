"""Route a report: the responsible organisation, and the sentence that explains the choice.

`route` reads nothing: it works on the areas above a place and their responsibilities of one day.
Desk, public page and API use it. There is always a responsible organisation: the branch of the
grid, else the community, else the subdistrict, else the city.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from branches import responsibility_cache
from branches.enums import ESCALATION_ORDER, OrgLevel
from branches.models import Organisation, Responsibility
from grids.enums import Level
from grids.models import Area
from petitions import exclusion, involvement
from petitions.enums import CaseLevel, CategoryChannel
from petitions.exclusion import ConflictOfInterest

CASE_LEVEL: dict[str, CaseLevel] = {
    OrgLevel.GROUP: CaseLevel.GRID,
    OrgLevel.BRANCH: CaseLevel.GRID,
    OrgLevel.COMMUNITY: CaseLevel.COMMUNITY,
    OrgLevel.SUBDISTRICT: CaseLevel.SUBDISTRICT,
    OrgLevel.CITY: CaseLevel.CITY,
}
RECORD_LANGUAGE = "zh-hans"
OWNER_LEVELS = (OrgLevel.SUBDISTRICT, OrgLevel.COMMUNITY, OrgLevel.BRANCH)
"""The levels of organisations that a case can be reassigned to."""


class NoResponsibleOrganisation(LookupError):
    """No organisation is responsible for the place: the territory is not set up."""


@dataclass(frozen=True, slots=True)
class ResponsibleChain:
    """A place, its areas from the city down to itself, and the responsibilities for each."""

    area: Area
    chain: tuple[Area, ...]
    answering: tuple[Responsibility, ...]

    def at(self, level: Level) -> Area | None:
        """Return the area at `level` that contains the place, None if there is none."""
        return next((area for area in self.chain if area.level == level), None)

    def organisation_at(self, level: OrgLevel) -> Responsibility | None:
        """Return the responsibility at `level`: smallest area first, seasonal before others."""
        rows = [row for row in self.answering if row.level == level]
        rows.sort(key=lambda row: (len(row.area.path), bool(row.season_from)), reverse=True)
        return rows[0] if rows else None

    def organisations_below_city(self) -> tuple[Organisation, ...]:
        """Return the organisations a report from here can be about, the lowest level first.

        The responsible organisation of each level, without Party groups and the city.
        """
        levels = [
            level for level in ESCALATION_ORDER if level not in (OrgLevel.GROUP, OrgLevel.CITY)
        ]
        rows = (self.organisation_at(level) for level in levels)
        return tuple(row.organisation for row in rows if row is not None)


@dataclass(frozen=True, slots=True)
class Route:
    """The responsible organisation of a report, the building's Party group, and the reasons."""

    organisation: Organisation
    group: Organisation | None
    level: CaseLevel
    parts: dict[str, Any]

    @property
    def sentence(self) -> str:
        """The explanation in the active language."""
        return explain(self.parts)


def load_place(area: Area, day: dt.date) -> ResponsibleChain:
    """Return a place with its responsibilities on `day` (mostly one query).

    Raises `NoResponsibleOrganisation` if the place does not exist.
    """
    chain = place(area.pk, day)
    if chain is None:
        raise NoResponsibleOrganisation(area.pk)
    return chain


def place(
    area_id: int, day: dt.date, register_version: int | None = None
) -> ResponsibleChain | None:
    """Return a place with its responsibilities on `day`, None if there is no such place.

    `register_version` is that of the registers, if the caller has just read it.
    """
    cached = responsibility_cache.responsible_for(area_id, day, register_version)
    if cached is None:
        return None
    chain, answering = cached
    return ResponsibleChain(chain[-1], chain, answering)


def route(
    place: ResponsibleChain,
    *,
    channel: str = CategoryChannel.SERVICE,
    about: Organisation | None = None,
) -> Route:
    """Choose the responsible organisation for a report from `place`.

    An accusation goes to the city. A report about an organisation goes to the first level above
    it; neither that organisation nor one below it takes part.
    """
    if channel == CategoryChannel.ACCUSATION:
        responsibility = place.organisation_at(OrgLevel.CITY)
        if responsibility is None:
            raise NoResponsibleOrganisation(place.area.pk)
        return _route(place, responsibility, None, "accusation")
    first = OrgLevel.BRANCH if about is None else _above(about)
    for level in ESCALATION_ORDER[ESCALATION_ORDER.index(first) :]:
        responsibility = place.organisation_at(level)
        if responsibility is not None and (
            about is None or responsibility.organisation_id != about.pk
        ):
            group = place.organisation_at(OrgLevel.GROUP) if about is None else None
            why = (
                "about"
                if about is not None
                else "place"
                if level == OrgLevel.BRANCH
                else "fallback"
            )
            return _route(place, responsibility, group, why)
    raise NoResponsibleOrganisation(place.area.pk)


def successor(
    place: ResponsibleChain,
    level: OrgLevel,
    petition: ConflictOfInterest | None = None,
    *,
    knowing_ids: Set[int] = frozenset(),
) -> Route | None:
    """Choose who takes over the cases of an organisation of `level` that left the place.

    The organisation of the same level, otherwise the next one above; never the organisation that
    `petition` is about or one below it. Those that know a contact which is kept from the handling
    organisation (`knowing_ids`) only if there is nobody else. None if there is nobody.
    """
    first: Route | None = None
    for route in _successors(place, level, petition):
        if route.organisation.pk not in knowing_ids:
            is_skipped = first is not None
            return replace(route, parts=route.parts | {"why": "knowing"}) if is_skipped else route
        first = first or route
    return first


def _successors(
    place: ResponsibleChain, level: OrgLevel, petition: ConflictOfInterest | None
) -> Iterator[Route]:
    """Yield the routes to those who can take over, the lowest level first."""
    is_about = petition is not None and involvement.is_about_organisation(petition)
    for higher in ESCALATION_ORDER[ESCALATION_ORDER.index(level) :]:
        row = place.organisation_at(higher)
        if row is None:
            continue
        if petition and exclusion.is_organisation_excluded(row.organisation, petition):
            continue
        if is_about:
            yield _route(place, row, None, "about")
            continue
        why = "place" if higher == OrgLevel.BRANCH else "fallback"
        yield _route(place, row, place.organisation_at(OrgLevel.GROUP), why)


def _above(about: Organisation) -> OrgLevel:
    if about.level not in ESCALATION_ORDER:
        return OrgLevel.COMMUNITY
    here = ESCALATION_ORDER.index(OrgLevel(about.level))
    return ESCALATION_ORDER[min(here + 1, len(ESCALATION_ORDER) - 1)]


def _route(
    place: ResponsibleChain, responsibility: Responsibility, group: Responsibility | None, why: str
) -> Route:
    """Return the route; a Party group of another branch, left behind by a handover, is no part."""
    if group and responsibility.organisation_id not in group.organisation.ancestor_ids:
        group = None
    parts = {
        "why": why,
        "place": place.area.full_name,
        "area": responsibility.area.full_name,
        "organisation": responsibility.organisation.name,
        "since": responsibility.valid_from.isoformat(),
        "group": group.organisation.name if group else "",
        "organisation_id": responsibility.organisation_id,
        "area_id": responsibility.area_id,
    }
    level = CASE_LEVEL[responsibility.level]
    return Route(responsibility.organisation, group.organisation if group else None, level, parts)


def explain(parts: dict[str, Any]) -> str:
    """Return one sentence that explains the route, from the parts stored with the case."""
    why = parts.get("why")
    if why == "accusation":
        return _("送 %(organisation)s：检举控告类事项走专门渠道。") % parts
    if why == "about":
        return _("送 %(organisation)s：反映的是下级组织本身，由上一级办理。") % parts
    if why == "fallback":
        return (
            _(
                "送 %(organisation)s：%(place)s 属于 %(area)s，"
                "暂无网格党支部负责，由其兜底（自%(since)s起）。"
            )
            % parts
        )
    if why == "knowing":
        words = _("送 %(organisation)s：居民的联系方式要保密，更近的组织有人看过，不能由它办理。")
        return words % parts
    if why == "reassigned":
        return _("送 %(organisation)s：由 %(by)s 改派。") % parts
    sentence = (
        _("送 %(organisation)s：%(place)s → %(area)s → %(organisation)s（自%(since)s起负责）。")
        % parts
    )
    if parts.get("group"):
        sentence += _("楼栋党小组：%(group)s。") % parts
    return sentence


def in_record_language(parts: dict[str, Any]) -> str:
    """Explain the route in the language of the record, not in that of the user."""
    if translation.get_language() == RECORD_LANGUAGE:
        return explain(parts)
    with translation.override(RECORD_LANGUAGE):
        return explain(parts)


def above(place: ResponsibleChain, level: OrgLevel) -> Sequence[Responsibility]:
    """Return the responsibilities at each level above `level`, the nearest first."""
    levels = ESCALATION_ORDER[ESCALATION_ORDER.index(level) + 1 :]
    rows = (place.organisation_at(higher) for higher in levels)
    return [row for row in rows if row is not None]
