"""API of cases: the list, one case, and submitting a report."""

from __future__ import annotations

import json
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib import clock
from config.lib.db.keyset_pagination import NEWEST
from config.lib.rest.pagination import CursorPagination
from config.lib.rest.parsers import StrictJSONParser, StrictMultiPartParser
from config.lib.rest.strict_serializers import StrictSerializer
from petitions import involvement
from petitions.api import idempotency
from petitions.api.base import CaseListView, CaseView, etag, if_none_match
from petitions.api.serializers.cases import (
    PetitionDetailSerializer,
    PetitionSerializer,
    SubmittedSerializer,
    danger_answer,
    first_answer,
)
from petitions.api.serializers.submission import ReportBody, ReportFormBody
from petitions.models import Petition, PetitionQuerySet
from petitions.rules import case_parts, catalogue
from petitions.web import shown_codes
from petitions.web.filters import PetitionFilter
from petitions.workflow import submission
from petitions.workflow.idempotency import IdempotencyRequest
from petitions.workflow.submission import submit

ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=True, description='The version, as `"v3"`.'
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[201], description="The address of the case."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The version you have; if it is current, the response is 304 without body.",
)
RESPONSE_FIELDS = tuple(SubmittedSerializer().fields)

REPORT = OpenApiExample(
    "Murky water",
    {"place_code": "652302002004", "category": "WS01", "text": "自来水发浑，放一会儿还是黄的。"},
    media_type="application/json",
    request_only=True,
)


class NewestFirst(CursorPagination):
    """Cases, the newest first."""

    order = NEWEST


class PetitionList(CaseListView[Petition]):
    """The cases that are visible to the caller; POST submits a new one."""

    queryset = Petition.objects.none()
    filterset_class = PetitionFilter
    pagination_class = NewestFirst
    serializer_class = PetitionSerializer
    parser_classes = [StrictJSONParser, StrictMultiPartParser]
    throttle_scope = "api-file"

    def get_queryset(self) -> PetitionQuerySet:
        """Return the cases that are visible to the caller."""
        return self.cases()

    @extend_schema(
        operation_id="petitions_list",
        tags=["petitions"],
        responses=PetitionSerializer(many=True),
    )
    def get(self, _request: Request) -> Response:
        """Return a page of cases, newest first, with the same filters as the list page."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        case_parts.attach(rows)
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(
        operation_id="petitions_file",
        tags=["petitions"],
        parameters=[idempotency.HEADER, ETAG, LOCATION],
        request={"application/json": ReportBody, "multipart/form-data": ReportFormBody},
        responses={201: SubmittedSerializer},
        examples=[REPORT],
        filters=False,
    )
    def post(self, request: Request) -> Response:
        """Submit a report. A repeat with the same key and body gets the first response again.

        Without the tracking code, if the case is about an organisation or an accusation.
        """
        key_name = idempotency.key_of(request)
        data, files = _report_and_photos(request)
        key = IdempotencyRequest(
            f"user:{self.caller.pk}",
            key_name,
            idempotency.fingerprint(data, files),
            answer=first_answer,
        )
        submitted = self._submit_once(key, data, files)
        values = submitted.answer | {
            "tracking_code": _code_to_show(submitted),
            "danger": danger_answer(submitted.petition),
        }
        # A stored answer has no order, and one of an earlier release may have fewer fields.
        body = {name: values[name] for name in RESPONSE_FIELDS if name in values}
        location = f"{request.path}{submitted.petition.pk}/"  # below the list
        headers = {"Location": location, "ETag": '"v1"', "Cache-Control": "no-store"}
        return Response(body, status=201, headers=headers)

    def _submit_once(
        self, key: IdempotencyRequest, data: Any, files: list[UploadedFile[bytes]]
    ) -> submission.Submitted:
        """Submit the report, or return the first result if the key was used before.

        With photos the key is looked up first, because cleaning photos is expensive.
        """
        replayed = submission.replay(key) if files else None
        if replayed is not None:
            return replayed
        try:
            return self._submit(key, data)
        except ValidationError:  # a repeat of a report that was valid then, but is not any more
            replayed = submission.replay(key)
            if replayed is None:
                raise
            return replayed

    def _submit(self, key: IdempotencyRequest, data: Any) -> submission.Submitted:
        now = clock.now()
        context = {"request": self.request, "now": now}
        is_form = isinstance(self.request.data, QueryDict)
        body: StrictSerializer = (ReportFormBody if is_form else ReportBody)(
            data=data, context=context
        )
        body.is_valid(raise_exception=True)
        stored = body.store() if isinstance(body, ReportFormBody) else []
        values = body.validated_data["report"] if is_form else body.validated_data
        notice = catalogue.notice_version(timezone.localdate(now))
        report = ReportBody.report(values, notice, stored)
        return submit(report=report, by=self.caller, now=now, key=key)


class PetitionDetail(CaseView[Petition]):
    """One case."""

    queryset = Petition.objects.none()
    serializer_class = PetitionDetailSerializer

    @extend_schema(
        operation_id="petitions_retrieve",
        tags=["petitions"],
        parameters=[IF_NONE_MATCH, ETAG],
        responses={200: PetitionDetailSerializer, 304: None},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Return a case with the verbs the caller may perform now; `ETag` is its version."""
        petition = self.find(pk)
        headers = {"ETag": etag(petition)}
        if if_none_match(request, petition):
            return Response(status=304, headers=headers)
        return Response(self.get_serializer(petition).data, headers=headers)


def _code_to_show(submitted: submission.Submitted) -> str:
    """Return the tracking code; of a restricted case in the first answer only, and never again."""
    is_restricted = involvement.is_restricted(submitted.petition)
    if submitted.is_repeat:
        return "" if is_restricted else submitted.code
    return shown_codes.code_to_show(submitted.petition)


def _report_and_photos(request: Request) -> tuple[Any, list[UploadedFile[bytes]]]:
    """Return the report as sent, and its photos; a form has the report as JSON in one field."""
    sent = request.data
    if not isinstance(sent, QueryDict):
        return sent, []
    data: dict[str, Any] = {name: sent.get(name) for name in sent}
    files = sent.getlist("photos")
    if files:
        data["photos"] = files
    if isinstance(data.get("report"), str):
        try:
            data["report"] = json.loads(data["report"], parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("report 不是 JSON。")) from error
    return data, [file for file in files if isinstance(file, UploadedFile)]


def _refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which are not JSON."""
    raise ValueError(constant)
