"""The door for programs to the verbs: one POST each, all through the same few steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib import clock
from config.lib.rest.api import StrictJSONParser, StrictMultiPartParser
from petitions import involvement, permissions, workflow
from petitions.api.base import CaseView, VersionChanged, etag, if_match
from petitions.api.serializers import verbs as shapes
from petitions.api.serializers.cases import ContactSerializer, PetitionDetailSerializer
from petitions.enums import Verb
from petitions.models import Petition
from petitions.rules.contacts import ContactDetails
from petitions.states import RULE_OF
from petitions.workflow import NotPermitted, StaleVersion

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description='The version you saw, from `ETag`, as `"v3"`.',
)

PARTS = ("category", *involvement.ORGANISATIONS)
"""What the answer names besides the case itself."""


@dataclass(frozen=True, slots=True)
class ApiVerb:
    """A verb: what does it, and what it takes."""

    do: Callable[..., Petition | ContactDetails]
    body: type[shapes.VerbBody]


API_VERBS: dict[Verb, ApiVerb] = {
    Verb.ACCEPT: ApiVerb(workflow.accept, shapes.NothingBody),
    Verb.DECLINE: ApiVerb(workflow.decline, shapes.ReasonBody),
    Verb.REDIRECT: ApiVerb(workflow.redirect, shapes.ReasonBody),
    Verb.DISPATCH: ApiVerb(workflow.dispatch, shapes.DispatchBody),
    Verb.START: ApiVerb(workflow.start, shapes.NothingBody),
    Verb.VISIT: ApiVerb(workflow.visit, shapes.VisitBody),
    Verb.NOTE: ApiVerb(workflow.note, shapes.NoteBody),
    Verb.PHOTO: ApiVerb(workflow.photo, shapes.PhotoBody),
    Verb.RESOLVE: ApiVerb(workflow.resolve, shapes.ResolveBody),
    Verb.CONFIRM: ApiVerb(workflow.confirm, shapes.ConfirmBody),
    Verb.DISPUTE: ApiVerb(workflow.dispute, shapes.DisputeBody),
    Verb.CLOSE: ApiVerb(workflow.close, shapes.ReasonBody),
    Verb.REOPEN: ApiVerb(workflow.reopen, shapes.ReasonBody),
    Verb.RETURN: ApiVerb(workflow.return_, shapes.ReturnBody),
    Verb.REASSIGN: ApiVerb(workflow.reassign, shapes.ReassignBody),
    Verb.ESCALATE: ApiVerb(workflow.escalate, shapes.ReasonBody),
    Verb.ANSWER: ApiVerb(workflow.answer, shapes.AnswerBody),
    Verb.WITHDRAW: ApiVerb(workflow.withdraw, shapes.ReasonBody),
    Verb.REVEAL: ApiVerb(workflow.reveal, shapes.RevealBody),
}


class VerbSchema(AutoSchema):
    """Describes each verb by its own name, body and answer."""

    @property
    def verb(self) -> Verb:
        """The verb whose address is described."""
        return Verb(cast("VerbView", self.view).verb)

    def get_operation_id(self) -> str:
        """Name the operation like the verb."""
        return f"petitions_{self.verb}"

    def get_tags(self) -> list[str]:
        """Keep the verbs together."""
        return ["verbs"]

    def get_summary(self) -> str:
        """Say the verb."""
        return str(self.verb.label)

    def get_description(self) -> str:  # type: ignore[override]  # as the generator calls it
        """Say what the verb does and who may, from the workflow and the table of states."""
        move = RULE_OF[self.verb]
        does = (API_VERBS[self.verb].do.__doc__ or "").strip().split("\n\n")[0]
        states = ", ".join(f"`{status}`" for status in move.sources)
        actors = ", ".join(f"`{actor}`" for actor in move.actors)
        return f"{does}\n\nFrom: {states}. By: {actors}."

    def get_override_parameters(self) -> list[Any]:
        """Ask for the version where the verb decides something."""
        answer = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200])
        if self.verb == Verb.REVEAL:
            return []
        return [IF_MATCH, answer] if RULE_OF[self.verb].checks_version else [answer]

    def get_request_serializer(self) -> type[shapes.VerbBody]:
        """Return the verb's body."""
        return API_VERBS[self.verb].body

    def get_response_serializers(self) -> Any:
        """Return the case after the verb, or the contact once."""
        is_reveal = self.verb == Verb.REVEAL
        return {200: ContactSerializer if is_reveal else PetitionDetailSerializer}


class VerbView(CaseView[Petition]):
    """Do one verb to one case that exists for the caller; the answer is the case after it."""

    verb = Verb.NOTE
    queryset = Petition.objects.none()
    serializer_class = PetitionDetailSerializer
    throttle_scope = "api-write"
    schema = VerbSchema()

    def get_parsers(self) -> list[BaseParser]:
        """Read JSON; photos come as a form."""
        return [StrictMultiPartParser() if self.verb == Verb.PHOTO else StrictJSONParser()]

    def post(self, request: Request, pk: int) -> Response:
        """Check person, version and shape, in this order; the workflow checks all rules again."""
        petition = self.find(pk)
        verdict = permissions.may(self.verb, petition, self.caller)
        if verdict.code == "wrong_actor":
            raise NotPermitted(verdict.code, verdict.reason)
        checks = RULE_OF[self.verb].checks_version
        seen = if_match(request, petition, is_needed=checks)
        act = API_VERBS[self.verb]
        body = act.body(data=request.data, context={"petition": petition, "request": request})
        body.is_valid(raise_exception=True)
        given = body.arguments() | ({"expected_version": seen} if checks else {})
        try:
            done = act.do(petition=petition, by=self.caller, now=clock.now(), **given)
        except StaleVersion as error:
            raise VersionChanged(error.message) from error
        return self._reach(done) if isinstance(done, ContactDetails) else self._case(done, petition)

    def _case(self, done: Petition, before: Petition) -> Response:
        """Answer with the case as it is now, also where it has just left the caller's hands."""
        for part in PARTS:
            if getattr(done, f"{part}_id") == getattr(before, f"{part}_id"):
                setattr(done, part, getattr(before, part))  # loaded already, asked for once
        return Response(self.get_serializer(done).data, headers={"ETag": etag(done)})

    def _reach(self, reach: ContactDetails) -> Response:
        """Answer with the contact, once: it must not be kept anywhere on its way."""
        body = ContactSerializer({"name": reach.name, "phone": reach.phone}).data
        return Response(body, headers={"Cache-Control": "no-store"})
