"""Which categories a resident's own words suggest, and in which order."""

from __future__ import annotations

import pytest

from config.lib import register_cache
from petitions.enums import Urgency
from petitions.models import Category
from petitions.rules import category_matching
from tests.support.cast import Stage


def _add(code: str, name: str, keywords: str = "", **more: str) -> None:
    Category.objects.create(code=code, name=name, keywords=keywords, urgency=Urgency.NORMAL, **more)
    register_cache.forget_version()


def _codes(typed: str) -> list[str]:
    return [row.code for row in category_matching.suggest(typed)]


@pytest.fixture(autouse=True)
def categories(stage: Stage) -> None:
    """Three categories of which the words of a resident name one, two or three parts."""
    _add("ZA", "路灯", "路灯 灯杆")
    _add("ZB", "照明", "路灯不亮")
    _add("ZC", "道路", "路面", name_en="Street lights")


def test_longest_words_come_first() -> None:
    assert _codes("门口路灯不亮") == ["ZB", "ZA"]


def test_words_add_up_and_equal_ones_keep_the_order_of_the_catalogue() -> None:
    assert _codes("路灯的灯杆歪了") == ["ZA"]
    assert _codes("路灯和路面") == ["ZA", "ZC"]


def test_english_words_are_found_without_their_plural() -> None:
    assert _codes("The light is broken") == ["ZC"]
    assert _codes("the") == []


def test_at_most_six() -> None:
    for number in range(7):
        _add(f"ZZ{number}", f"井盖{number}", "井盖")
    assert _codes("井盖") == [f"ZZ{number}" for number in range(6)]


@pytest.mark.parametrize("typed", ["", "  "])
def test_nothing_typed_suggests_nothing(typed: str) -> None:
    assert _codes(typed) == []


def test_name_or_initials_are_searched_when_no_word_matches() -> None:
    assert _codes("szhz") == ["WS01"]
