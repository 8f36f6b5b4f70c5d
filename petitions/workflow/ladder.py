"""Climbing: who supervises next when a limit passed or a handler asks for help."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _

from branches.enums import LADDER, OrgLevel
from branches.models import Organisation
from members import directory
from petitions import routing
from petitions.enums import CaseLevel, DeadlineKind, DeadlineState
from petitions.models import Deadline, Escalation, Petition
from petitions.workflow.engine import NotNow, Step

CASE_LEVELS: tuple[CaseLevel, ...] = (
    CaseLevel.GRID,
    CaseLevel.COMMUNITY,
    CaseLevel.SUBDISTRICT,
    CaseLevel.CITY,
)
RUNG_OF_CASE: dict[str, OrgLevel] = {
    CaseLevel.GRID: OrgLevel.BRANCH,
    CaseLevel.COMMUNITY: OrgLevel.COMMUNITY,
    CaseLevel.SUBDISTRICT: OrgLevel.SUBDISTRICT,
    CaseLevel.CITY: OrgLevel.CITY,
}


@dataclass(slots=True)
class Climb:
    """Where a case climbs: the organisation, and those passed over because their post is vacant."""

    organisation: Organisation
    level: CaseLevel
    skipped: list[int] = field(default_factory=list)


def rung(petition: Petition, *, is_late: bool = False) -> OrgLevel:
    """Return the rung a case stands on: its level, or its group when that let a limit pass."""
    if is_late and petition.assigned_group_id and petition.supervisor_id is None:
        return OrgLevel.GROUP
    return RUNG_OF_CASE[petition.level]


def next_up(petition: Petition, one: Step, *, is_late: bool) -> Climb | None:
    """Find the next organisation above: post held or deputised, else one further, noting the gap.

    When every rung above is vacant the highest one still gets it: never nobody. None at the top.
    """
    day = timezone.localdate(one.now)
    place = routing.Place(petition.place, (), routing.load_answering(petition.place, day))
    rows = [
        row
        for row in routing.above(place, rung(petition, is_late=is_late))
        if petition.about_organisation_id not in row.organisation.ancestor_ids
    ]
    if not rows:
        return None
    heads = _free_heads(petition, [row.organisation_id for row in rows], day)
    skipped: list[int] = []
    for row in rows:
        if heads.get(row.organisation_id) or row is rows[-1]:
            return Climb(row.organisation, routing.CASE_LEVEL[row.level], skipped)
        skipped.append(row.organisation_id)
    return None


def _free_heads(
    petition: Petition, organisation_ids: list[int], day: dt.date
) -> dict[int, list[int]]:
    """Return who could answer; whoever also belongs to the body complained about does not count."""
    heads = directory.heads_of(organisation_ids, day)
    about = petition.about_organisation_id
    if about is None:
        return heads
    bound = directory.those_under(about, {user for users in heads.values() for user in users}, day)
    return {pk: [user for user in users if user not in bound] for pk, users in heads.items()}


def climb(one: Step, *, deadline: Deadline | None) -> Escalation | None:
    """Add a supervisor with a duty to answer; the handler, the petitioner and the history stay.

    Returns None where the case already stands at the city: it stays there, still unanswered.
    """
    case = one.petition
    found = next_up(case, one, is_late=deadline is not None)
    if found is None:
        one.data["top"] = True
        return None
    row = Escalation.objects.create(
        petition=case,
        deadline=deadline,
        from_organisation_id=case.supervisor_id or case.organisation_id,
        to_organisation=found.organisation,
        level=found.level,
        skipped=found.skipped,
        raised_by=one.user,
        created_at=one.now,
    )
    if case.is_answer_owed:
        one.end(DeadlineState.CANCELLED, DeadlineKind.ANSWER)
    case.supervisor = found.organisation
    case.level = found.level
    case.is_answer_owed = True
    one.data |= {
        "escalation": row.pk,
        "to": found.organisation.pk,
        "skipped": found.skipped,
        "deadline": deadline.kind if deadline else None,
    }
    one.begin(DeadlineKind.ANSWER, organisation_id=found.organisation.pk)
    return row


def require_rung_above(petition: Petition) -> None:
    """Refuse to climb past the city."""
    if rung(petition) == LADDER[-1]:
        raise NotNow("at_the_top", _("已在市级，不能再升级。"))
