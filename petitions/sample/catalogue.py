"""The catalogue: categories, service standards and the privacy notice of the city."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

from django.db import transaction

from config.lib import register_cache
from grids.enums import Level
from grids.models import Area
from grids.place_names import spell
from petitions.enums import Urgency
from petitions.models import Category, PrivacyNotice, Standard

DATA = Path(__file__).resolve().parent.parent / "data"
RANK_STEP = 10
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(hours=24)
WORKING_DAY = dt.timedelta(hours=8)  # 480 working minutes in both of Xinjiang's seasons
CONFIRM = 5 * WORKING_DAY
REDO = 3 * WORKING_DAY

TASK_ALLOWED: dict[Urgency, tuple[dt.timedelta, dt.timedelta]] = {
    Urgency.EMERGENCY: (15 * MINUTE, HOUR),
    Urgency.URGENT: (HOUR, 12 * HOUR),
    Urgency.NORMAL: (4 * HOUR, 3 * WORKING_DAY),
    Urgency.COMPLEX: (4 * HOUR, 5 * WORKING_DAY),
    Urgency.CONSULTATION: (2 * HOUR, 4 * HOUR),
    Urgency.SUGGESTION: (4 * HOUR, 5 * WORKING_DAY),
}
"""How long a task may wait for its acknowledgement, and for its conclusion, both from sending."""

# Contact, resolve, answer an escalation, redo; every minute counts where the flag is set.
ALLOWED: dict[Urgency, tuple[bool, dt.timedelta, dt.timedelta, dt.timedelta, dt.timedelta]] = {
    Urgency.EMERGENCY: (True, 30 * MINUTE, 2 * HOUR, 30 * MINUTE, DAY),
    Urgency.URGENT: (True, 2 * HOUR, DAY, 2 * HOUR, DAY),
    Urgency.NORMAL: (False, WORKING_DAY, 5 * WORKING_DAY, WORKING_DAY, REDO),
    Urgency.COMPLEX: (False, WORKING_DAY, 15 * WORKING_DAY, WORKING_DAY, REDO),
    Urgency.CONSULTATION: (False, 4 * HOUR, WORKING_DAY, WORKING_DAY, REDO),
    Urgency.SUGGESTION: (False, WORKING_DAY, 15 * WORKING_DAY, WORKING_DAY, REDO),
}

NOTICE_VERSION = "2026-02"
NOTICE_FROM = dt.date(2026, 1, 1)


@transaction.atomic
def load() -> None:
    """Write categories, standards and the privacy notice; existing rows are left unchanged."""
    _categories()
    _standards()
    PrivacyNotice.objects.get_or_create(
        version=NOTICE_VERSION,
        defaults={
            "text": _text("privacy_notice_zh.txt"),
            "text_en": _text("privacy_notice_en.txt"),
            "valid_from": NOTICE_FROM,
        },
    )
    register_cache.forget_version()


PERSONAL = frozenset({"ND", "SI", "SA", "EM", "ED", "HC", "GV"})
"""Matters of a person or a household: never listed on a building's public page."""


def _categories() -> None:
    with (DATA / "categories.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    known = Category.objects.in_bulk(field_name="code")
    parents = {row["code"]: row for row in rows if not row["parent_code"]}
    for number, row in enumerate(rows, start=1):
        if row["code"] not in known:
            parent = known.get(row["parent_code"])
            known[row["code"]] = Category.objects.create(
                code=row["code"],
                parent=parent,
                name=row["name"],
                name_en=row["name_en"],
                keywords=row["keywords"],
                search_text=_search_text(row, parents.get(row["parent_code"])),
                urgency=row["urgency"],
                channel=row["channel"],
                usual_lead=row["usual_lead"],
                icon=row["icon"],
                emergency_phone=row["emergency_phone"],
                rank=number * RANK_STEP,
                is_listed=row["code"][:2] not in PERSONAL,
            )


def _search_text(row: dict[str, str], parent: dict[str, str] | None) -> str:
    """Return everything somebody may type: code, name, pinyin, English, residents' own words."""
    words = [row["code"].lower(), spell(row["name"]).search_text, row["name_en"].lower()]
    spoken = row["keywords"].split()
    words += [spell(word).search_text for word in spoken]
    if parent is not None:
        words += [spell(parent["name"]).search_text, parent["name_en"].lower(), parent["keywords"]]
    return " ".join(dict.fromkeys(" ".join(words).split()))


def _standards() -> None:
    for region in Area.objects.filter(level=Level.CITY):
        for urgency, (all_day, contact, resolve, answer, redo) in ALLOWED.items():
            acknowledge, conclude = TASK_ALLOWED[urgency]
            Standard.objects.get_or_create(
                region=region,
                urgency=urgency,
                defaults={
                    "is_round_the_clock": all_day,
                    "contact_within": contact,
                    "resolve_within": resolve,
                    "answer_within": answer,
                    "confirm_within": CONFIRM,
                    "redo_within": redo,
                    "acknowledge_within": acknowledge,
                    "conclude_within": conclude,
                },
            )


def _text(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8").strip()
