"""Which dangers a category and a resident's own words point to, and whom to call at once.

The words are those of `danger_words`. Nothing is stored because a word matched, and a warning
never keeps anybody from filing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from petitions.enums import Urgency, Verb
from petitions.models import Category, Event, Petition
from petitions.rules import catalogue
from petitions.rules.danger_words import KINDS, DangerKind, kinds_in

NATIONAL_NUMBERS = {
    "119": _("火警、救援"),
    "120": _("急救"),
    "110": _("报警"),
    "122": _("交通事故"),
}
TRAFFIC_NUMBER = "122"
FOLLOW_UPS = frozenset({Verb.DISPUTE, Verb.REOPEN})
"""The verbs whose note holds what the resident says now."""

_NUMBER = re.compile(r"\d[\d-]*\d")
_PARTS = re.compile(r"[；;，,、]")
_BRACKETS = re.compile(r"[（(].*?[）)]")
_SAMPLE = "示例"
# The words beside the numbers in the categories that the product brings.
_OWN_WORDS = {
    "供电抢修": _("供电抢修"),
    "燃气抢修": _("燃气抢修"),
    "发生火情": _("发生火情"),
    "有人被困": _("有人被困"),
    "有人受伤": _("有人受伤"),
    "有人受伤或被困": _("有人受伤或被困"),
}


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """A telephone number for emergencies, the service it belongs to, and when to call it.

    The number of the sample data (`is_sample`) belongs to nobody and is no link.
    """

    number: str
    name: StrOrPromise
    note: StrOrPromise = ""
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class Danger:
    """What the panel shows: the advice, the numbers to call first, and the other national ones."""

    kinds: tuple[DangerKind, ...]
    numbers: tuple[EmergencyNumber, ...]
    other_numbers: tuple[EmergencyNumber, ...]

    @property
    def advice(self) -> list[StrOrPromise]:
        """One sentence for each kind of danger, none against another; a general one without a kind.

        People must leave a dangerous place first, so nobody is told to stay there with an injured
        person.
        """
        codes = {kind.code for kind in self.kinds}
        return [_sentence(kind, codes - {kind.code}) for kind in self.kinds] or [_GENERAL_ADVICE]


_GENERAL_ADVICE = _("有人受困、着火、闻到燃气味：先离开危险的地方，再拨打下面的电话。")
ROOMS = frozenset({"fire", "gas"})
"""The kinds with a room to leave, out of which others can be brought."""
PLACES = ROOMS | {"electricity", "collapse", "water", "violence"}
"""The kinds with a place that people must leave or keep away from."""
# By code of the kind: what is said instead of its advice beside one of the other kinds.
_BESIDE: dict[str, tuple[tuple[frozenset[str], StrOrPromise], ...]] = {
    "gas": ((frozenset({"fire"}), _("别开灯、别点火，别在屋里打电话。")),),
    "water": ((frozenset({"fire", "collapse"}), _("别自己下去救人；站稳了，递长杆、扔绳子。")),),
    "trapped": ((PLACES, _("出不来的人：大声喊，等人来救，别扒电梯门。")),),
    "injury": (
        (PLACES - ROOMS, _("到安全的地方打120，说清地址。")),
        (ROOMS, _("能带出来的人一起带出来；到外面打120，说清地址。")),
    ),
    "self_harm": ((PLACES, _("我们陪您：先到安全的地方，再打电话；身边有人的，请和他一起走。")),),
    "traffic": (
        (frozenset({"injury"}), _("再打122，报交通事故。")),
        (PLACES, _("到安全的地方打122；有人受伤打120。")),
    ),
    "stranded": ((PLACES, _("离开危险后找避风的地方，注意保暖，打电话说清位置。")),),
    "fraud": ((frozenset({"violence"}), _("别转钱，别给验证码。")),),
}


def _sentence(kind: DangerKind, others: set[str]) -> StrOrPromise:
    """Return what is said of a kind of danger beside the other kinds."""
    for codes, sentence in _BESIDE.get(kind.code, ()):
        if codes & others:
            return sentence
    return kind.advice


def find(category: Category | None, *texts: str, urgency: str = "") -> Danger | None:
    """Return the danger that a category, an urgency or the words point to; None without one."""
    kinds = kinds_in("\n".join(texts))
    is_named = is_emergency(category) or urgency == Urgency.EMERGENCY
    return _danger(kinds, category, is_named=is_named)


def of_case(
    petition: Petition, *later_words: str, is_for_neighbours: bool = False
) -> Danger | None:
    """Return the danger of a case that has not ended, by its category, urgency and words.

    Neighbours (`is_for_neighbours`) learn only of dangers that concern the whole building.
    """
    if not petition.is_open:
        return None
    kinds = kinds_in("\n".join((petition.text, petition.since, *later_words)))
    if is_for_neighbours:
        kinds = [kind for kind in kinds if kind.is_shared]
    category = petition.category
    is_named = is_emergency(category) or petition.urgency == Urgency.EMERGENCY
    return _danger(kinds, category, is_named=is_named)


def follow_up_words(events: Iterable[Event]) -> list[str]:
    """Return what the resident wrote, or said on the telephone, when the case was reopened."""
    rows = [event for event in events if event.verb in FOLLOW_UPS]
    return [event.note.body for event in rows if hasattr(event, "note")]


def is_emergency(category: Category | None) -> bool:
    """Tell whether the resident should call an emergency number before reporting."""
    return category is not None and category.urgency == Urgency.EMERGENCY


def utility_numbers(category: Category) -> list[EmergencyNumber]:
    """Return the emergency numbers of a category, without the four national ones."""
    return [row for row in category_numbers(category) if row.number not in NATIONAL_NUMBERS]


def category_numbers(category: Category) -> list[EmergencyNumber]:
    """Return the numbers in the field of a category, with its words for them.

    For example `119（有人被困）；燃气抢修 0994-5550000（示例号码）`. Words that the product itself
    brings with its categories are translated, those of the place stay as they are.
    """
    numbers = []
    for part in _PARTS.split(category.emergency_phone):
        number = _NUMBER.search(part)
        if number:
            name = _BRACKETS.sub("", part.replace(number[0], "")).strip()
            remark = _BRACKETS.search(part)
            is_sample = _SAMPLE in part
            note = remark[0][1:-1] if remark and not is_sample else ""
            texts = _OWN_WORDS.get(name, name), _OWN_WORDS.get(note, note)
            numbers.append(EmergencyNumber(number[0], *texts, is_sample))
    return numbers


def _danger(kinds: list[DangerKind], category: Category | None, *, is_named: bool) -> Danger | None:
    """Join the kinds in the words with that of the category; `is_named`: an emergency anyway."""
    if category is not None and is_named:
        category = catalogue.read().by_id.get(category.pk, category)  # has its parent loaded
        own = _kinds_of(category)
        kinds = [kind for kind in KINDS if kind in kinds or kind in own]
    if not kinds and not is_named:
        return None
    first = list(dict.fromkeys(number for kind in kinds for number in kind.numbers))
    others = [number for number in NATIONAL_NUMBERS if number not in first]
    if kinds:  # 122 takes reports of traffic accidents only
        others = [number for number in others if number != TRAFFIC_NUMBER]
    utilities = _utilities(kinds, category if is_named else None)
    numbers = [*utilities, *map(_national, first)]
    if not all(kind.has_utility for kind in kinds):  # more than what the company repairs
        numbers = [*map(_national, first), *utilities]
    numbers.sort(key=lambda number: number.is_sample)
    return Danger(tuple(kinds), tuple(numbers), tuple(map(_national, others)))


def _national(number: str) -> EmergencyNumber:
    return EmergencyNumber(number, NATIONAL_NUMBERS[number])


def _kinds_of(category: Category) -> list[DangerKind]:
    """Return the kinds that the names and keywords of a category point to."""
    parent = category.parent.name if category.parent else ""
    return kinds_in("\n".join((parent + category.name, *category.keywords.split())))


def _utilities(kinds: Iterable[DangerKind], category: Category | None) -> list[EmergencyNumber]:
    """Return the numbers of the category, else those of the first category of each kind."""
    if category is not None and (own := utility_numbers(category)):
        return own
    numbers: list[EmergencyNumber] = []
    for kind in kinds:
        if kind.has_utility:
            rows = (row for row in catalogue.reportable_categories() if row.emergency_phone)
            own_rows = (utility_numbers(row) for row in rows if kind in _kinds_of(row))
            numbers += next(filter(None, own_rows), [])
    return list({row.number: row for row in numbers}.values())
