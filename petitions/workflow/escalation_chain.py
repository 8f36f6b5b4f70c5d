"""Who supervises a case next when a deadline passes or the handler asks for help."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from branches.enums import ESCALATION_ORDER, OrgLevel
from branches.models import Organisation, Responsibility
from members.posts import directory
from petitions.enums import CaseLevel
from petitions.models import Petition
from petitions.rules import routing

CASE_LEVELS: tuple[CaseLevel, ...] = (
    CaseLevel.GRID,
    CaseLevel.COMMUNITY,
    CaseLevel.SUBDISTRICT,
    CaseLevel.CITY,
)
ORG_LEVEL_OF_CASE: dict[str, OrgLevel] = {
    CaseLevel.GRID: OrgLevel.BRANCH,
    CaseLevel.COMMUNITY: OrgLevel.COMMUNITY,
    CaseLevel.SUBDISTRICT: OrgLevel.SUBDISTRICT,
    CaseLevel.CITY: OrgLevel.CITY,
}


@dataclass(slots=True)
class Target:
    """The organisation that supervises next, and those skipped because their post is vacant."""

    organisation: Organisation
    level: CaseLevel
    skipped: list[int] = field(default_factory=list)


def current_level(petition: Petition, *, is_late: bool = False) -> OrgLevel:
    """Return the level a case is at: its own, or its group's when that let a deadline pass."""
    if is_late and petition.assigned_group_id and petition.supervisor_id is None:
        return OrgLevel.GROUP
    return ORG_LEVEL_OF_CASE[petition.level]


@dataclass(slots=True)
class EscalationChain:
    """Who is responsible above some cases on a day, and who heads those organisations.

    `responsibilities` are by area id, `heads` are user ids by organisation id. `conflicted` are,
    by the id of an organisation that a case is about, the heads who belong to it themselves.
    """

    responsibilities: dict[int, list[Responsibility]]
    heads: dict[int, list[int]]
    conflicted: dict[int, set[int]]

    @classmethod
    def of(cls, petitions: Sequence[Petition], day: dt.date) -> Self:
        """Read the chain of these cases: two queries, one more per organisation complained about.

        Every case must have its place loaded.
        """
        areas = {area for petition in petitions for area in petition.place.ancestor_ids}
        responsibilities: dict[int, list[Responsibility]] = defaultdict(list)
        for row in Responsibility.objects.responsible_for(areas, day).filter(
            level__in=ESCALATION_ORDER[1:]
        ):
            if row.is_in_season(day):
                responsibilities[row.area_id].append(row)
        asked = {row.organisation_id for rows in responsibilities.values() for row in rows}
        heads = directory.heads_of(asked, day)
        users = {user for users in heads.values() for user in users}
        conflicted: dict[int, set[int]] = {}
        for petition in petitions:
            about = petition.about_organisation_id
            if about is not None and about not in conflicted:
                conflicted[about] = directory.with_post_below(about, users, day)
        return cls(responsibilities, heads, conflicted)

    def rows(self, petition: Petition, level: OrgLevel) -> list[Responsibility]:
        """Return who is responsible above `level`, without the organisation complained about."""
        areas = petition.place.ancestor_ids
        rows = tuple(row for area in areas for row in self.responsibilities.get(area, ()))
        chain = routing.ResponsibleChain(petition.place, (), rows)
        return [
            row
            for row in routing.above(chain, level)
            if petition.about_organisation_id not in row.organisation.ancestor_ids
        ]

    def is_free(self, organisation_id: int, petition: Petition) -> bool:
        """Tell whether a head is free: not a member of the organisation complained about."""
        conflicted = self.conflicted.get(petition.about_organisation_id or 0, ())
        return any(user not in conflicted for user in self.heads.get(organisation_id, ()))


def next_target(petition: Petition, chain: EscalationChain, *, is_late: bool) -> Target | None:
    """Return the next organisation above with a free head; None at the top.

    `is_late`: the deadline for an answer passed, so the chain continues above the supervisor.
    An organisation counts as vacant if its head post has neither holder nor deputy, or if all of
    them have a conflict of interest. Vacant ones are skipped and listed in `Target.skipped`; if
    all are vacant, the highest gets the case.
    """
    rows = chain.rows(petition, current_level(petition, is_late=is_late))
    skipped: list[int] = []
    for row in rows:
        if chain.is_free(row.organisation_id, petition) or row is rows[-1]:
            return Target(row.organisation, routing.CASE_LEVEL[row.level], skipped)
        skipped.append(row.organisation_id)
    return None
