"""The names under which a category can be typed."""

from __future__ import annotations

import pytest
from django.utils import translation

from config.lib import register_cache
from petitions.models import Category
from petitions.rules import catalogue
from tests.support.cast import Stage


@pytest.fixture
def water(stage: Stage) -> Category:
    """A category with English names, as its parent has."""
    Category.objects.filter(code="WS").update(name_en="Water")
    Category.objects.filter(code="WS01").update(name_en="Murky water")
    register_cache.forget_version()
    return Category.objects.get(code="WS01")


@pytest.mark.parametrize(
    ("language", "typed", "is_found"),
    [
        ("zh-hans", "水质浑浊/异味", True),
        ("zh-hans", " 供水 · 水质浑浊/异味 ", True),
        ("zh-hans", "Murky water", False),
        ("en", "水质浑浊/异味", True),
        ("en", "Murky water", True),
        ("en", "Water · Murky water", True),
        ("en", "水质浑浊", False),
        ("en", "供水", False),
    ],
)
def test_name_in_the_active_language_or_in_chinese(
    water: Category, language: str, typed: str, is_found: bool
) -> None:
    with translation.override(language):
        assert catalogue.category_named(typed) == (water if is_found else None)
