"""The verbs of the workflow as the sample plays them: one function a verb, over a `Walk`."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping

from branches.enums import OrgLevel
from branches.models import Organisation
from grids.models import Area
from members.models import User
from petitions.enums import (
    HANDLER_DEADLINES,
    STAFF_DEADLINES,
    Actor,
    AnswerKind,
    Channel,
    ClosedBy,
    DeadlineKind,
    DeadlineState,
    DoorResult,
    Outcome,
    Solved,
    Status,
    Verb,
)
from petitions.models import DoorVisit
from petitions.rules import routing
from petitions.sample.simulator import PETITIONER, By, SimulatedCase
from petitions.workflow.resolution import ESCALATE_AFTER_DISPUTES

MET = DeadlineState.MET
CANCELLED = DeadlineState.CANCELLED
Door = tuple[int, int, int]


def file(walk: SimulatedCase) -> None:
    """File the report: the two limits of the handling side begin."""
    case = walk.petition
    by = PETITIONER
    if case.channel in (Channel.DESK, Channel.ASSISTED):
        by = walk.coordinator()
    elif case.channel == Channel.API:
        by = By(Actor.PARTNER, walk.ground.partner)
    walk.change(filed_by=by.user)
    for kind in HANDLER_DEADLINES:
        walk.begin(kind, walk.at, case.organisation_id)
    walk.step(Verb.FILE, by, walk.at, {"channel": str(case.channel), "route": case.route})


def accept(walk: SimulatedCase, at: dt.datetime) -> None:
    """Take the case on, which meets the limit for first contact."""
    walk.change(accepted_at=walk.petition.accepted_at or at)
    walk.end(MET, at, DeadlineKind.CONTACT)
    walk.step(Verb.ACCEPT, walk.handler(), at)


def refuse(walk: SimulatedCase, at: dt.datetime, verb: Verb, reason: str) -> None:
    """Decline, or point to a statutory way; the resident reads the reason."""
    walk.change(is_answer_owed=False)
    walk.end(MET, at, DeadlineKind.CONTACT)
    walk.end(CANCELLED, at, DeadlineKind.RESOLUTION, DeadlineKind.ANSWER)
    walk.say(walk.step(verb, walk.handler(), at), reason, is_public=True)


def dispatch(
    walk: SimulatedCase, at: dt.datetime, group: Organisation, users: list[User], words: str
) -> None:
    """Hand the case to a group of the branch, and to some of its people."""
    ids = sorted(user.pk for user in users)
    walk.change(assigned_group=group, assignee_ids=ids)
    event = walk.step(Verb.DISPATCH, walk.handler(), at, {"group": group.pk, "users": ids})
    walk.say(event, words, is_public=False)


def start(walk: SimulatedCase, at: dt.datetime) -> None:
    """Begin the work."""
    walk.step(Verb.START, walk.assignee(), at)


def visit(
    walk: SimulatedCase,
    at: dt.datetime,
    building: Area,
    results: Mapping[Door, DoorResult],
    words: str,
) -> None:
    """Go from door to door; the event keeps counts, the doors are erased when the case closes."""
    counts = dict(Counter(str(result) for result in results.values()))
    event = walk.step(Verb.VISIT, walk.assignee(), at, {"building": building.pk, "counts": counts})
    walk.say(event, words, is_public=False)
    known = {(row.entrance, row.floor, row.door): row for row in walk.doors}
    for (entrance, floor, door), result in results.items():
        known[entrance, floor, door] = DoorVisit(
            petition=walk.petition,
            area=building,
            entrance=entrance,
            floor=floor,
            door=door,
            result=result,
            visited_at=at,
        )
    walk.doors = list(known.values())


def note(
    walk: SimulatedCase, at: dt.datetime, words: str, *, is_public: bool, by: By | None = None
) -> None:
    """Add words: internal, or progress the resident reads."""
    event = walk.step(Verb.NOTE, by or walk.assignee(), at, {"is_public": is_public})
    walk.say(event, words, is_public=is_public)


def reveal(walk: SimulatedCase, at: dt.datetime, words: str) -> None:
    """Open the contact for a reason the resident can read."""
    walk.say(walk.step(Verb.REVEAL, walk.coordinator(), at), words, is_public=True)


def resolve(
    walk: SimulatedCase, at: dt.datetime, outcome: Outcome, cause: str, answer: str
) -> None:
    """Answer the resident and ask for a confirmation."""
    by = walk.handler()
    case = walk.petition
    walk.change(
        outcome=outcome,
        cause=cause,
        public_answer=answer,
        resolved_at=at,
        resolved_by=by.user,
        round=case.round + 1,
        resolution_level=case.level,
        is_answer_owed=False,
    )
    walk.end(MET, at, *STAFF_DEADLINES)
    walk.begin(DeadlineKind.CONFIRMATION, at, None)
    walk.step(Verb.RESOLVE, by, at, {"outcome": str(outcome), "round": case.round})


def confirm(walk: SimulatedCase, at: dt.datetime, rating: int | None, *, by_phone: bool) -> None:
    """The resident says it is solved, by the page or when staff call back."""
    walk.hear(Solved.YES, rating, at, by_phone=by_phone)
    by, way = (
        (walk.coordinator(), ClosedBy.FOLLOW_UP) if by_phone else (PETITIONER, ClosedBy.CONFIRMED)
    )
    walk.close(by, at, way, Verb.CONFIRM, by_phone=by_phone)


def rate(walk: SimulatedCase, at: dt.datetime, rating: int) -> None:
    """Rate the answer afterwards."""
    walk.hear("", rating, at, by_phone=False)
    walk.step(Verb.RATE, PETITIONER, at, {"round": walk.petition.round})


def dispute(walk: SimulatedCase, at: dt.datetime, words: str, *, is_partly: bool) -> None:
    """The resident says it is not solved; from the second time on the case climbs too."""
    case = walk.petition
    walk.hear(Solved.PARTLY if is_partly else Solved.NO, None, at, by_phone=False)
    walk.change(disputes=case.disputes + 1)
    data = {"disputes": case.disputes, "partly": is_partly}
    walk.end(CANCELLED, at, DeadlineKind.CONFIRMATION)
    walk.begin(DeadlineKind.RESOLUTION, at, case.organisation_id, is_redo=True)
    if case.disputes > ESCALATE_AFTER_DISPUTES:
        event = walk.climb(Verb.DISPUTE, PETITIONER, at, data=data)
    else:
        event = walk.step(Verb.DISPUTE, PETITIONER, at, data)
    walk.say(event, words, is_public=True)


def reopen(walk: SimulatedCase, at: dt.datetime, words: str) -> None:
    """The desk has a closed case handled again."""
    walk.change(closed_at=None, closed_by="")
    walk.end(CANCELLED, at, DeadlineKind.CONFIRMATION)
    walk.begin(DeadlineKind.RESOLUTION, at, walk.petition.organisation_id, is_redo=True)
    walk.say(walk.step(Verb.REOPEN, walk.coordinator(), at), words, is_public=True)


def return_(walk: SimulatedCase, at: dt.datetime, words: str, proposed: Organisation) -> None:
    """Object to the routing before work starts, and name the right owner."""
    walk.change(returns=walk.petition.returns + 1)
    data = {"returns": walk.petition.returns, "proposed": proposed.pk}
    walk.say(walk.step(Verb.RETURN, walk.handler(), at, data), words, is_public=False)


def reassign(walk: SimulatedCase, at: dt.datetime, organisation: Organisation, words: str) -> None:
    """Give the case to another organisation; after a return that is final."""
    by = walk.coordinator()
    is_final = walk.status == Status.RETURNED
    above = walk.ground.organisations.get(by.acting_for or 0)
    route = {
        "why": "reassigned",
        "organisation": organisation.name,
        "by": above.name if above else "",
    }
    walk.moved_to(organisation)
    walk.change(is_route_final=is_final, route=route, route_text=routing.explain(route))
    walk.end(CANCELLED, at, DeadlineKind.CONTACT)
    walk.begin(DeadlineKind.CONTACT, at, organisation.pk)
    event = walk.step(Verb.REASSIGN, by, at, {"to": organisation.pk, "final": is_final})
    walk.say(event, words, is_public=False)


def escalate(walk: SimulatedCase, at: dt.datetime, words: str) -> None:
    """Ask the level above for help."""
    walk.say(walk.climb(Verb.ESCALATE, walk.handler(), at), words, is_public=False)


def answer(
    walk: SimulatedCase,
    at: dt.datetime,
    kind: AnswerKind,
    words: str,
    department: Organisation | None = None,
    extension: dt.timedelta | None = None,
) -> None:
    """Answer the escalation that waits, in one of five ways."""
    row = walk.unanswered()
    if row is None:
        return
    by = walk.supervisor()
    row.answer_kind, row.answered_by, row.answered_at = kind, by.user, at
    data: dict[str, object] = {"kind": str(kind)}
    walk.change(is_answer_owed=False)
    walk.end(MET, at, DeadlineKind.ANSWER)
    if department is not None and department.level == OrgLevel.DEPARTMENT:
        walk.change(department=department)
        data["department"] = department.pk
    if extension is not None:
        walk.end(CANCELLED, at, *HANDLER_DEADLINES)
        organisation = walk.petition.organisation_id
        limit = walk.begin(DeadlineKind.RESOLUTION, at, organisation, amount=extension)
        data["due_at"] = limit.due_at.isoformat()
    event = walk.step(Verb.ANSWER, by, at, data)
    walk.linked.append((event, "escalation", row))
    walk.say(event, words, is_public=kind == AnswerKind.EXPLAIN)


def withdraw(walk: SimulatedCase, at: dt.datetime, words: str) -> None:
    """The resident takes the report back."""
    walk.change(is_answer_owed=False)
    walk.end(CANCELLED, at, *STAFF_DEADLINES, DeadlineKind.CONFIRMATION)
    event = walk.step(Verb.WITHDRAW, PETITIONER, at, {"doors": walk.erase_doors()})
    walk.say(event, words, is_public=True)
