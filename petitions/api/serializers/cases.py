"""How a case and its story are shown to programs: never contact, tracking code or rating."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from branches.models import Organisation
from members.enums import Role
from members.models import User
from petitions import permissions
from petitions.enums import STATUS_CHOICES, VERB_CHOICES, CaseLevel, ClosedBy, Outcome
from petitions.models import Event, Note, Petition


class BodySerializer(serializers.ModelSerializer[Organisation]):
    """An organisation by id and name."""

    class Meta:
        model = Organisation
        fields = ("id", "name")
        read_only_fields = fields


class PlaceSerializer(serializers.Serializer[Petition]):
    """The place a case was filed under, as it was called then."""

    id = serializers.IntegerField(source="place_id", read_only=True)
    name = serializers.CharField(source="place_name", read_only=True)


class CategorySerializer(serializers.Serializer[Any]):
    """A matter by code and name."""

    code = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)


class PetitionSerializer(serializers.ModelSerializer[Petition]):
    """A case. `due_at` is the next limit of the handling side; `version` goes up with each event.

    `organisation` answers for the case, `assigned_group` and `department` work on it, `supervisor`
    owes an answer to an escalation while `is_answer_owed`.
    """

    number = serializers.CharField(read_only=True)
    status = serializers.ChoiceField(choices=STATUS_CHOICES, read_only=True)
    category = CategorySerializer(read_only=True)
    place = PlaceSerializer(source="*", read_only=True)
    level = serializers.ChoiceField(choices=CaseLevel.choices, read_only=True)
    organisation = BodySerializer(read_only=True)
    group = BodySerializer(read_only=True, allow_null=True)
    assigned_group = BodySerializer(read_only=True, allow_null=True)
    department = BodySerializer(read_only=True, allow_null=True)
    supervisor = BodySerializer(read_only=True, allow_null=True)
    about = serializers.IntegerField(
        source="about_organisation_id", read_only=True, allow_null=True
    )
    route = serializers.CharField(source="route_text", read_only=True)
    outcome = serializers.ChoiceField(choices=Outcome.choices, read_only=True, allow_blank=True)
    closed_by = serializers.ChoiceField(choices=ClosedBy.choices, read_only=True, allow_blank=True)

    class Meta:
        model = Petition
        fields: tuple[str, ...] = (
            "id",
            "number",
            "version",
            "status",
            "urgency",
            "category",
            "channel",
            "regime",
            "external_number",
            "text",
            "since",
            "place",
            "level",
            "organisation",
            "group",
            "assigned_group",
            "assignee_ids",
            "department",
            "supervisor",
            "is_answer_owed",
            "about",
            "route",
            "created_at",
            "due_at",
            "is_due_provisional",
            "accepted_at",
            "resolved_at",
            "outcome",
            "cause",
            "public_answer",
            "closed_at",
            "closed_by",
        )
        read_only_fields = fields


class PetitionDetailSerializer(PetitionSerializer):
    """A case with the verbs that are open to the caller now."""

    verbs = serializers.SerializerMethodField()

    class Meta(PetitionSerializer.Meta):
        fields = (*PetitionSerializer.Meta.fields, "verbs")
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=VERB_CHOICES)))
    def get_verbs(self, petition: Petition) -> list[str]:
        """Return the verbs, in the order of the table of states."""
        caller = cast("User", self.context["request"].user)
        return [str(verb) for verb in permissions.allowed_verbs(petition, caller)]


def first_answer(petition: Petition) -> dict[str, Any]:
    """Return what a new case is answered with, apart from its tracking code; kept for a repeat.

    Written out: as a serializer, which describes it below, it cost a tenth of filing a report.
    """
    return {
        "id": petition.pk,
        "number": petition.number,
        "version": petition.version,
        "status": str(petition.status),
        "organisation": {"id": petition.organisation.pk, "name": petition.organisation.name},
        "route": petition.route_text,
        "created_at": _moment(petition.created_at),
        "due_at": _moment(petition.due_at),
        "is_due_provisional": petition.is_due_provisional,
    }


def _moment(at: dt.datetime | None) -> str | None:
    return timezone.localtime(at).isoformat() if at else None


class SubmittedSerializer(serializers.Serializer[Any]):
    """A new case: who answers for it, why, and by when; its tracking code is told only here."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    tracking_code = serializers.CharField(help_text="Twelve characters for the petitioner.")
    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=STATUS_CHOICES)
    organisation = BodySerializer()
    route = serializers.CharField()
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    is_due_provisional = serializers.BooleanField()


class NoteSerializer(serializers.ModelSerializer[Note]):
    """The words of an event."""

    class Meta:
        model = Note
        fields = ("body", "is_public")
        read_only_fields = fields


class EventSerializer(serializers.ModelSerializer[Event]):
    """One change of one case and the state after it; organisations by id, nobody by name.

    A partner system reads the words meant for the resident, not those among colleagues.
    """

    verb = serializers.ChoiceField(choices=VERB_CHOICES, read_only=True)
    from_status = serializers.ChoiceField(choices=STATUS_CHOICES, read_only=True, allow_blank=True)
    to_status = serializers.ChoiceField(choices=STATUS_CHOICES, read_only=True)
    note = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = (
            "id",
            "petition",
            "version",
            "verb",
            "actor",
            "acting_for",
            "from_status",
            "to_status",
            "organisation",
            "holder",
            "supervisor",
            "level",
            "at",
            "data",
            "note",
        )
        read_only_fields = fields

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; the column `data` holds an object, which the API file says."""
        return super().get_fields() | {"data": serializers.DictField(read_only=True)}

    @extend_schema_field(NoteSerializer(allow_null=True))
    def get_note(self, event: Event) -> dict[str, Any] | None:
        """Return the words the caller may read."""
        note: Note | None = getattr(event, "note", None)
        caller = cast("User", self.context["request"].user)
        if note is None or (not note.is_public and caller.scope.has_role(Role.API_CLIENT)):
            return None
        return {"body": note.body, "is_public": note.is_public}


class ContactSerializer(serializers.Serializer[Any]):
    """How to reach the petitioner; told once, and the petitioner sees that it was."""

    name = serializers.CharField()
    phone = serializers.CharField()
