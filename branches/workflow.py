"""The verbs of organisations: adding them, and saying from when on they answer for what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from branches.enums import OrgKind, OrgLevel
from branches.models import MobileActivityRoom, Organisation, Responsibility, Stop
from config.lib.db import tree_paths
from grids.enums import Level
from grids.models import Area

BATCH = 1000
PARENT_LEVELS: dict[OrgLevel, frozenset[OrgLevel]] = {
    OrgLevel.CITY: frozenset(),
    OrgLevel.DEPARTMENT: frozenset({OrgLevel.CITY}),
    OrgLevel.SUBDISTRICT: frozenset({OrgLevel.CITY}),
    OrgLevel.COMMUNITY: frozenset({OrgLevel.SUBDISTRICT}),
    OrgLevel.BRANCH: frozenset({OrgLevel.COMMUNITY}),
    OrgLevel.GROUP: frozenset({OrgLevel.BRANCH, OrgLevel.COMMUNITY}),
}
# What each level answers for. A department is asked by category, never by place.
ANSWERS_FOR: dict[OrgLevel, frozenset[Level]] = {
    OrgLevel.CITY: frozenset({Level.CITY}),
    OrgLevel.DEPARTMENT: frozenset(),
    OrgLevel.SUBDISTRICT: frozenset({Level.SUBDISTRICT}),
    OrgLevel.COMMUNITY: frozenset({Level.COMMUNITY}),
    OrgLevel.BRANCH: frozenset({Level.GRID}),
    OrgLevel.GROUP: frozenset({Level.ESTATE, Level.BUILDING}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrganisation:
    """An organisation to add. `parent` is one, or the `key` of one earlier in the same list."""

    key: str
    parent: Organisation | str | None
    level: OrgLevel
    kind: OrgKind
    area: Area
    name: str
    short_name: str = ""
    duty_phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResponsibility:
    """A place to answer for, in one season if named."""

    organisation: Organisation
    area: Area
    season_from: str = ""
    season_to: str = ""


def add_organisation(
    *,
    level: OrgLevel,
    kind: OrgKind,
    parent: Organisation | None,
    area: Area,
    name: str,
    on: dt.date,
    short_name: str = "",
    duty_phone: str = "",
) -> Organisation:
    """Add one organisation, valid from `on`; ValidationError when it does not fit its parent."""
    draft = NewOrganisation(
        key="it",
        parent=parent,
        level=level,
        kind=kind,
        area=area,
        name=name,
        short_name=short_name,
        duty_phone=duty_phone,
    )
    return add_organisations(organisations=[draft], on=on)["it"]


@transaction.atomic
def add_organisations(
    *, organisations: Sequence[NewOrganisation], on: dt.date
) -> dict[str, Organisation]:
    """Add many organisations at once, superiors first; returns them by their keys."""
    made: dict[str, Organisation] = {}
    ids = tree_paths.draw_ids(Organisation, len(organisations))
    for draft, pk in zip(organisations, ids, strict=True):
        parent = made[draft.parent] if isinstance(draft.parent, str) else draft.parent
        made[draft.key] = _new_organisation(draft, pk, parent, on)
    Organisation.objects.bulk_create(made.values(), BATCH)
    return made


def assign(
    *,
    organisation: Organisation,
    area: Area,
    on: dt.date,
    until: dt.date | None = None,
    season_from: str = "",
    season_to: str = "",
) -> Responsibility:
    """Let an organisation answer for a place from `on`, in one season if named.

    ValidationError when the place is not of the organisation's level or outside its superior's
    territory, and when another organisation of the level answers for it in that time and season.
    """
    draft = NewResponsibility(
        organisation=organisation, area=area, season_from=season_from, season_to=season_to
    )
    return assign_all(responsibilities=[draft], on=on, until=until)[0]


@transaction.atomic
def assign_all(
    *, responsibilities: Sequence[NewResponsibility], on: dt.date, until: dt.date | None = None
) -> list[Responsibility]:
    """Assign many places at once, all from `on`."""
    rows = [_new_responsibility(draft, on, until) for draft in responsibilities]
    _refuse_two_owners(rows, on, until)
    return Responsibility.objects.bulk_create(rows, BATCH)


@transaction.atomic
def end_responsibility(*, responsibility: Responsibility, on: dt.date) -> Responsibility:
    """End a responsibility: `on` is its last day. What happened before stays as it was."""
    locked = Responsibility.objects.select_for_update().get(pk=responsibility.pk)
    if locked.valid_from > on:
        raise ValidationError(_("失效日期不能早于生效日期。"))
    if locked.valid_to is not None and locked.valid_to < on:
        raise ValidationError(_("这项职责已经结束。"))
    locked.valid_to = on
    locked.save(update_fields=["valid_to"])
    return locked


@transaction.atomic
def announce_stops(
    *, room: MobileActivityRoom, stops: Sequence[tuple[dt.date, Area, str]]
) -> list[Stop]:
    """Add announced stops (day, place, services) to a mobile activity room's timetable."""
    return Stop.objects.bulk_create(
        [Stop(room=room, date=day, area=area, services=services) for day, area, services in stops]
    )


