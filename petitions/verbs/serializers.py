"""Request bodies of the verbs in the API; the rules themselves are in the workflow."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from branches.enums import OrgLevel
from branches.models import Organisation, OrganisationQuerySet
from config.lib.rest.strict_serializers import (
    StrictBooleanField,
    StrictFreeTextField,
    StrictIdField,
    StrictIntegerField,
    StrictLineField,
    StrictSerializer,
)
from grids.enums import Level
from grids.models import Area
from members.models import User
from members.posts import directory
from petitions.enums import TASK_OUTCOME_CHOICES, AnswerKind, DoorResult, Outcome, TaskState
from petitions.models import Petition
from petitions.rules.routing import OWNER_LEVELS
from petitions.web.field_validation import check_reason, check_words
from petitions.web.request_bodies import PhotosBody, not_found

MAX_DOORS = 500
MAX_DOOR_NUMBER = 1000
MAX_EXTENSION_MINUTES = 30 * 24 * 60
MAX_ASSIGNEES = 50


class VerbBody(StrictSerializer):
    """The body of a verb on `context["petition"]`, sent by the user of `context["request"]`."""

    @property
    def petition(self) -> Petition:
        """The case."""
        petition: Petition = self.context["petition"]
        return petition

    @property
    def caller(self) -> User:
        """The user who sent the request."""
        user: User = self.context["request"].user
        return user

    @property
    def day(self) -> dt.date:
        """The day on which the posts of the caller are read."""
        return self.caller.scope.day

    def visible_organisation(self, field: str, *levels: OrgLevel) -> Organisation | None:
        """Return the organisation of a field if the caller may see it and it has such a level."""
        visible = Organisation.objects.visible_to(self.caller).on(self.day)
        return self.organisation_in(visible.filter(level__in=levels), field)

    def organisation_in(self, rows: OrganisationQuerySet, field: str) -> Organisation | None:
        """Return the row whose id a field holds; None for an empty field, an error for others."""
        pk = self.validated_data.get(field)
        if pk is None:
            return None
        organisation = rows.filter(pk=pk).first()
        if organisation is None:
            raise not_found(field)
        return organisation

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the workflow function, except case, actor, time and version."""
        return dict(self.validated_data)


class EmptyBody(VerbBody):
    """No fields."""


class ReasonBody(VerbBody):
    """The reason."""

    reason = StrictFreeTextField(max_length=2000, validators=[check_words])


class RevealBody(VerbBody):
    """Why the contact is opened; the resident reads it.

    `reason` has at least four letters (a Chinese character is one), three of them different.
    `accepts_notice`: above the daily limit of an account the contact is opened only with it, and
    the account's supervisor gets a message.
    """

    reason = StrictLineField(max_length=200, validators=[check_reason])
    accepts_notice = StrictBooleanField(default=False)


class DispatchBody(VerbBody):
    """The group or the people, or both, of the responsible organisation who work on the case."""

    group = StrictIdField(required=False)
    users = serializers.ListField(child=StrictIdField(), max_length=MAX_ASSIGNEES, required=False)
    instruction = StrictFreeTextField(max_length=2000, allow_blank=True, default="")

    def arguments(self) -> dict[str, Any]:
        """Return the group and the users instead of their ids."""
        owner = self.petition.organisation_id
        own_groups = Organisation.objects.on(self.day).filter(level=OrgLevel.GROUP, parent=owner)
        return {
            "group": self.organisation_in(own_groups, "group"),
            "users": self._people(owner),
            "instruction": self.validated_data["instruction"],
        }

    def _people(self, owner: int) -> list[User]:
        wanted = set(self.validated_data.get("users", ()))
        if not wanted:
            return []
        users = [user for user in directory.members_of(owner, self.day) if user.pk in wanted]
        if len(users) != len(wanted):
            raise not_found("users")
        return users


class DoorBody(StrictSerializer):
    """What was found at one door."""

    entrance = StrictIntegerField(min_value=1, max_value=MAX_DOOR_NUMBER)
    floor = StrictIntegerField(min_value=1, max_value=MAX_DOOR_NUMBER)
    door = StrictIntegerField(min_value=1, max_value=MAX_DOOR_NUMBER)
    result = serializers.ChoiceField(choices=DoorResult.choices)


class VisitBody(VerbBody):
    """What was found at the doors of one building; each door once."""

    building = StrictIdField()
    doors = serializers.ListField(child=DoorBody(), min_length=1, max_length=MAX_DOORS)
    remark = StrictFreeTextField(max_length=2000, allow_blank=True, default="")

    def arguments(self) -> dict[str, Any]:
        """Return the building and the result of each door.

        The building must be visible to the caller and lie in the community of the case.
        """
        sent = self.validated_data
        results = {
            (row["entrance"], row["floor"], row["door"]): DoorResult(row["result"])
            for row in sent["doors"]
        }
        if len(results) != len(sent["doors"]):
            raise ValidationError({"doors": [_("同一个门只能填一次。")]})
        buildings = Area.objects.visible_to(self.caller).on(self.day).filter(level=Level.BUILDING)
        if self.petition.community_id is not None:
            community = self.petition.path.split(".")[: Level.COMMUNITY]
            buildings = buildings.filter(path__startswith="".join(f"{part}." for part in community))
        building = buildings.filter(pk=sent["building"]).first()
        if building is None:
            raise not_found("building")
        return {"building": building, "results": results, "remark": sent["remark"]}


