"""API request bodies for submitting a report."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from branches.models import Organisation
from config.lib.form_fields import MAX_TYPED_TELEPHONE
from config.lib.rest.strict_serializers import (
    StrictBooleanField,
    StrictCodeField,
    StrictFreeTextField,
    StrictIdField,
    StrictLineField,
    StrictNumberTextField,
    StrictSerializer,
    StrictTelephoneField,
)
from grids.models import Area, AreaCode, PlaceQr
from members.models import User
from petitions.enums import Channel, Regime, Urgency
from petitions.models import Category
from petitions.rules import catalogue, routing
from petitions.rules.contacts import ContactDetails
from petitions.rules.photos import MAX_PHOTOS, StoredPhoto
from petitions.web.request_bodies import PhotosBody, not_found
from petitions.workflow.submission import Report


class ContactBody(StrictSerializer):
    """Contact details of the resident, optional; they are stored encrypted."""

    name = StrictLineField(max_length=40, allow_blank=True, default="")
    phone = StrictTelephoneField(
        max_length=MAX_TYPED_TELEPHONE,
        allow_blank=True,
        default="",
        help_text="In any spelling; stored as digits, without the country code of China.",
    )
    confidential = StrictBooleanField(
        default=False,
        help_text="Only the organisation above the handling one can open the contact details;"
        " nobody can if that is the city.",
    )


class ReportBody(StrictSerializer):
    """A report: `place` by id, or `place_code` by official code or printed QR code."""

    place = StrictIdField(required=False)
    place_code = StrictCodeField(max_length=20, required=False)
    category = StrictCodeField(
        max_length=8, help_text="The code of a category with nothing under it."
    )
    text = StrictFreeTextField(max_length=2000)
    since = StrictLineField(max_length=60, allow_blank=True, default="")
    urgency = serializers.ChoiceField(
        choices=Urgency.choices, required=False, help_text="By default that of the category."
    )
    contact = ContactBody(required=False)
    about = StrictIdField(required=False, help_text="The organisation the report is about.")
    external_number = StrictNumberTextField(max_length=40, allow_blank=True, default="")
    regime = serializers.ChoiceField(choices=Regime.choices, default=Regime.COMMUNITY)
    language = serializers.ChoiceField(
        choices=settings.LANGUAGES,
        default="zh-hans",
        help_text="Language of texts for the resident.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Look up place, category and organisation, among those visible to the caller."""
        caller: User = self.context["request"].user
        now: dt.datetime = self.context["now"]
        attrs["chain"] = _place(caller, attrs, timezone.localdate(now))
        attrs["category_row"] = _category(attrs["category"])
        attrs["about_row"] = _about(attrs["chain"], attrs.get("about"))
        return attrs

    @staticmethod
    def report(values: dict[str, Any], notice_version: str, stored: list[StoredPhoto]) -> Report:
        """Return validated values as the report for the workflow."""
        contact = values.get("contact", {})
        details = ContactDetails(
            contact.get("name", ""), contact.get("phone", ""), contact.get("confidential", False)
        )
        return Report(
            place=values["chain"].area,
            category=values["category_row"],
            text=values["text"],
            channel=Channel.API,
            notice_version=notice_version,
            since=values["since"],
            urgency=values.get("urgency", ""),
            contact=details,
            about=values["about_row"],
            photos=stored,
            language=values["language"],
            regime=Regime(values["regime"]),
            external_number=values["external_number"],
            chain=values["chain"],
        )


def _place(caller: User, attrs: dict[str, Any], day: dt.date) -> routing.ResponsibleChain:
    if ("place" in attrs) == ("place_code" in attrs):
        raise ValidationError({"place": [_("地点请填编号或编码中的一个。")]})
    pk = attrs["place"] if "place" in attrs else _place_by_code(caller, attrs["place_code"], day)
    chain = routing.place(pk, day, caller.scope.register_version) if pk is not None else None
    if chain and chain.area.is_visible_to(caller) and chain.area.is_reportable_on(day):
        return chain
    raise not_found("place" if "place" in attrs else "place_code")


def _place_by_code(caller: User, code: str, day: dt.date) -> int | None:
    """Return the id of the place with this official or printed code; None if it is ambiguous."""
    by_code = AreaCode.objects.on(day).filter(code=code).values("area")
    by_qr = PlaceQr.objects.filter(code=code.lower(), revoked_at=None).values("area")
    places = Area.objects.visible_to(caller).reportable(day)
    rows = places.filter(Q(pk__in=by_code) | Q(pk__in=by_qr)).values_list("pk", flat=True)[:2]
    return rows[0] if len(rows) == 1 else None


def _category(code: str) -> Category:
    category = catalogue.read().reportable.get(code)
    if category is None:
        raise not_found("category")
    return category


def _about(chain: routing.ResponsibleChain, pk: int | None) -> Organisation | None:
    if pk is None:
        return None
    organisations = chain.organisations_below_city()
    organisation = next((row for row in organisations if row.pk == pk), None)
    if organisation is None:
        raise not_found("about")
    return organisation


class ReportFormBody(PhotosBody):
    """A report with photos as a form: the report as JSON in one field, the files in another."""

    report = ReportBody()
    photos = serializers.ListField(
        child=serializers.FileField(), max_length=MAX_PHOTOS, required=False
    )
