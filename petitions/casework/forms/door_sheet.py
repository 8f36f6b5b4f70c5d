"""The door sheet: what was found at each door of a building; nothing about people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from grids.models import Area
from petitions.casework.forms.base import VerbForm, words
from petitions.enums import DoorResult, Verb
from petitions.web.photo_fields import PhotoFormMixin

Door = tuple[int, int, int]
ONE_PAGE = 240
"""A building with more doors is shown one entrance at a time."""


@dataclass(frozen=True, slots=True)
class DoorCell:
    """One door: the name of its field, the number on it, and what was found."""

    name: str
    label: str
    spoken: str
    value: str


@dataclass(frozen=True, slots=True)
class FloorRow:
    """One floor: the doors of each entrance."""

    number: int
    entrances: Sequence[Sequence[DoorCell]]


def name_of(door: Door) -> str:
    """Return the field name of a door."""
    return "d-{}-{}-{}".format(*door)


def label_of(door: Door) -> str:
    """Return the number people see on the door: floor, then door, e.g. `602`."""
    return f"{door[1]}{door[2]:02d}"


def entrances_of(building: Area, chosen: int | None = None) -> list[int]:
    """Return the entrances a page shows: all, or in a large building the chosen one."""
    count = building.entrances or 0
    if building.door_count <= ONE_PAGE:
        return list(range(1, count + 1))
    return [chosen if chosen and 1 <= chosen <= count else 1]


class DoorSheetForm(PhotoFormMixin, VerbForm):
    """The doors of one building, or of one of its entrances, with a remark and photos for all."""

    verb = Verb.VISIT

    remark = words(_("备注"), _("只有工作人员看得到。写事，不写人。"), required=False)
    before = forms.CharField(widget=forms.HiddenInput, required=False)
    field_order = ("version", "before", "remark", "photos")

    def __init__(
        self,
        *args: Any,
        building: Area,
        entrances: Sequence[int],
        known: Mapping[Door, str],
        **kwargs: Any,
    ) -> None:
        self.building, self.entrances, self.known = building, entrances, known
        kwargs.setdefault("initial", {})["before"] = _packed(known)
        super().__init__(*args, **kwargs)

    def doors(self) -> Iterator[Door]:
        """Yield the doors of the page, from the top floor down."""
        for floor in range(self.building.floors or 0, 0, -1):
            for entrance in self.entrances:
                for door in range(1, (self.building.doors_per_floor or 0) + 1):
                    yield entrance, floor, door

    def found(self, door: Door) -> str:
        """Return what the form says of a door: as sent, else as known."""
        if not self.is_bound:
            return self.known.get(door, "")
        return str(self.data.get(name_of(door), ""))

    def floors(self) -> list[FloorRow]:
        """Return the sheet as it is drawn: floors as rows, entrances as columns."""
        rows: dict[int, dict[int, list[DoorCell]]] = {}
        for door in self.doors():
            rows.setdefault(door[1], {}).setdefault(door[0], []).append(self._cell(door))
        return [FloorRow(number, list(row.values())) for number, row in rows.items()]

    def _cell(self, door: Door) -> DoorCell:
        spoken = gettext("%(entrance)d 单元 %(door)s") % {
            "entrance": door[0],
            "door": label_of(door),
        }
        return DoorCell(name_of(door), label_of(door), spoken, self.found(door))

    def counts(self) -> list[tuple[str, str, int]]:
        """Return how many doors of the page are in each state, those not visited last."""
        states = [self.found(door) for door in self.doors()]
        found = [(one.value, str(one.label), states.count(one.value)) for one in DoorResult]
        return [*found, ("", gettext("未到"), states.count(""))]

    def clean(self) -> None:
        """Keep the doors that changed since the page was drawn; refuse words that are none."""
        super().clean()
        before = _unpacked(self.cleaned_data.get("before", ""))
        self.results: dict[Door, DoorResult] = {}
        for door in self.doors():
            value = self.found(door)
            if value and value not in DoorResult.values:
                raise forms.ValidationError(gettext("门的状态不对，请重新选择。"))
            if value and value != before.get(name_of(door)):
                self.results[door] = DoorResult(value)
        if not (self.errors or self.results or self._has_more()):
            raise forms.ValidationError(gettext("还没有填任何一户。"))

    def _has_more(self) -> bool:
        return bool(self.cleaned_data.get("remark") or self.cleaned_data.get("photos"))

    def arguments(self) -> dict[str, Any]:
        """Return the building and what changed at its doors."""
        given = super().arguments()
        del given["before"]
        return given | {"building": self.building, "results": self.results}


def _packed(known: Mapping[Door, str]) -> str:
    return " ".join(f"{name_of(door)}={value}" for door, value in sorted(known.items()))


def _unpacked(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split())
    return {name: value for name, _sign, value in pairs}
