"""What each verb takes from a program; the rules themselves stand in the workflow."""

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
    StrictCharField,
    StrictChoiceField,
    StrictIdField,
    StrictIntegerField,
    StrictSerializer,
)
from grids.enums import Level
from grids.models import Area
from members.models import User
from members.posts import directory
from petitions.api.serializers.submission import PhotosBody, missing
from petitions.enums import AnswerKind, DoorResult, Outcome
from petitions.models import Petition
from petitions.rules.routing import OWNER_LEVELS

MOST_DOORS = 500
LARGEST_DOOR = 1000
LONGEST_EXTENSION = 30 * 24 * 60
MOST_PEOPLE = 50


class VerbBody(StrictSerializer):
    """One verb to be done to the case in the context, by the caller in the context."""

    @property
    def petition(self) -> Petition:
        """The case."""
        found: Petition = self.context["petition"]
        return found

    @property
    def caller(self) -> User:
        """Whoever acts."""
        found: User = self.context["request"].user
        return found

    @property
    def day(self) -> dt.date:
        """Today, as the caller's posts are counted."""
        return self.caller.scope.day

    def named(self, name: str, *levels: OrgLevel) -> Organisation | None:
        """Return the organisation a field names, within the caller's reach and at these levels."""
        within = Organisation.objects.visible_to(self.caller).on(self.day)
        return self.one_of(name, within.filter(level__in=levels))

    def one_of(self, name: str, within: OrganisationQuerySet) -> Organisation | None:
        """Return the organisation a field names; one that is not among these does not exist."""
        pk = self.validated_data.get(name)
        if pk is None:
            return None
        found = within.filter(pk=pk).first()
        if found is None:
            raise missing(name)
        return found

    def arguments(self) -> dict[str, Any]:
        """Return what the workflow's verb takes, apart from case, actor, instant and version."""
        return dict(self.validated_data)


class NothingBody(VerbBody):
    """Nothing more is needed."""


class ReasonBody(VerbBody):
    """Why."""

    reason = StrictCharField(max_length=2000)


class RevealBody(VerbBody):
    """Why the contact is opened; the resident reads it."""

    reason = StrictCharField(max_length=200)


class DispatchBody(VerbBody):
    """To one of the organisation's groups, to people in it, or to both."""

    group = StrictIdField(required=False)
    users = serializers.ListField(child=StrictIdField(), max_length=MOST_PEOPLE, required=False)
    instruction = StrictCharField(max_length=2000, allow_blank=True, default="")

    def arguments(self) -> dict[str, Any]:
        """Return the group and the people instead of their ids."""
        owner = self.petition.organisation_id
        own_groups = Organisation.objects.on(self.day).filter(level=OrgLevel.GROUP, parent=owner)
        return {
            "group": self.one_of("group", own_groups),
            "users": self._people(owner),
            "instruction": self.validated_data["instruction"],
        }

    def _people(self, owner: int) -> list[User]:
        wanted = set(self.validated_data.get("users", ()))
        if not wanted:
            return []
        found = [user for user in directory.members_of(owner, self.day) if user.pk in wanted]
        if len(found) != len(wanted):
            raise missing("users")
        return found


class DoorBody(StrictSerializer):
    """What was found at one door."""

    entrance = StrictIntegerField(min_value=1, max_value=LARGEST_DOOR)
    floor = StrictIntegerField(min_value=1, max_value=LARGEST_DOOR)
    door = StrictIntegerField(min_value=1, max_value=LARGEST_DOOR)
    result = StrictChoiceField(choices=DoorResult.choices)


class VisitBody(VerbBody):
    """What was found at the doors of one building; each door once."""

    building = StrictIdField()
    doors = serializers.ListField(child=DoorBody(), min_length=1, max_length=MOST_DOORS)
    remark = StrictCharField(max_length=2000, allow_blank=True, default="")

    def arguments(self) -> dict[str, Any]:
        """Return the building, within reach and in the case's community, and its doors."""
        given = self.validated_data
        results = {
            (one["entrance"], one["floor"], one["door"]): DoorResult(one["result"])
            for one in given["doors"]
        }
        if len(results) != len(given["doors"]):
            raise ValidationError({"doors": [_("同一个门只能填一次。")]})
        buildings = Area.objects.visible_to(self.caller).on(self.day).filter(level=Level.BUILDING)
        if self.petition.community_id is not None:
            around = self.petition.path.split(".")[: Level.COMMUNITY]
            buildings = buildings.filter(path__startswith="".join(f"{part}." for part in around))
        building = buildings.filter(pk=given["building"]).first()
        if building is None:
            raise missing("building")
        return {"building": building, "results": results, "remark": given["remark"]}


class NoteBody(VerbBody):
    """Words among colleagues, or progress the resident reads."""

    body = StrictCharField(max_length=2000)
    is_public = StrictBooleanField(default=False)


class PhotoBody(PhotosBody, VerbBody):
    """Photos of the matter, among colleagues or for the resident too; a form with files."""

    is_public = serializers.BooleanField(default=False)

    def arguments(self) -> dict[str, Any]:
        """Return the stored photos."""
        return {"photos": self.store(), "is_public": self.validated_data["is_public"]}


class ResolveBody(VerbBody):
    """What came of it, why, and the words for the resident."""

    outcome = StrictChoiceField(choices=Outcome.choices)
    cause = StrictCharField(max_length=200)
    public_answer = StrictCharField(max_length=2000)

    def arguments(self) -> dict[str, Any]:
        """Return the outcome as its word."""
        return super().arguments() | {"outcome": Outcome(self.validated_data["outcome"])}


class ConfirmBody(VerbBody):
    """The resident's word after a call back; the rating is taken down and never shown again."""

    rating = StrictIntegerField(min_value=1, max_value=5, required=False)


class DisputeBody(ConfirmBody):
    """The resident's word after a call back: not solved, or only partly."""

    reason = StrictCharField(max_length=2000, allow_blank=True, default="")
    is_partly = StrictBooleanField(default=False)


class ReturnBody(ReasonBody):
    """Why it is not ours, and whose it may be."""

    proposed = StrictIdField(required=False)

    def arguments(self) -> dict[str, Any]:
        """Return the organisation proposed instead of its id."""
        proposed = self.named("proposed", *OWNER_LEVELS, OrgLevel.DEPARTMENT)
        return super().arguments() | {"proposed": proposed}


class ReassignBody(ReasonBody):
    """Who shall answer for it, and why."""

    organisation = StrictIdField()

    def arguments(self) -> dict[str, Any]:
        """Return the organisation instead of its id."""
        return super().arguments() | {"organisation": self.named("organisation", *OWNER_LEVELS)}


class AnswerBody(VerbBody):
    """One of five answers to an escalation.

    `department` belongs to `department`; `extension_minutes`, of the case's own clock, to `extend`.
    """

    kind = StrictChoiceField(choices=AnswerKind.choices)
    text = StrictCharField(max_length=2000)
    department = StrictIdField(required=False)
    extension_minutes = StrictIntegerField(min_value=1, max_value=LONGEST_EXTENSION, required=False)

    def arguments(self) -> dict[str, Any]:
        """Return only what belongs to the chosen way; a length of time instead of minutes."""
        given = self.validated_data
        kind = AnswerKind(given["kind"])
        found: dict[str, Any] = {"kind": kind, "text": given["text"]}
        if kind == AnswerKind.DEPARTMENT:
            found["department"] = self.named("department", OrgLevel.DEPARTMENT)
        minutes = given.get("extension_minutes")
        if kind == AnswerKind.EXTEND and minutes is not None:
            found["extension"] = dt.timedelta(minutes=minutes)
        return found
