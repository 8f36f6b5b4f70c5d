"""Verbs of the organisation responsible for a case: accept, decline, dispatch, visit, note."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from branches.enums import OrgLevel
from branches.models import Organisation
from grids.models import Area
from members.models import User
from petitions import exclusion
from petitions.actors import By
from petitions.enums import Actor, DeadlineKind, DeadlineState, DoorResult, PhotoKind, Verb
from petitions.models import DoorVisit, Petition
from petitions.refusals import active_doer_id, may_tell_resident
from petitions.rules.photos import StoredPhoto
from petitions.workflow import task_verbs
from petitions.workflow.case_store import transition
from petitions.workflow.transitions import Transition, WrongState

MET = DeadlineState.MET
CANCELLED = DeadlineState.CANCELLED
Door = tuple[int, int, int]


def accept(
    *, petition: Petition, by: By, now: dt.datetime, expected_version: int | None = None
) -> Petition:
    """Accept the case, which meets the deadline for first contact; the resident sees it."""
    with transition(
        petition, Verb.ACCEPT, by=by, now=now, expected_version=expected_version
    ) as change:
        change.petition.accepted_at = change.petition.accepted_at or now
        change.stop_deadlines(MET, DeadlineKind.CONTACT)
    return change.petition


def _end_unhandled(change: Transition, reason: str) -> None:
    """End a case that is not handled here: publish the reason, settle the rest, erase the doors."""
    change.add_note(reason, is_public=True)
    change.petition.is_answer_owed = False
    change.stop_deadlines(MET, DeadlineKind.CONTACT)
    change.stop_deadlines(CANCELLED, DeadlineKind.RESOLUTION, DeadlineKind.ANSWER)
    task_verbs.cancel_with_case(change)
    change.erase_doors()


def decline(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    expected_version: int | None = None,
) -> Petition:
    """Decline the case; the resident reads the reason and whom to ask instead."""
    with transition(
        petition, Verb.DECLINE, by=by, now=now, expected_version=expected_version
    ) as change:
        _end_unhandled(change, reason)
    return change.petition


def redirect(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    reason: str,
    expected_version: int | None = None,
) -> Petition:
    """Refer the resident to a statutory procedure (court, petition office); the case ends."""
    with transition(
        petition, Verb.REDIRECT, by=by, now=now, expected_version=expected_version
    ) as change:
        _end_unhandled(change, reason)
    return change.petition


def dispatch(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    group: Organisation | None = None,
    users: Sequence[User] = (),
    instruction: str = "",
    expected_version: int | None = None,
) -> Petition:
    """Assign the case to one of the organisation's groups, or to its people, or both.

    The organisation stays responsible. Only its own groups and people can be named.
    """
    with transition(
        petition, Verb.DISPATCH, by=by, now=now, expected_version=expected_version
    ) as change:
        _check_assignees(change, group, users)
        change.petition.assigned_group = group
        change.petition.assignee_ids = sorted(user.pk for user in users)
        change.data = {"group": group.pk if group else None, "users": change.petition.assignee_ids}
        change.add_note(instruction, is_public=False)
    return change.petition


def _check_assignees(change: Transition, group: Organisation | None, users: Sequence[User]) -> None:
    """Refuse groups and people that do not belong to the responsible organisation."""
    petition, day = change.petition, timezone.localdate(change.now)
    if group is None and not users:
        raise WrongState("nobody_named", _("请选择党小组或承办人。"))
    if group is not None and (
        group.level != OrgLevel.GROUP or group.parent_id != petition.organisation_id
    ):
        raise WrongState("foreign_group", _("只能分派给本支部的党小组。"))
    user_ids = {user.pk for user in users}
    if (
        group is not None and exclusion.is_organisation_excluded(group, petition)
    ) or exclusion.excluded_users(petition, user_ids, day):
        raise WrongState("own_cause", _("被反映的组织不能办理本件。"))
    if user_ids and not user_ids <= change.store.assignable_user_ids(petition.organisation_id, day):
        raise WrongState("foreign_person", _("只能分派给本组织的人员。"))


def start(
    *, petition: Petition, by: By, now: dt.datetime, expected_version: int | None = None
) -> Petition:
    """Start the work."""
    with transition(
        petition, Verb.START, by=by, now=now, expected_version=expected_version
    ) as change:
        pass
    return change.petition


def visit(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    building: Area,
    results: Mapping[Door, DoorResult],
    remark: str = "",
    photos: Sequence[StoredPhoto] = (),
) -> Petition:
    """Record the results at doors (entrance, floor, door) of a building; a later one replaces.

    The event keeps counts only; the doors are erased when the case ends.
    """
    outside = [door for door in results if not _has_door(building, door)]
    if outside:
        raise WrongState("no_such_door", _("这栋楼没有这个门。"))
    with transition(petition, Verb.VISIT, by=by, now=now) as change:
        change.data = {
            "building": building.pk,
            "counts": dict(Counter(str(r) for r in results.values())),
        }
        change.add_note(remark, is_public=False)
        change.add_photos(photos, kind=PhotoKind.HANDLING, is_public=False)
        change.doors = [
            DoorVisit(
                petition=change.petition,
                area=building,
                entrance=entrance,
                floor=floor,
                door=door,
                result=result,
                visited_at=now,
            )
            for (entrance, floor, door), result in results.items()
        ]
    return change.petition


def _has_door(building: Area, door: Door) -> bool:
    sizes = (building.entrances or 0, building.floors or 0, building.doors_per_floor or 0)
    return all(1 <= place <= size for place, size in zip(door, sizes, strict=True))


def _check_audience(change: Transition, *, is_public: bool) -> None:
    """Refuse words and photos for the resident from a department without an active task."""
    decision = may_tell_resident(change.petition, change.by, change.actor)
    if is_public and not decision:
        raise WrongState(decision.code, decision.reason)
    if is_public and change.actor == Actor.DEPARTMENT:
        change.acting_for_id = active_doer_id(change.petition, change.by)


def note(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    body: str,
    is_public: bool = False,
    photos: Sequence[StoredPhoto] = (),
) -> Petition:
    """Add a note to the case: internal, or for the resident."""
    with transition(petition, Verb.NOTE, by=by, now=now) as change:
        _check_audience(change, is_public=is_public)
        change.add_note(body, is_public=is_public)
        change.add_photos(photos, kind=PhotoKind.HANDLING, is_public=is_public)
        change.data = {"is_public": is_public}
    return change.petition


def photo(
    *,
    petition: Petition,
    by: By,
    now: dt.datetime,
    photos: Sequence[StoredPhoto],
    is_public: bool = False,
) -> Petition:
    """Add photos to the case: internal, or for the resident."""
    with transition(petition, Verb.PHOTO, by=by, now=now) as change:
        _check_audience(change, is_public=is_public)
        change.add_photos(photos, kind=PhotoKind.HANDLING, is_public=is_public)
        change.data = {"count": len(photos), "is_public": is_public}
    return change.petition
