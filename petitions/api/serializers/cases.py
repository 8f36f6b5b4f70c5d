"""API representation of cases and events, without contact, tracking code and rating."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from branches import register_rows
from branches.models import Organisation
from members.enums import Role
from members.models import User
from petitions import permissions
from petitions.enums import (
    STATUS_CHOICES,
    VERB_CHOICES,
    CaseLevel,
    ClosedBy,
    Outcome,
    TaskState,
)
from petitions.models import CaseTask, Event, Note, Petition
from petitions.rules import catalogue, danger, danger_words
from petitions.workflow import escalation


class BodySerializer(serializers.ModelSerializer[Organisation]):
    """An organisation: id and name."""

    class Meta:
        model = Organisation
        fields = ("id", "name")
        read_only_fields = fields


class PlaceSerializer(serializers.Serializer[Petition]):
    """The place of a case, with its name at the time of submission."""

    id = serializers.IntegerField(source="place_id", read_only=True)
    name = serializers.CharField(source="place_name", read_only=True)


class CategorySerializer(serializers.Serializer[Any]):
    """A category: code and name."""

    code = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)


class PetitionSerializer(serializers.ModelSerializer[Petition]):
    """A case. `due_at` is the next deadline of the handling side, `answer_due_at` that of the
    answer that the supervising organisation owes, `decision_due_at` that of the decision on a
    return; each event raises `version`.

    `organisation` is responsible for the case, `assigned_group` works on it, `department` was
    ordered last, `supervisor` has to answer an escalation while `is_answer_owed`; `arbiter` decides
    who handles a case that was returned, or did.
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
    arbiter = BodySerializer(read_only=True, allow_null=True)
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
            "arbiter",
            "about",
            "route",
            "created_at",
            "due_at",
            "is_due_provisional",
            "answer_due_at",
            "decision_due_at",
            "accepted_at",
            "resolved_at",
            "outcome",
            "cause",
            "public_answer",
            "closed_at",
            "closed_by",
        )
        read_only_fields = fields


class TaskSerializer(serializers.Serializer[Any]):
    """A task: `orderer` ordered `doer` to do `text`, which a partner system does not read.

    It was to be acknowledged by `acknowledge_by` and concluded by `due_at`.
    """

    id = serializers.IntegerField()
    orderer = BodySerializer()
    doer = BodySerializer()
    text = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=TaskState.choices)
    round = serializers.IntegerField(help_text="How often it was sent.")
    sent_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    acknowledge_by = serializers.DateTimeField()
    due_at = serializers.DateTimeField()


class PetitionDetailSerializer(PetitionSerializer):
    """A case with its tasks, and with the verbs that the caller may perform now."""

    tasks = serializers.SerializerMethodField()
    verbs = serializers.SerializerMethodField()

    class Meta(PetitionSerializer.Meta):
        fields = (*PetitionSerializer.Meta.fields, "tasks", "verbs")
        read_only_fields = fields

    @extend_schema_field(TaskSerializer(many=True))
    def get_tasks(self, petition: Petition) -> list[dict[str, Any]]:
        """Return the tasks, oldest first."""
        tasks = petition.case_tasks
        self._attach_organisations(petition, tasks)
        caller = cast("User", self.context["request"].user)
        rows: list[dict[str, Any]] = list(TaskSerializer(tasks, many=True).data)
        if caller.scope.has_role(Role.API_CLIENT):
            return [row | {"text": None} for row in rows]
        return rows

    @staticmethod
    def _attach_organisations(petition: Petition, tasks: list[CaseTask]) -> None:
        """Set both organisations of the tasks; no query for those that the case names, too."""
        known = {row.pk: row for row in (petition.supervisor, petition.department) if row}
        wanted = {pk for task in tasks for pk in (task.orderer_id, task.doer_id)} - known.keys()
        known |= register_rows.organisations(wanted)
        for task in tasks:
            task.orderer, task.doer = known[task.orderer_id], known[task.doer_id]

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=VERB_CHOICES)))
    def get_verbs(self, petition: Petition) -> list[str]:
        """Return the verbs in the order of the state table; a query more where one may answer."""
        caller = cast("User", self.context["request"].user)
        return [
            str(verb)
            for verb in permissions.allowed_verbs(petition, caller)
            if escalation.may(verb, petition, caller)
        ]


def first_answer(petition: Petition) -> dict[str, Any]:
    """Return the response to a submission, except the tracking code; it is stored for a repeat.

    Not made by `SubmittedSerializer`, which took a tenth of the time of a submission.
    """
    return {
        "id": petition.pk,
        "number": petition.number,
        "version": petition.version,
        "status": str(petition.status),
        "organisation": {"id": petition.organisation.pk, "name": petition.organisation.name},
        "route": petition.route_text,
        "created_at": _local_time(petition.created_at),
        "due_at": _local_time(petition.due_at),
        "is_due_provisional": petition.is_due_provisional,
    }


def danger_answer(petition: Petition) -> dict[str, Any] | None:
    """Return the danger for the response to a submission; not stored, since it tells the words."""
    category = catalogue.read().by_id.get(petition.category_id)
    words = (petition.text, petition.since)
    warning = danger.find(category, *words, urgency=petition.urgency)
    if warning is None:
        return None
    return {
        "kinds": [kind.code for kind in warning.kinds],
        "advice": [str(sentence) for sentence in warning.advice],
        "numbers": [
            {"number": line.number, "name": str(line.name)}
            for line in (*warning.numbers, *warning.other_numbers)
            if not line.is_sample
        ],
    }


def _local_time(at: dt.datetime | None) -> str | None:
    return timezone.localtime(at).isoformat() if at else None


class EmergencyNumberSerializer(serializers.Serializer[Any]):
    """A telephone number for emergencies, and the service it belongs to."""

    number = serializers.CharField()
    name = serializers.CharField()


class DangerSerializer(serializers.Serializer[Any]):
    """The danger that category, urgency and words point to: what to do, whom to call first.

    `kinds` is empty if only the urgency says so. Tell the resident to call at once.
    """

    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=[kind.code for kind in danger_words.KINDS])
    )
    advice = serializers.ListField(child=serializers.CharField())
    numbers = EmergencyNumberSerializer(many=True)


class SubmittedSerializer(serializers.Serializer[Any]):
    """A new case: responsible organisation, reason, deadline; the tracking code is only here."""

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
    danger = DangerSerializer(allow_null=True)


class NoteSerializer(serializers.ModelSerializer[Note]):
    """The note of an event."""

    class Meta:
        model = Note
        fields = ("body", "is_public")
        read_only_fields = fields


class EventSerializer(serializers.ModelSerializer[Event]):
    """One change of one case and the state after it: organisations by id, no names of people.

    A partner system reads only notes that are for the resident.
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
        return super().get_fields() | {
            "data": serializers.DictField(read_only=True, source="public_data")
        }

    @extend_schema_field(NoteSerializer(allow_null=True))
    def get_note(self, event: Event) -> dict[str, Any] | None:
        """Return the note if the caller may read it."""
        note: Note | None = getattr(event, "note", None)
        caller = cast("User", self.context["request"].user)
        if note is None or (not note.is_public and caller.scope.has_role(Role.API_CLIENT)):
            return None
        return {"body": note.body, "is_public": note.is_public}


class ContactSerializer(serializers.Serializer[Any]):
    """Contact details of the petitioner, who sees that they were revealed."""

    name = serializers.CharField()
    phone = serializers.CharField()
