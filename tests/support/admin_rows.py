"""Rows for the tables of the admin that the stage leaves empty."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from knox.models import AuthToken

from branches.enums import OrgKind, OrgLevel
from branches.workflow import add_mobile_room, add_organisation, announce_stops
from grids.models import CalendarDay
from members.enums import ChannelName
from members.models import Delivery, NearbyEnrolment
from petitions.models import Event, ResidentMessage
from tests.support.cast import SINCE, Stage


def add_rows(stage: Stage) -> None:
    """Add a row to each table of the admin that the stage leaves empty."""
    town = stage.town
    NearbyEnrolment.objects.create(
        name="样本", home_unit="市示例局", organisation=town.orgs["branch"], enrolled_on=SINCE
    )
    CalendarDay.objects.create(
        region=town.areas["city"], date=SINCE, kind="holiday", is_workday=False, name="元旦"
    )
    yurts = add_organisation(
        level=OrgLevel.GROUP,
        kind=OrgKind.YURT_GROUP,
        parent=town.orgs["yingbin"],
        area=town.areas["yingbin"],
        name="毡房党小组",
        on=SINCE,
    )
    room = add_mobile_room(organisation=yurts, name="流动毡房")
    announce_stops(room=room, stops=[(dt.date(2026, 12, 1), town.areas["yingbin"], "义诊")])
    now = timezone.now()
    Delivery.objects.create(
        key="x", user=stage.cast["clerk"], channel=ChannelName.EMAIL, send_from=now
    )
    petition = stage.file().petition
    event = Event.objects.get(petition=petition)
    ResidentMessage.objects.create(petition=petition, event=event, created_at=now)
    AuthToken.objects.create(user=stage.cast["partner"])
