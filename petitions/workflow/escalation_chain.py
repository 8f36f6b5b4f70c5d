"""Who supervises a case next, or decides on its return: the organisations above it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from branches.enums import ESCALATION_ORDER, OrgLevel
from branches.models import Organisation, Responsibility
from config.lib.viewer import Scope
from members.posts import directory
from petitions import exclusion
from petitions.enums import CaseLevel
from petitions.models import Petition
from petitions.rules import routing
from petitions.separation_of_duties import belongs_to_escalating, belongs_to_returner

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
    """The organisation that comes next, and those skipped because their post is vacant."""

    organisation: Organisation
    level: CaseLevel
    skipped: list[int] = field(default_factory=list)


def current_level(petition: Petition, *, is_late: bool = False) -> OrgLevel:
    """Return the level a case is at: its own, or its group's when that let a deadline pass.

    Only in a branch: groups of higher organisations have nobody between them and the case's level.
    """
    is_of_group = petition.assigned_group_id is not None and petition.supervisor_id is None
    if is_late and is_of_group and petition.level == CaseLevel.GRID:
        return OrgLevel.GROUP
    return ORG_LEVEL_OF_CASE[petition.level]


@dataclass(slots=True)
class EscalationChain:
    """Who is responsible above some cases on a day, and who heads those organisations.

    `responsibilities` are by area id, `heads` are user ids by organisation id. `scopes` are, by
    user id, all posts of each head, without the places.
    """

    responsibilities: dict[int, list[Responsibility]]
    heads: dict[int, list[int]]
    scopes: dict[int, Scope]

    @classmethod
    def of(cls, petitions: Sequence[Petition], day: dt.date) -> Self:
        """Read the chain of these cases, which have their places loaded: two queries."""
        areas = {area for petition in petitions for area in petition.place.ancestor_ids}
        responsibilities: dict[int, list[Responsibility]] = defaultdict(list)
        for row in Responsibility.objects.responsible_for(areas, day).filter(
            level__in=ESCALATION_ORDER[1:]
        ):
            if row.is_in_season(day):
                responsibilities[row.area_id].append(row)
        asked = {row.organisation_id for rows in responsibilities.values() for row in rows}
        return cls(responsibilities, *directory.heads_with_scopes(asked, day))

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

    def has_head(self, organisation_id: int, is_free: Callable[[Scope, int], bool]) -> bool:
        """Tell whether some head of an organisation is free; a head without known posts is not."""
        return any(
            user in self.scopes and is_free(self.scopes[user], organisation_id)
            for user in self.heads.get(organisation_id, ())
        )

    def first_free(
        self, rows: Sequence[Responsibility], is_free: Callable[[Scope, int], bool]
    ) -> Target | None:
        """Return the first organisation of `rows` with a free head; None without rows.

        Those before it are listed in `Target.skipped`; if no head is free, the last one gets it.
        """
        skipped: list[int] = []
        for row in rows:
            if row is rows[-1] or self.has_head(row.organisation_id, is_free):
                return Target(row.organisation, routing.CASE_LEVEL[row.level], skipped)
            skipped.append(row.organisation_id)
        return None


def next_supervisor(
    petition: Petition, chain: EscalationChain, *, is_late: bool, asker_id: int | None = None
) -> Target | None:
    """Return the next organisation above with a free head; without any, the highest of them.

    None at the top. `is_late`: a deadline passed; if it was that of an answer, the chain continues
    above the supervisor, and a case with a Party group begins with its branch, no other one. A head
    is not free who has a conflict of interest, asks for the escalation (`asker_id`), or belongs to
    the organisation that the escalation is from, or to the one responsible.
    """
    level = current_level(petition, is_late=is_late)
    rows = chain.rows(petition, level)
    if level == OrgLevel.GROUP:
        own = petition.organisation_id
        rows = [row for row in rows if row.level != OrgLevel.BRANCH or row.organisation_id == own]

    def is_free(scope: Scope, organisation_id: int) -> bool:
        return not (
            exclusion.is_excluded(scope, petition)
            or scope.user_id == asker_id
            or belongs_to_escalating(scope, petition, organisation_id)
        )

    return chain.first_free(rows, is_free)


def next_arbiter(petition: Petition, chain: EscalationChain) -> Target | None:
    """Return the organisation that decides on a return next; None at the top.

    It stands above the organisation that returned the case, answers for the place, and comes after
    the present arbiter, if there is one. A head who returned the case or belongs to the
    organisation that did, by any post, is not free.
    """
    returner = petition.organisation
    rows = [
        row
        for row in chain.rows(petition, OrgLevel(returner.level))
        if row.organisation_id in returner.ancestor_ids
    ]
    ids = [row.organisation_id for row in rows]
    if petition.arbiter_id in ids:
        rows = rows[ids.index(petition.arbiter_id) + 1 :]

    def is_free(scope: Scope, _organisation_id: int) -> bool:
        return not (exclusion.is_excluded(scope, petition) or belongs_to_returner(scope, petition))

    return chain.first_free(rows, is_free)
