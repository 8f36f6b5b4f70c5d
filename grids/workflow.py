"""Workflow of territory: add and close places, set codes, issue QR links, import calendars."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from config.lib import holdings, register_cache
from config.lib.db import tree_paths
from config.lib.db.validity import check_not_prolonged, check_order, seasons_overlap
from config.lib.text_forms import clean_line, fold_number, fold_search_text
from grids import place_names
from grids.enums import AreaKind, CodeScheme, DayKind, Level
from grids.models import Area, AreaCode, CalendarDay, OfficeHours, PlaceQr, new_qr_code

ONE_DAY = dt.timedelta(days=1)
BATCH = 1000
CODE_FORMATS = {
    CodeScheme.DIVISION: re.compile(r"\d{6}(\d{3}(\d{3})?)?"),
    CodeScheme.GRID: re.compile(r"\d{15}"),
    CodeScheme.BUILDING: re.compile(r"\d{5}"),
}
CORRECTABLE_FIELDS = ("entrances", "floors", "doors_per_floor", "season_from", "season_to")
TRUE_WORDS = frozenset({"true", "1", "是"})
FALSE_WORDS = frozenset({"false", "0", "否"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArea:
    """A place to add; `parent` is a place or the `key` of an earlier entry of the same list."""

    key: str = ""
    parent: Area | str | None
    level: Level
    kind: AreaKind
    name: str
    entrances: int | None = None
    floors: int | None = None
    doors_per_floor: int | None = None
    season_from: str = ""
    season_to: str = ""
    scheme: CodeScheme | None = None
    code: str = ""
    qr: str = ""


@dataclass(slots=True)
class CalendarReport:
    """Result of a calendar import; `refused` holds line numbers and reasons."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


def add_area(
    *,
    level: Level,
    kind: AreaKind,
    parent: Area | None,
    name: str,
    on: dt.date,
    entrances: int | None = None,
    floors: int | None = None,
    doors_per_floor: int | None = None,
    season_from: str = "",
    season_to: str = "",
) -> Area:
    """Add one place valid from `on`; ValidationError if it does not fit below its parent."""
    draft = NewArea(
        key="new",
        parent=parent,
        level=level,
        kind=kind,
        name=name,
        entrances=entrances,
        floors=floors,
        doors_per_floor=doors_per_floor,
        season_from=season_from,
        season_to=season_to,
    )
    return add_areas(areas=[draft], on=on)["new"]


@transaction.atomic
def add_areas(*, areas: Sequence[NewArea], on: dt.date) -> dict[str, Area]:
    """Add many places at once, parents before children; return them by key."""
    new_areas: list[Area] = []
    by_key: dict[str, Area] = {}
    parents = _Parents()
    for draft, pk in zip(areas, tree_paths.draw_ids(Area, len(areas)), strict=True):
        parent = by_key[draft.parent] if isinstance(draft.parent, str) else draft.parent
        area = _new_area(draft, pk, parent, on, parents.names_above(parent))
        new_areas.append(area)
        parents.add(area)
        by_key[draft.key or str(pk)] = area
    Area.objects.bulk_create(new_areas, BATCH)
    codes = [
        AreaCode(area=area, scheme=draft.scheme, code=fold_number(draft.code), valid_from=on)
        for draft, area in zip(areas, new_areas, strict=True)
        if draft.scheme is not None
    ]
    for code in codes:
        _check_code(code.area, CodeScheme(code.scheme), code.code, on, parents.codes)
        parents.codes[code.area_id] = code.code
    AreaCode.objects.bulk_create(codes, BATCH)
    links = [
        PlaceQr(area=area, code=draft.qr)
        for draft, area in zip(areas, new_areas, strict=True)
        if draft.qr
    ]
    PlaceQr.objects.bulk_create(links, BATCH)
    return by_key


def check_fits(*, level: int, parent: Area | None) -> None:
    """Raise ValidationError unless a place of this level may be a child of `parent`."""
    if parent is not None and parent.level >= level:
        raise ValidationError(_("下级地点的层级必须低于上级。"))
    if parent is None and level != Level.CITY:
        raise ValidationError(_("只有县级市没有上级地点。"))