class NoteBody(VerbBody):
    """A note for colleagues, or progress that the resident reads."""

    body = StrictFreeTextField(max_length=2000, validators=[check_words])
    is_public = StrictBooleanField(default=False)


class PhotoBody(PhotosBody, VerbBody):
    """Photos of the reported problem, internal or for the resident too; sent as a form."""

    is_public = serializers.BooleanField(default=False)

    def arguments(self) -> dict[str, Any]:
        """Return the stored photos."""
        return {"photos": self.store(), "is_public": self.validated_data["is_public"]}


class ResolveBody(VerbBody):
    """Outcome, cause, and the answer to the resident."""

    outcome = serializers.ChoiceField(choices=Outcome.choices)
    cause = StrictLineField(max_length=200, validators=[check_words])
    public_answer = StrictFreeTextField(max_length=2000, validators=[check_words])

    def arguments(self) -> dict[str, Any]:
        """Return the outcome as an enum member."""
        return super().arguments() | {"outcome": Outcome(self.validated_data["outcome"])}


class ConfirmBody(VerbBody):
    """The rating the resident gave by telephone; it is stored and never returned."""

    rating = StrictIntegerField(min_value=1, max_value=5, required=False)


class DisputeBody(ConfirmBody):
    """Why the resident says that the problem is not or only partly solved."""

    reason = StrictFreeTextField(max_length=2000, allow_blank=True, default="")
    is_partly = StrictBooleanField(default=False)


class ReturnBody(ReasonBody):
    """Why the case is sent back, and which organisation should have it."""

    proposed = StrictIdField(required=False)

    def arguments(self) -> dict[str, Any]:
        """Return the proposed organisation instead of its id."""
        proposed = self.visible_organisation("proposed", *OWNER_LEVELS, OrgLevel.DEPARTMENT)
        return super().arguments() | {"proposed": proposed}


class ReassignBody(ReasonBody):
    """The organisation that becomes responsible, and why."""

    organisation = StrictIdField()

    def arguments(self) -> dict[str, Any]:
        """Return the organisation instead of its id."""
        return super().arguments() | {
            "organisation": self.visible_organisation("organisation", *OWNER_LEVELS)
        }


class AnswerBody(VerbBody):
    """One of five answers to an escalation.

    `department` and `within_minutes` (until it must conclude the task; left out, the standard
    decides) belong to `department`, `extension_minutes` to `extend`; both count by the case's own
    clock. The longest is 30 days round the clock, or 30 working days where working time counts.
    """

    kind = serializers.ChoiceField(choices=AnswerKind.choices)
    text = StrictFreeTextField(max_length=2000, validators=[check_words])
    department = StrictIdField(required=False)
    within_minutes = StrictIntegerField(
        min_value=1, max_value=MAX_EXTENSION_MINUTES, required=False
    )
    extension_minutes = StrictIntegerField(
        min_value=1, max_value=MAX_EXTENSION_MINUTES, required=False
    )

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the chosen kind of answer; the extension as a duration."""
        sent = self.validated_data
        kind = AnswerKind(sent["kind"])
        arguments: dict[str, Any] = {"kind": kind, "text": sent["text"]}
        if kind == AnswerKind.DEPARTMENT:
            arguments["department"] = self.visible_organisation("department", OrgLevel.DEPARTMENT)
            arguments["within"] = _duration(sent.get("within_minutes"))
        minutes = sent.get("extension_minutes")
        if kind == AnswerKind.EXTEND and minutes is not None:
            arguments["extension"] = dt.timedelta(minutes=minutes)
        return arguments


def _duration(minutes: int | None) -> dt.timedelta | None:
    return None if minutes is None else dt.timedelta(minutes=minutes)


class TaskBody(VerbBody):
    """The task, by its id; needed only if the caller has several such tasks in the case."""

    task = StrictIdField(required=False)


class ConcludeBody(TaskBody):
    """What came of the task, in words; photos are sent with the verb `photo`."""

    outcome = serializers.ChoiceField(choices=TASK_OUTCOME_CHOICES)
    text = StrictFreeTextField(max_length=2000)

    def arguments(self) -> dict[str, Any]:
        """Return the outcome as an enum member."""
        return super().arguments() | {"outcome": TaskState(self.validated_data["outcome"])}


class HandBackBody(TaskBody):
    """Why the task is handed back, and which department should do it."""

    reason = StrictFreeTextField(max_length=2000)
    proposed = StrictIdField(required=False)

    def arguments(self) -> dict[str, Any]:
        """Return the department instead of its id."""
        proposed = self.visible_organisation("proposed", OrgLevel.DEPARTMENT)
        return super().arguments() | {"proposed": proposed}


class CancelBody(TaskBody):
    """Why the task is cancelled."""

    reason = StrictFreeTextField(max_length=2000)


class SendAgainBody(TaskBody):
    """The order as it is sent again; without a department to the same one.

    `within_minutes`, of the case's own clock, until it must be concluded; left out, the standard
    decides. The longest is 30 days round the clock, or 30 working days where working time counts.
    """

    text = StrictFreeTextField(max_length=2000)
    department = StrictIdField(required=False)
    within_minutes = StrictIntegerField(
        min_value=1, max_value=MAX_EXTENSION_MINUTES, required=False
    )

    def arguments(self) -> dict[str, Any]:
        """Return department and duration instead of id and minutes."""
        arguments = super().arguments()
        within = _duration(arguments.pop("within_minutes", None))
        department = self.visible_organisation("department", OrgLevel.DEPARTMENT)
        return arguments | {"within": within, "department": department}
