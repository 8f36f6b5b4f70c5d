"""Workflow of organisations: add and end them, assign and end responsibilities, announce stops."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from branches.enums import OpenCases, OrgKind, OrgLevel
from branches.models import MobileActivityRoom, Organisation, Responsibility, Stop
from config.lib import holdings
from config.lib.db import tree_paths
from config.lib.db.validity import check_order, season_words, seasons_overlap
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
# Levels of places each level is responsible for. A department is found by category instead.
RESPONSIBLE_FOR: dict[OrgLevel, frozenset[Level]] = {
    OrgLevel.CITY: frozenset({Level.CITY}),
    OrgLevel.DEPARTMENT: frozenset(),
    OrgLevel.SUBDISTRICT: frozenset({Level.SUBDISTRICT}),
    OrgLevel.COMMUNITY: frozenset({Level.COMMUNITY}),
    OrgLevel.BRANCH: frozenset({Level.GRID}),
    OrgLevel.GROUP: frozenset({Level.ESTATE, Level.BUILDING}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrganisation:
    """An organisation to add; `parent` is one, or the `key` of an earlier entry."""

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
    """A place to become responsible for, in one season if given."""

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
    """Add one organisation valid from `on`; ValidationError if it does not fit its parent."""
    draft = NewOrganisation(
        key="new",
        parent=parent,
        level=level,
        kind=kind,
        area=area,
        name=name,
        short_name=short_name,
        duty_phone=duty_phone,
    )
    return add_organisations(organisations=[draft], on=on)["new"]


@transaction.atomic
def add_organisations(
    *, organisations: Sequence[NewOrganisation], on: dt.date
) -> dict[str, Organisation]:
    """Add many organisations at once, parents first; return them by key."""
    added: dict[str, Organisation] = {}
    ids = tree_paths.draw_ids(Organisation, len(organisations))
    for draft, pk in zip(organisations, ids, strict=True):
        parent = added[draft.parent] if isinstance(draft.parent, str) else draft.parent
        added[draft.key] = _new_organisation(draft, pk, parent, on)
    Organisation.objects.bulk_create(added.values(), BATCH)
    return added


def correct_organisation(*, organisation: Organisation) -> None:
    """Save corrected names and duty phone of an organisation; everything else is fixed."""
    organisation.save(update_fields=["name", "short_name", "duty_phone"])


@transaction.atomic
def end_organisation(*, organisation: Organisation, on: dt.date) -> Organisation:
    """End an organisation: `on` is its last day.

    ValidationError while it holds something that must end before: organisations below,
    responsibilities, posts, open cases, tasks (setting `HOLDINGS`, kind `organisation`).
    """
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    check_order(locked.valid_from, on, "valid_to")
    if locked.valid_to is not None and locked.valid_to < on:
        raise ValidationError(_("这个组织已经撤销。"))
    if blocking := [item.text for item in holdings.of("organisation", locked, on) if item.blocks]:
        raise ValidationError(blocking)
    locked.valid_to = on
    locked.save(update_fields=["valid_to"])
    return locked


def assign(
    *,
    organisation: Organisation,
    area: Area,
    on: dt.date,
    until: dt.date | None = None,
    season_from: str = "",
    season_to: str = "",
) -> Responsibility:
    """Make an organisation responsible for a place from `on`, in one season if given.

    ValidationError if the place is not of a level the organisation covers, lies outside its
    territory, or another organisation of the level is responsible in that time and season.
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
def end_responsibility(
    *, responsibility: Responsibility, on: dt.date, open_cases: OpenCases | None = None
) -> Responsibility:
    """End a responsibility: `on` is its last day.

    `open_cases` decides about the organisation's open cases at the place; ValidationError without
    a decision while there are any (setting `HOLDINGS`, kind `responsibility`, code `cases`). Cases
    that follow are moved after the last day.
    """
    locked = (
        Responsibility.objects.select_for_update(of=("self",))
        .select_related("organisation", "area")
        .get(pk=responsibility.pk)
    )
    check_order(locked.valid_from, on, "valid_to")
    if locked.valid_to is not None and locked.valid_to < on:
        raise ValidationError(_("这项职责已经结束。"))
    codes = {item.code for item in holdings.of("responsibility", locked, on)}
    if open_cases is None and "cases" in codes:
        raise ValidationError({"open_cases": _("还有没办完的诉求，请选择留下还是转走。")})
    locked.valid_to = on
    locked.open_cases = open_cases or ""
    locked.save(update_fields=["valid_to", "open_cases"])
    return locked


def mark_followed(*, responsibility: Responsibility, now: dt.datetime) -> None:
    """Record that the open cases of an ended responsibility have been moved."""
    responsibility.followed_at = now
    responsibility.save(update_fields=["followed_at"])


