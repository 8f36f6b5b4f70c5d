"""What a program sends to file a report."""

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
from config.lib.rest.strict_serializers import (
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictIdField,
    StrictSerializer,
)
from grids.models import Area, AreaCode, PlaceQr
from members.models import User
from petitions.enums import Channel, Regime, Urgency
from petitions.models import Category
from petitions.rules import catalogue, routing
from petitions.rules.contacts import ContactDetails
from petitions.rules.photos import MAX_PHOTOS, StoredPhoto
from petitions.web.field_validation import PHONE_AS_TYPED
from petitions.web.request_bodies import PhotosBody, not_found
from petitions.workflow import Report


class ContactBody(StrictSerializer):
    """How to reach the resident, if the resident wishes; kept sealed and apart."""

    name = StrictCharField(max_length=40, allow_blank=True, default="")
    phone = StrictCharField(max_length=26, allow_blank=True, default="")
    confidential = StrictBooleanField(
        default=False, help_text="Not to be told to whoever handles the case."
    )

    def validate_phone(self, phone: str) -> str:
        """Take what can be dialled."""
        if phone and not PHONE_AS_TYPED.match(phone):
            raise ValidationError(_("电话只能有数字、空格和横线。"))
        return phone


class ReportBody(StrictSerializer):
    """A report: `place` by id, or `place_code` by official code or printed QR code."""

    place = StrictIdField(required=False)
    place_code = StrictCharField(max_length=20, required=False)
    category = StrictCharField(
        max_length=8, help_text="The code of a category with nothing under it."
    )
    text = StrictCharField(max_length=2000)
    since = StrictCharField(max_length=60, allow_blank=True, default="")
    urgency = StrictChoiceField(
        choices=Urgency.choices, required=False, help_text="Left out, the category decides."
    )
    contact = ContactBody(required=False)
    about = StrictIdField(required=False, help_text="The organisation the report is about.")
    external_number = StrictCharField(max_length=40, allow_blank=True, default="")
    regime = StrictChoiceField(choices=Regime.choices, default=Regime.COMMUNITY)
    language = StrictChoiceField(
        choices=settings.LANGUAGES, default="zh-hans", help_text="Of the answer to the resident."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find what the ids and codes name, within the caller's reach."""
        caller: User = self.context["request"].user
        now: dt.datetime = self.context["now"]
        attrs["ground"] = _place(caller, attrs, timezone.localdate(now))
        attrs["matter"] = _category(attrs["category"])
        attrs["body"] = _about(attrs["ground"], attrs.get("about"))
        return attrs

    @staticmethod
    def report(given: dict[str, Any], notice_version: str, stored: list[StoredPhoto]) -> Report:
        """Return what was validated as the report the workflow takes."""
        contact = given.get("contact", {})
        reach = ContactDetails(
            contact.get("name", ""), contact.get("phone", ""), contact.get("confidential", False)
        )
        return Report(
            place=given["ground"].area,
            category=given["matter"],
            text=given["text"],
            channel=Channel.API,
            notice_version=notice_version,
            since=given["since"],
            urgency=given.get("urgency", ""),
            reach=reach,
            about=given["body"],
            photos=stored,
            language=given["language"],
            regime=Regime(given["regime"]),
            external_number=given["external_number"],
            around=given["ground"],
        )


def _place(caller: User, given: dict[str, Any], day: dt.date) -> routing.ResponsibleChain:
    if ("place" in given) == ("place_code" in given):
        raise ValidationError({"place": [_("地点请填编号或编码中的一个。")]})
    pk = given["place"] if "place" in given else _coded(caller, given["place_code"], day)
    found = routing.place(pk, day, caller.scope.register_version) if pk is not None else None
    if found and found.area.is_visible_to(caller) and found.area.is_reportable_on(day):
        return found
    raise not_found("place" if "place" in given else "place_code")


def _coded(caller: User, code: str, day: dt.date) -> int | None:
    """Return the one place with an official or a printed code; none if two are called so."""
    by_code = AreaCode.objects.on(day).filter(code=code).values("area")
    by_qr = PlaceQr.objects.filter(code=code, revoked_at=None).values("area")
    places = Area.objects.visible_to(caller).reportable(day)
    rows = places.filter(Q(pk__in=by_code) | Q(pk__in=by_qr)).values_list("pk", flat=True)[:2]
    return rows[0] if len(rows) == 1 else None


def _category(code: str) -> Category:
    found = catalogue.read().reportable.get(code)
    if found is None:
        raise not_found("category")
    return found


def _about(ground: routing.ResponsibleChain, pk: int | None) -> Organisation | None:
    if pk is None:
        return None
    chain = ground.organisations_below_city()
    found = next((body for body in chain if body.pk == pk), None)
    if found is None:
        raise not_found("about")
    return found


class ReportFormBody(PhotosBody):
    """A report with photos: its JSON in one part, the files beside it."""

    report = ReportBody()
    photos = serializers.ListField(
        child=serializers.FileField(), max_length=MAX_PHOTOS, required=False
    )
