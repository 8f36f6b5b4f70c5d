"""Form of the door sheet: the result at each door of a building, and nothing about people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.lib.form_fields import LineField
from grids.models import Area
from petitions.enums import DoorResult
from petitions.verbs.forms.base import VerbForm, text_field
from petitions.web.photo_fields import PhotoFormMixin

Door = tuple[int, int, int]
MAX_DOORS_ON_PAGE = 240
"""A building with more doors is shown one entrance at a time."""


@dataclass(frozen=True, slots=True)
class DoorCell:
    """One door: field name, door number, text for screen readers, and result."""

    name: str
    label: str
    spoken: str
    value: str


@dataclass(frozen=True, slots=True)
class FloorRow:
    """One floor: the doors of each entrance."""

    number: int
    entrances: Sequence[Sequence[DoorCell]]


def field_name(door: Door) -> str:
    """Return the field name of a door."""
    return "d-{}-{}-{}".format(*door)


def door_number(door: Door) -> str:
    """Return the number on the door: floor, then door, for example `602`."""
    return f"{door[1]}{door[2]:02d}"


def entrances_of(building: Area, chosen: int | None = None) -> list[int]:
    """Return the entrances that a page shows: all, or in a large building the chosen one."""
    count = building.entrances or 0
    if building.door_count <= MAX_DOORS_ON_PAGE:
        return list(range(1, count + 1))
    return [chosen if chosen and 1 <= chosen <= count else 1]


class DoorSheetForm(PhotoFormMixin, VerbForm):
    """The doors of one building or entrance, with one remark and photos.

    `stored`: the results in the database. The hidden field `before` keeps those the page was drawn
    with, so that only what the user changed is sent to the workflow.
    """

    remark = text_field(_("备注"), _("只有工作人员看得到。写事，不写人。"), required=False)
    before = LineField(widget=forms.HiddenInput, required=False)
    field_order = ("version", "before", "remark", "photos")

    def __init__(
        self,
        *args: Any,
        building: Area,
        entrances: Sequence[int],
        stored: Mapping[Door, str],
        **kwargs: Any,
    ) -> None:
        self.building, self.entrances, self.stored = building, entrances, stored
        kwargs.setdefault("initial", {})["before"] = _pack(stored)
        super().__init__(*args, **kwargs)

    def doors(self) -> Iterator[Door]:
        """Yield the doors of the page, from the top floor down."""
        for floor in range(self.building.floors or 0, 0, -1):
            for entrance in self.entrances:
                for door in range(1, (self.building.doors_per_floor or 0) + 1):
                    yield entrance, floor, door

    def result(self, door: Door) -> str:
        """Return the result of a door: as sent, or as stored for a form that was not sent."""
        if not self.is_bound:
            return self.stored.get(door, "")
        return str(self.data.get(field_name(door), ""))

    def floors(self) -> list[FloorRow]:
        """Return the rows of the sheet: one per floor, with the entrances as columns."""
        rows: dict[int, dict[int, list[DoorCell]]] = {}
        for door in self.doors():
            rows.setdefault(door[1], {}).setdefault(door[0], []).append(self._cell(door))
        return [FloorRow(number, list(row.values())) for number, row in rows.items()]

    def _cell(self, door: Door) -> DoorCell:
        spoken = gettext("%(entrance)d 单元 %(door)s") % {
            "entrance": door[0],
            "door": door_number(door),
        }
        return DoorCell(field_name(door), door_number(door), spoken, self.result(door))

    def counts(self) -> list[tuple[str, str, int]]:
        """Return value, label and number of doors of each result; doors without a result last."""
        results = [self.result(door) for door in self.doors()]
        counts = [(kind.value, str(kind.label), results.count(kind.value)) for kind in DoorResult]
        return [*counts, ("", gettext("未到"), results.count(""))]

    def clean(self) -> None:
        """Collect the doors that the user changed; refuse unknown results and an empty sheet."""
        super().clean()
        before = _unpack(self.cleaned_data.get("before", ""))
        self.results: dict[Door, DoorResult] = {}
        for door in self.doors():
            value = self.result(door)
            if value and value not in DoorResult.values:
                raise forms.ValidationError(gettext("门的状态不对，请重新选择。"))
            if value and value != before.get(field_name(door)):
                self.results[door] = DoorResult(value)
        if not (self.errors or self.results or self._has_remark_or_photos()):
            raise forms.ValidationError(gettext("还没有填任何一户。"))

    def _has_remark_or_photos(self) -> bool:
        return bool(self.cleaned_data.get("remark") or self.cleaned_data.get("photos"))

    def content(self) -> dict[str, Any]:
        """Return also the results at the doors, which are no declared fields."""
        results = {field_name(door): str(result) for door, result in self.results.items()}
        return super().content() | {"results": results}

    def arguments(self) -> dict[str, Any]:
        """Return the building and the changed results with the other fields."""
        arguments = super().arguments()
        del arguments["before"]
        return arguments | {"building": self.building, "results": self.results}


def _pack(stored: Mapping[Door, str]) -> str:
    """Write results as text for the hidden field."""
    return " ".join(f"{field_name(door)}={value}" for door, value in sorted(stored.items()))


def _unpack(text: str) -> dict[str, str]:
    """Read what `_pack` wrote: field name -> result."""
    pairs = (part.partition("=") for part in text.split())
    return {name: value for name, _sign, value in pairs}
