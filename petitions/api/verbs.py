"""API endpoints of the verbs: one POST per row of the verb table, all handled by `VerbView`."""

from __future__ import annotations

import json
from typing import Any, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib import clock
from config.lib.rest.parsers import StrictJSONParser, StrictMultiPartParser
from petitions import involvement, permissions
from petitions.api import idempotency
from petitions.api.base import CaseView, VersionChanged, etag, if_match
from petitions.api.serializers.cases import ContactSerializer, PetitionDetailSerializer
from petitions.enums import PLANNED_STATUSES, Verb
from petitions.models import Petition
from petitions.rules.contacts import ContactDetails
from petitions.states import RULE_OF
from petitions.verbs.serializers import VerbBody
from petitions.verbs.spec import VerbSpec
from petitions.verbs.table import SPEC_OF
from petitions.web.request_bodies import PhotosBody
from petitions.workflow.idempotency import IdempotencyRequest, find, perform_once
from petitions.workflow.transitions import StaleVersion, refuse_wrong_actor

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description='The version you saw, from `ETag`, as `"v3"`.',
)

NAMED_PARTS = ("category", *involvement.ORGANISATIONS)
"""Foreign keys of the case whose rows the response names."""

CheckedRequest = tuple[Petition, dict[str, Any]]
"""The case of a checked request, and the arguments of the workflow function."""

WITHOUT_CASE = ("id", "number", "version")
"""What a repeat is told about a case that the caller may not see any more."""


class VerbSchema(AutoSchema):
    """OpenAPI description of one verb, from the verb table and the table of states."""

    @property
    def spec(self) -> VerbSpec:
        """The verb of the described address."""
        return cast("VerbView", self.view).spec

    def get_operation_id(self) -> str:
        """Return the operation id, named like the verb."""
        return f"petitions_{self.spec.verb}"

    def get_tags(self) -> list[str]:
        """Return the tag that all verbs share."""
        return ["verbs"]

    def get_summary(self) -> str:
        """Return the label of the verb."""
        return self.spec.label

    def get_description(self) -> str:  # type: ignore[override]  # AutoSchema declares None too
        """Return what the workflow function does, from which statuses, and for which actors."""
        rule = RULE_OF[self.spec.verb]
        text = (self.spec.function.__doc__ or "").strip().split("\n\n")[0]
        built = [status for status in rule.sources if status not in PLANNED_STATUSES]
        statuses = ", ".join(f"`{status}`" for status in built)
        actors = ", ".join(f"`{actor}`" for actor in rule.actors)
        return f"{text}\n\nFrom: {statuses}. By: {actors}."

    def get_override_parameters(self) -> list[Any]:
        """Return the headers: the version where the verb checks it, and the version afterwards."""
        if self.spec.verb == Verb.REVEAL:
            return []
        new_version = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200])
        headers = [idempotency.OPTIONAL_HEADER, new_version]
        return [IF_MATCH, *headers] if RULE_OF[self.spec.verb].checks_version else headers

    def get_request_serializer(self) -> type[VerbBody]:
        """Return the body of the verb."""
        return self.spec.body

    def get_response_serializers(self) -> Any:
        """Return the case after the verb; "reveal" returns the contact."""
        is_reveal = self.spec.verb == Verb.REVEAL
        return {200: ContactSerializer if is_reveal else PetitionDetailSerializer}


class VerbView(CaseView[Petition]):
    """Perform one verb on one case that is visible to the caller; the response is the case."""

    spec = SPEC_OF[Verb.NOTE]  # replaced by `as_view(spec=...)`
    queryset = Petition.objects.none()
    serializer_class = PetitionDetailSerializer
    throttle_scope = "api-write"
    schema = VerbSchema()

    def get_parsers(self) -> list[BaseParser]:
        """Read JSON, or a multipart form for a body with photos."""
        return [StrictMultiPartParser() if self._has_photos else StrictJSONParser()]

    @property
    def _has_photos(self) -> bool:
        return issubclass(self.spec.body, PhotosBody)

    def post(self, request: Request, pk: int) -> Response:
        """Perform the verb; with an idempotency key once, and a repeat is answered the same.

        If the case is not visible to the caller any more, the repeat is told only that the verb
        was performed: id, number and version.

        Opening the contact ignores the key: a contact is stored nowhere else, and each opening is
        recorded for the resident.
        """
        if self.spec.verb == Verb.REVEAL:
            return self._perform(*self._check(request, pk))
        key = idempotency.verb_request(request, self.caller.pk)
        if key is None:
            return self._perform(*self._check(request, pk))
        checked = self._check_photos(request, pk, key) if self._has_photos else None

        def perform() -> tuple[int, str]:
            response = self._perform(*(checked or self._check(request, pk)))
            return pk, JSONRenderer().render(response.data).decode()

        once = perform_once(key, perform, now=clock.now())
        answer = json.loads(once.json)
        if once.is_repeat and not self.cases().filter(pk=pk).exists():
            answer = {name: answer[name] for name in WITHOUT_CASE}
        return Response(answer, headers={"ETag": f'"v{answer["version"]}"'})

    def _check_photos(
        self, request: Request, pk: int, key: IdempotencyRequest
    ) -> CheckedRequest | None:
        """Check a request with photos before the transaction, because cleaning them is expensive.

        Returns None if the key was used before: `perform_once` then answers the repeat.
        """
        if find(key) is not None:
            return None
        try:
            return self._check(request, pk)
        except VersionChanged:  # perhaps by the same request, performed since the look-up
            return None

    def _check(self, request: Request, pk: int) -> CheckedRequest:
        """Check actor, version and body, in this order; the workflow checks all rules again.

        Returns the case and the arguments of the workflow function; photos are stored.
        """
        verb = self.spec.verb
        petition = self.find(pk)
        decision = permissions.may(verb, petition, self.caller)
        refuse_wrong_actor(verb, petition, decision)
        checks_version = RULE_OF[verb].checks_version
        version = if_match(request, petition, is_needed=checks_version)
        body = self.spec.body(data=request.data, context={"petition": petition, "request": request})
        body.is_valid(raise_exception=True)
        arguments = body.arguments() | ({"expected_version": version} if checks_version else {})
        return petition, arguments

    def _perform(self, petition: Petition, arguments: dict[str, Any]) -> Response:
        assert self.spec.function is not None
        try:
            result = self.spec.function(
                petition=petition, by=self.caller, now=clock.now(), **arguments
            )
        except StaleVersion as error:
            raise VersionChanged(error.message) from error
        return self._respond(petition, result)

    def _respond(self, before: Petition, result: Petition | ContactDetails) -> Response:
        """Return the case after the verb, even if the caller may not see it any more.

        "reveal" returns the contact, which no cache may store.
        """
        if isinstance(result, ContactDetails):
            body = ContactSerializer({"name": result.name, "phone": result.phone}).data
            return Response(body, headers={"Cache-Control": "no-store"})
        for part in NAMED_PARTS:
            if getattr(result, f"{part}_id") == getattr(before, f"{part}_id"):
                setattr(result, part, getattr(before, part))  # loaded already: saves a query
        return Response(self.get_serializer(result).data, headers={"ETag": etag(result)})