@transaction.atomic
def correct_season(*, responsibility_id: int, season_from: str, season_to: str) -> Responsibility:
    """Correct the season of a responsibility that was entered wrongly, past days included.

    Works on the schema of the release before, so that overlaps can be corrected before migrating.
    ValidationError if the season overlaps with that of another organisation of the level.
    """
    rows = Responsibility.objects.select_for_update(of=("self",)).select_related("area")
    row = rows.only(
        *("level", "season_from", "season_to", "valid_from", "valid_to", "area__full_name")
    ).get(pk=responsibility_id)
    row.season_from, row.season_to = season_from, season_to
    row.clean_fields(exclude=["organisation", "area"])
    row.clean()
    _refuse_two_owners([row], row.valid_from, row.valid_to)
    Responsibility.objects.filter(pk=row.pk).update(season_from=season_from, season_to=season_to)
    return row


@transaction.atomic
def announce_stops(
    *, room: MobileActivityRoom, stops: Sequence[tuple[dt.date, Area, str]]
) -> list[Stop]:
    """Add announced stops (day, place, services) to a mobile room's timetable."""
    return Stop.objects.bulk_create(
        [Stop(room=room, date=day, area=area, services=services) for day, area, services in stops]
    )


@transaction.atomic
def change_stops(*, changed: Sequence[Stop], deleted: Sequence[Stop]) -> None:
    """Save added or corrected stops of a timetable and delete others."""
    for stop in changed:
        stop.save()
    for stop in deleted:
        stop.delete()


def check_room_allowed(*, organisation: Organisation) -> None:
    """Raise ValidationError unless the organisation is a yurt group."""
    if organisation.kind != OrgKind.YURT_GROUP:
        raise ValidationError(_("流动毡房活动室只能属于毡房党小组。"))


def correct_mobile_room(*, room: MobileActivityRoom) -> None:
    """Save the corrected name or group of a mobile activity room."""
    check_room_allowed(organisation=room.organisation)
    room.save()


def add_mobile_room(*, organisation: Organisation, name: str) -> MobileActivityRoom:
    """Add a mobile activity room to a yurt group."""
    check_room_allowed(organisation=organisation)
    return MobileActivityRoom.objects.create(organisation=organisation, name=name)


def check_fits(*, level: OrgLevel, parent: Organisation | None, area: Area) -> None:
    """Raise ValidationError unless such an organisation may stand below `parent` at `area`."""
    allowed = PARENT_LEVELS[level]
    if (parent is None) != (not allowed) or (parent and parent.level not in allowed):
        raise ValidationError(_("上级组织的层级不对。"))
    if parent is not None and not area.path.startswith(parent.area.path):
        raise ValidationError(_("所在地不在上级组织的辖区内。"))


def check_responsibility(*, organisation: Organisation, area: Area) -> None:
    """Raise ValidationError unless the organisation may be responsible for the place."""
    if area.level not in RESPONSIBLE_FOR[OrgLevel(organisation.level)]:
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
    row.clean()
    return row


def _territory(organisation: Organisation) -> str:
    """Return the path of the area that limits an organisation's responsibilities.

    A branch covers several grids and a group several buildings, so their own area is too narrow;
    the area of the parent organisation counts.
    """
    if organisation.level in {OrgLevel.BRANCH, OrgLevel.GROUP} and organisation.parent is not None:
        return _territory(organisation.parent)
    return organisation.area.path


def check_vacant(
    *, responsibility: NewResponsibility, on: dt.date, until: dt.date | None = None
) -> None:
    """Raise ValidationError at the field if another organisation of the level is responsible."""
    organisation = responsibility.organisation
    row = Responsibility(
        organisation=organisation,
        level=organisation.level,
        area=responsibility.area,
        season_from=responsibility.season_from,
        season_to=responsibility.season_to,
    )
    _refuse_two_owners([row], on, until)


def _refuse_two_owners(rows: list[Responsibility], on: dt.date, until: dt.date | None) -> None:
    """Report conflicts in words; the exclusion constraints enforce the rule anyway."""
    conflicts = (
        Responsibility.objects.filter(area__in={row.area_id for row in rows})
        .filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on))
        .exclude(pk__in=[row.pk for row in rows if row.pk])
        .select_related("organisation", "area")
        .only("level", "season_from", "season_to", "organisation__name", "area__full_name")
    )
    if until is not None:
        conflicts = conflicts.filter(valid_from__lte=until)
    owners: dict[tuple[int, str], list[Responsibility]] = defaultdict(list)
    for conflict in conflicts:
        owners[conflict.area_id, conflict.level].append(conflict)
    for row in rows:
        others = owners[row.area_id, row.level]
        owner = next((other for other in others if seasons_overlap(row, other)), None)
        if owner is not None:
            raise ValidationError(_two_owners(row, owner))
        others.append(row)


def _two_owners(row: Responsibility, owner: Responsibility) -> dict[str, str]:
    """Return the error at the field that must change: the season, or the place."""
    words = {"area": str(row.area), "organisation": str(owner.organisation)}
    if not row.season_from:
        return {"area": _("%(area)s在这段时间已由%(organisation)s负责。") % words}
    words["season"] = season_words(owner.season_from, owner.season_to)
    text = _("%(area)s在%(season)s已由%(organisation)s负责，季节不能重叠。") % words
    return {"season_from": text}