@transaction.atomic
def set_code(*, area: Area, scheme: CodeScheme, code: str, on: dt.date) -> AreaCode:
    """Give a place a new official code from `on`; the previous code ends the day before.

    Formats: division 6, 9 or 12 digits; grid 15 digits beginning with its community's code;
    building 5 digits. Sources: 国统字〔2009〕91号, DB6101/T 3185-2024.
    """
    code = fold_number(code)
    _check_code(area, scheme, code, on, {})
    current = AreaCode.objects.select_for_update().filter(area=area, scheme=scheme).on(on)
    for existing in current:
        if existing.code == code:
            return existing
        if existing.valid_from >= on:
            raise ValidationError(_("这个编码从今天起才生效，不能同一天再改。"))
        existing.valid_to = on - ONE_DAY
        existing.save(update_fields=["valid_to"])
    return AreaCode.objects.create(area=area, scheme=scheme, code=code, valid_from=on)


@transaction.atomic
def close_area(*, area: Area, on: dt.date) -> Area:
    """Close a place: `on` is its last valid day.

    ValidationError while it holds something that must end before: places below, or open cases
    (setting `HOLDINGS`, kind `place`). The last day is never put off.
    """
    locked = Area.objects.select_for_update().get(pk=area.pk)
    if blocking := [item.text for item in holdings.of("place", locked, on) if item.blocks]:
        raise ValidationError(blocking)
    still_open = Q(valid_to__isnull=True) | Q(valid_to__gt=on)
    check_order(locked.valid_from, on, "valid_to")
    check_not_prolonged(locked.valid_to, on)
    locked.valid_to = on
    locked.save(update_fields=["valid_to"])
    AreaCode.objects.filter(still_open, area=locked, valid_from__lte=on).update(valid_to=on)
    return locked


def correct_area(*, area: Area) -> None:
    """Save corrected doors and season of a place; everything else is fixed."""
    area.save(update_fields=CORRECTABLE_FIELDS)


def check_qr_allowed(*, area: Area) -> None:
    """Raise ValidationError unless the place is a community or below one."""
    if area.level < Level.COMMUNITY:
        raise ValidationError(_("只有社区（村）以下的地点可以生成二维码。"))


def issue_qr(*, area: Area, code: str = "") -> PlaceQr:
    """Create a QR link for a reportable place; a place may have several."""
    check_qr_allowed(area=area)
    return PlaceQr.objects.create(area=area, code=code or new_qr_code())


def revoke_qr(*, qr: PlaceQr, now: dt.datetime) -> PlaceQr:
    """Revoke a QR link permanently; repeated calls change nothing."""
    PlaceQr.objects.filter(pk=qr.pk, revoked_at=None).update(revoked_at=now)
    qr.refresh_from_db(fields=["revoked_at"])
    return qr


@transaction.atomic
def import_calendar(
    *, region: Area, rows: Iterable[Mapping[str, str]], source: str, dry_run: bool = False
) -> CalendarReport:
    """Import a year's notice: rows with date, kind, is_workday and name.

    An existing day is updated. An invalid row is reported with its line number and skipped. With
    `dry_run` nothing is written and the report says what would change.
    """
    report = CalendarReport()
    existing_days = {day.date: day for day in CalendarDay.objects.filter(region=region)}
    for line, row in enumerate(rows, start=2):  # line 1 holds the headings
        try:
            day = _calendar_day(region, row, source)
        except ValidationError as error:
            report.refused.append((line, " ".join(error.messages)))
            continue
        _apply_day(day, existing_days, report, dry_run=dry_run)
    if not dry_run:
        register_cache.forget_version()
    return report


def check_office_hours(*, row: OfficeHours) -> None:
    """Raise ValidationError, by field, if a block overlaps another one of its region.

    Seasons of a region are the same or have no day in common, so that each day has one season.
    """
    for other in OfficeHours.objects.filter(region=row.region_id).exclude(pk=row.pk):
        if not seasons_overlap(row, other):
            continue
        if (other.season_from, other.season_to) != (row.season_from, row.season_to):
            words = _("和%(season)s的季节有重叠的日子；同一天只能属于一个季节。")
            other_season = f"{other.season_from}—{other.season_to}"
            raise ValidationError({"season_from": words % {"season": other_season}})
        if row.opens < other.closes and other.opens < row.closes:
            words = _("和已有的%(hours)s重叠，请改一个时间。")
            raise ValidationError({"opens": words % {"hours": other}})


def save_calendar_row(*, row: CalendarDay | OfficeHours) -> None:
    """Add or correct one calendar day or block of office hours.

    Raises ValidationError, by field, for a block that overlaps another one.
    """
    if isinstance(row, OfficeHours):
        check_office_hours(row=row)
    row.save()
    register_cache.forget_version()


@transaction.atomic
def delete_calendar_rows(*, rows: Iterable[CalendarDay | OfficeHours]) -> None:
    """Delete calendar days or blocks of office hours."""
    for row in rows:
        row.delete()
    register_cache.forget_version()


