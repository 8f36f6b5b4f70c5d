"""The catalogue: which categories typed words find first, and which privacy notice is in force."""

from __future__ import annotations

import datetime as dt

import pytest

from config.lib import register_cache
from petitions.enums import Urgency
from petitions.models import Category, PrivacyNotice
from petitions.rules import catalogue

DAY = dt.date(2026, 7, 1)


def _add(rank: int, code: str, name: str, keywords: str = "", name_en: str = "") -> None:
    Category.objects.create(
        rank=rank, code=code, name=name, keywords=keywords, name_en=name_en, urgency=Urgency.NORMAL
    )


@pytest.mark.usefixtures("stage")
def test_the_closer_the_words_are_to_the_name_the_earlier_it_comes() -> None:
    """The opposite of the order of the catalogue."""
    _add(1, "Z5", "戊", name_en="boiler house")
    _add(2, "Z4", "丁", keywords="oldboiler room")
    _add(3, "Z3", "丙", keywords="room Boiler")
    _add(4, "Z2", "小Boiler")
    _add(5, "Z1", "boiler房")
    register_cache.forget_version()
    found = [row.code for row in catalogue.search(" Boiler ")]
    assert found == ["Z1", "Z2", "Z3", "Z4", "Z5"]


@pytest.mark.usefixtures("stage")
def test_equal_matches_keep_the_order_of_the_catalogue_and_are_at_most_eight() -> None:
    for rank in range(9, 0, -1):
        _add(rank, f"Z{rank}", f"boiler{rank}")
    register_cache.forget_version()
    assert [row.code for row in catalogue.search("boiler")] == [f"Z{rank}" for rank in range(1, 9)]
    assert catalogue.search("boiler 7")[0].code == "Z7"
    assert catalogue.search("  ") == []


@pytest.mark.usefixtures("stage")
def test_a_notice_is_in_force_from_its_first_day() -> None:
    PrivacyNotice.objects.all().delete()
    for day, version in ((DAY, "new"), (DAY - dt.timedelta(days=90), "old")):
        PrivacyNotice.objects.create(version=version, valid_from=day, text="-")
    register_cache.forget_version()
    eve, before = DAY - dt.timedelta(days=1), DAY - dt.timedelta(days=91)
    assert [catalogue.notice_version(day) for day in (DAY, eve, before)] == ["new", "old", ""]