def add_mobile_room(*, organisation: Organisation, name: str) -> MobileActivityRoom:
    """Give a yurt group its travelling activity room."""
    if organisation.kind != OrgKind.YURT_GROUP:
        raise ValidationError(_("流动毡房活动室只能属于毡房党小组。"))
    return MobileActivityRoom.objects.create(organisation=organisation, name=name)


def check_fits(*, level: OrgLevel, parent: Organisation | None, area: Area) -> None:
    """ValidationError unless an organisation of this level may stand below `parent`, at `area`."""
    allowed = PARENT_LEVELS[level]
    if (parent is None) != (not allowed) or (parent and parent.level not in allowed):
        raise ValidationError(_("上级组织的层级不对。"))
    if parent is not None and not area.path.startswith(parent.area.path):
        raise ValidationError(_("所在地不在上级组织的辖区内。"))


def check_responsibility(*, organisation: Organisation, area: Area) -> None:
    """ValidationError unless the organisation may answer for the place."""
    if area.level not in ANSWERS_FOR[OrgLevel(organisation.level)]:
        raise ValidationError(_("这一级组织不负责这一级地点。"))
    if not area.path.startswith(_territory(organisation)):
        raise ValidationError(_("地点不在这个组织的辖区内。"))


def _new_organisation(
    draft: NewOrganisation, pk: int, parent: Organisation | None, on: dt.date
) -> Organisation:
    check_fits(level=draft.level, parent=parent, area=draft.area)
    organisation = Organisation(
        pk=pk,
        level=draft.level,
        kind=draft.kind,
        parent=parent,
        path=tree_paths.path_of(parent.path if parent else "", pk),
        area=draft.area,
        name=draft.name,
        short_name=draft.short_name or draft.name,
        duty_phone=draft.duty_phone,
        valid_from=on,
    )
    organisation.clean_fields(exclude=["parent", "area"])
    return organisation


def _new_responsibility(
    draft: NewResponsibility, on: dt.date, until: dt.date | None
) -> Responsibility:
    organisation, area = draft.organisation, draft.area
    check_responsibility(organisation=organisation, area=area)
    row = Responsibility(
        organisation=organisation,
        level=organisation.level,
        area=area,
        season_from=draft.season_from,
        season_to=draft.season_to,
        valid_from=on,
        valid_to=until,
    )
    row.clean_fields(exclude=["organisation", "area"])
    return row


def _territory(organisation: Organisation) -> str:
    """Path of the place inside which the organisation may answer: its community's, mostly.

    A branch serves several grids and a group several buildings, so their own place is too narrow.
    """
    if organisation.level in {OrgLevel.BRANCH, OrgLevel.GROUP} and organisation.parent is not None:
        return _territory(organisation.parent)
    return organisation.area.path


def check_vacant(
    *,
    organisation: Organisation,
    area: Area,
    on: dt.date,
    until: dt.date | None = None,
    season_from: str = "",
) -> None:
    """ValidationError when another organisation of the level answers in that time and season."""
    row = Responsibility(
        organisation=organisation, level=organisation.level, area=area, season_from=season_from
    )
    _refuse_two_owners([row], on, until)


def _refuse_two_owners(rows: list[Responsibility], on: dt.date, until: dt.date | None) -> None:
    """Say it in words; the database's exclusion constraint holds it whatever code runs."""
    taken = (
        Responsibility.objects.filter(area__in={row.area_id for row in rows})
        .filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on))
        .select_related("organisation", "area")
    )
    if until is not None:
        taken = taken.filter(valid_from__lte=until)
    seen = {(row.area_id, row.level, row.season_from): row for row in taken}
    for row in rows:
        other = seen.setdefault((row.area_id, row.level, row.season_from), row)
        if other is not row:
            raise ValidationError(
                _("%(area)s在这段时间已由%(organisation)s负责。"),
                params={"area": str(row.area), "organisation": str(other.organisation)},
            )