@transaction.atomic
def set_office_hours(*, region: Area, hours: Iterable[tuple[str, str, dt.time, dt.time]]) -> None:
    """Replace a region's office hours by blocks (season from, season to, opens, closes).

    Raises ValidationError for blocks that overlap; the earlier office hours then stay.
    """
    OfficeHours.objects.filter(region=region).delete()
    for season_from, season_to, opens, closes in hours:
        block = OfficeHours(
            region=region, season_from=season_from, season_to=season_to, opens=opens, closes=closes
        )
        block.clean_fields()
        check_office_hours(row=block)
        block.full_clean()
        block.save()
    register_cache.forget_version()


class _Parents:
    """Ancestors of the places being added, each looked up once."""

    def __init__(self) -> None:
        self.by_id: dict[int, Area] = {}
        self.codes: dict[int, str] = {}

    def add(self, area: Area) -> None:
        self.by_id[area.pk] = area

    def names_above(self, parent: Area | None) -> tuple[str, ...]:
        """Return the names of the grid and community above, for the search words."""
        if parent is None:
            return ()
        chain = tree_paths.ids_of(parent.path)
        missing = [pk for pk in chain if pk not in self.by_id]
        if missing:
            self.by_id.update(Area.objects.in_bulk(missing))
        names_above = (self.by_id[pk] for pk in reversed(chain))
        return tuple(a.name for a in names_above if a.level in (Level.GRID, Level.COMMUNITY))


def _new_area(
    draft: NewArea, pk: int, parent: Area | None, on: dt.date, names_above: tuple[str, ...]
) -> Area:
    check_fits(level=draft.level, parent=parent)
    full_name = place_names.full_name(
        draft.level,
        draft.name,
        parent.full_name if parent else "",
        parent.level if parent else None,
    )
    spelling = place_names.spell(full_name, names_above)
    area = Area(
        pk=pk,
        level=draft.level,
        kind=draft.kind,
        parent=parent,
        path=tree_paths.path_of(parent.path if parent else "", pk),
        name=draft.name,
        full_name=full_name,
        initials=spelling.initials,
        search_text=spelling.search_text,
        sort_key=spelling.sort_key,
        entrances=draft.entrances,
        floors=draft.floors,
        doors_per_floor=draft.doors_per_floor,
        season_from=draft.season_from,
        season_to=draft.season_to,
        valid_from=on,
    )
    area.clean_fields(exclude=["parent"])
    return area


def _check_code(
    area: Area, scheme: CodeScheme, code: str, on: dt.date, known: Mapping[int, str]
) -> None:
    if not CODE_FORMATS[scheme].fullmatch(code):
        raise ValidationError(_("编码“%(code)s”的位数不对。"), params={"code": code})
    if scheme != CodeScheme.GRID:
        return
    community = area.parent_id
    above = known.get(community or 0) or (
        AreaCode.objects.filter(area=community, scheme=CodeScheme.DIVISION)
        .on(on)
        .values_list("code", flat=True)
        .first()
    )
    if above is None or not code.startswith(above) or area.level != Level.GRID:
        raise ValidationError(_("网格编码必须以所在社区的12位代码开头。"))


def _calendar_day(region: Area, row: Mapping[str, str], source: str) -> CalendarDay:
    word = fold_search_text(row.get("is_workday") or "")
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ValidationError(_("“是否上班”一列请写 true 或 false。"))
    try:
        date = dt.date.fromisoformat(fold_number(row.get("date") or ""))
    except ValueError as error:
        raise ValidationError(_("日期请写成 2026-01-01 的样子。")) from error
    kind = fold_search_text(row.get("kind") or "")
    if kind not in DayKind.values:
        raise ValidationError(_("没有“%(kind)s”这种性质。"), params={"kind": kind})
    name = clean_line(row.get("name") or "")
    day = CalendarDay(
        region=region, date=date, kind=kind, is_workday=word in TRUE_WORDS, name=name, source=source
    )
    day.clean_fields(exclude=["region"])
    return day


def _apply_day(
    day: CalendarDay,
    existing_days: dict[dt.date, CalendarDay],
    report: CalendarReport,
    *,
    dry_run: bool,
) -> None:
    existing = existing_days.get(day.date)
    existing_days[day.date] = day
    if existing is None:
        report.added += 1
        if not dry_run:
            day.save()
        return
    day.pk = existing.pk
    if (existing.kind, existing.is_workday, existing.name) == (day.kind, day.is_workday, day.name):
        report.unchanged += 1
        return
    report.changed += 1
    if not dry_run:
        day.save(force_update=True)
