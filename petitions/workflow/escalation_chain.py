"""Climbing: who supervises next when a limit passed or a handler asks for help."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from django.utils import timezone
from django.utils.translation import gettext as _

from branches.enums import ESCALATION_ORDER, OrgLevel
from branches.models import Organisation, Responsibility
from members.posts import directory
from petitions.enums import CaseLevel, DeadlineKind, DeadlineState
from petitions.models import Deadline, Escalation, Petition
from petitions.rules import routing
from petitions.workflow.transitions import Transition, WrongState

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
    """Where a case climbs: the organisation, and those passed over because their post is vacant."""

    organisation: Organisation
    level: CaseLevel
    skipped: list[int] = field(default_factory=list)


def current_level(petition: Petition, *, is_late: bool = False) -> OrgLevel:
    """Return the rung a case stands on: its level, or its group when that let a limit pass."""
    if is_late and petition.assigned_group_id and petition.supervisor_id is None:
        return OrgLevel.GROUP
    return ORG_LEVEL_OF_CASE[petition.level]


@dataclass(slots=True)
class EscalationChain:
    """Who answers above some cases on a day, and who is free to do so: read once for all of them.

    `bound` are, per organisation complained about, the people who also belong to it.
    """

    answering: dict[int, list[Responsibility]]
    heads: dict[int, list[int]]
    bound: dict[int, set[int]]

    @classmethod
    def of(cls, petitions: Sequence[Petition], day: dt.date) -> Self:
        """Read what lies above these cases: two queries, one more for each body complained about.

        Every case must have its place loaded.
        """
        areas = {area for case in petitions for area in case.place.ancestor_ids}
        answering: dict[int, list[Responsibility]] = defaultdict(list)
        for row in Responsibility.objects.responsible_for(areas, day).filter(
            level__in=ESCALATION_ORDER[1:]
        ):
            if row.is_in_season(day):
                answering[row.area_id].append(row)
        asked = {row.organisation_id for rows in answering.values() for row in rows}
        heads = directory.heads_of(asked, day)
        people = {user for users in heads.values() for user in users}
        about = {case.about_organisation_id for case in petitions} - {None}
        bound = {pk: directory.with_post_below(pk, people, day) for pk in about if pk is not None}
        return cls(answering, heads, bound)

    def rows(self, petition: Petition, level: OrgLevel) -> list[Responsibility]:
        """Return who answers on each rung above `level`, without the body complained about."""
        areas = petition.place.ancestor_ids
        answering = tuple(row for area in areas for row in self.answering.get(area, ()))
        return [
            row
            for row in routing.above(routing.ResponsibleChain(petition.place, (), answering), level)
            if petition.about_organisation_id not in row.organisation.ancestor_ids
        ]

    def is_free(self, organisation_id: int, petition: Petition) -> bool:
        """Tell whether somebody heads it who does not belong to the body complained about."""
        bound = self.bound.get(petition.about_organisation_id or 0, ())
        return any(user not in bound for user in self.heads.get(organisation_id, ()))


def next_target(petition: Petition, above: EscalationChain, *, is_late: bool) -> Target | None:
    """Find the next organisation above: post held or deputised, else one further, noting the gap.

    When every rung above is vacant the highest one still gets it: never nobody. None at the top.
    """
    rows = above.rows(petition, current_level(petition, is_late=is_late))
    skipped: list[int] = []
    for row in rows:
        if above.is_free(row.organisation_id, petition) or row is rows[-1]:
            return Target(row.organisation, routing.CASE_LEVEL[row.level], skipped)
        skipped.append(row.organisation_id)
    return None


def escalate_to(
    change: Transition, *, deadline: Deadline | None, above: EscalationChain | None = None
) -> None:
    """Add a supervisor with a duty to answer; the handler, the petitioner and the history stay.

    Where the case already stands at the city it stays there, still unanswered. `above` spares
    reading it again for a case of many.
    """
    case = change.petition
    found = next_target(
        case,
        above or EscalationChain.of([case], timezone.localdate(change.now)),
        is_late=deadline is not None,
    )
    if found is None:
        change.data["top"] = True
        return
    change.raised = Escalation(
        petition=case,
        deadline=deadline,
        from_organisation_id=case.supervisor_id or case.organisation_id,
        to_organisation=found.organisation,
        level=found.level,
        skipped=found.skipped,
        raised_by=change.user,
        created_at=change.now,
    )
    if case.is_answer_owed:
        change.stop_deadlines(DeadlineState.CANCELLED, DeadlineKind.ANSWER)
    case.supervisor = found.organisation
    case.level = found.level
    case.is_answer_owed = True
    change.data |= {
        "to": found.organisation.pk,
        "skipped": found.skipped,
        "deadline": deadline.kind if deadline else None,
    }
    change.start_deadline(DeadlineKind.ANSWER, organisation_id=found.organisation.pk)


def require_level_above(petition: Petition) -> None:
    """Refuse to climb past the city."""
    if current_level(petition) == ESCALATION_ORDER[-1]:
        raise WrongState("at_the_top", _("已在市级，不能再升级。"))
