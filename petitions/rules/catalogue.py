"""Look-up and search of categories and notices, cached per process and register version."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import get_language

from config.lib import text_forms
from config.lib.register_cache import RegisterCache
from grids import place_names
from petitions.models import Category, PrivacyNotice

MAX_RESULTS = 8


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All categories: by id, by folded code, and the children of each of the first level.

    `reportable` contains, by folded code, those that a report can have: active, without children.
    """

    by_id: dict[int, Category]
    by_code: dict[str, Category]
    leaves: dict[int, tuple[Category, ...]]
    reportable: dict[str, Category]

    @property
    def roots(self) -> list[Category]:
        """The categories of the first level, in the order of the catalogue."""
        return [category for category in self.by_id.values() if category.parent_id is None]


def read() -> Catalogue:
    """Return the whole catalogue; no query while the register version stays the same."""
    return _CATALOGUE.get()


def _read_categories() -> Catalogue:
    by_id = {row.pk: row for row in Category.objects.order_by("rank", "code")}
    leaves: dict[int, list[Category]] = {}
    for row in by_id.values():
        if row.parent_id is not None:
            row.parent = by_id[row.parent_id]
            leaves.setdefault(row.parent_id, []).append(row)
    return Catalogue(
        by_id,
        {text_forms.fold_code(row.code): row for row in by_id.values()},
        {parent: tuple(children) for parent, children in leaves.items()},
        {
            text_forms.fold_code(row.code): row
            for row in by_id.values()
            if row.is_active and row.pk not in leaves
        },
    )


def _read_notices() -> tuple[tuple[dt.date, str], ...]:
    """Return first day and version of every privacy notice, oldest first."""
    notices = PrivacyNotice.objects.order_by("valid_from", "id")
    return tuple(notices.values_list("valid_from", "version"))


_CATALOGUE = RegisterCache(_read_categories)
_NOTICES = RegisterCache(_read_notices)


def notice_version(day: dt.date) -> str:
    """Return the version of the privacy notice in force on `day`; empty before the first."""
    versions = [version for first, version in _NOTICES.get() if first <= day]
    return versions[-1] if versions else ""


def label(category: Category) -> str:
    """Return the name in the active language; Chinese if there is no translation."""
    return category.name_en if get_language() == "en" and category.name_en else category.name


def full_label(category: Category) -> str:
    """Return the name after that of its parent: `供水 · 水质浑浊/异味`."""
    parent = category.parent
    return label(category) if parent is None else f"{label(parent)} · {label(category)}"


def ids_under(code: str) -> list[int]:
    """Return the ids of a category and of its children; none for an unknown code."""
    category = with_code(code)
    if category is None:
        return []
    return [category.pk, *(leaf.pk for leaf in read().leaves.get(category.pk, ()))]


def with_code(code: str) -> Category | None:
    """Return the category with this code, in any width and case; None if there is none."""
    return read().by_code.get(text_forms.fold_code(code))


def reportable_categories() -> list[Category]:
    """Return the categories that a report can have, in the order of the catalogue."""
    return list(read().reportable.values())


def search(typed: str) -> list[Category]:
    """Return at most eight categories that match name, keywords or pinyin initials; best first.

    Each run of typed characters must occur. The order: the name starts with the text, the name
    contains it, a keyword equals it, a keyword contains it, all others.
    """
    runs = place_names.runs(typed[:60])
    if not runs:
        return []
    whole = "".join(typed.lower().split())
    ranked = [
        (_rank(row, whole), place, row)
        for place, row in enumerate(reportable_categories())
        if all(run in _words(row) for run in runs)
    ]
    ranked.sort(key=lambda entry: entry[:2])
    return [row for _rank_, _place, row in ranked[:MAX_RESULTS]]


def category_named(typed: str) -> Category | None:
    """Return the only reportable category with exactly this name; None for none or several."""
    matches = [row for row in reportable_categories() if typed.strip() in names(row)]
    return matches[0] if len(matches) == 1 else None


def names(row: Category) -> frozenset[str]:
    """Return the names of a category: in the active language, with its parent, and in Chinese."""
    return frozenset({full_label(row), label(row), row.name})


def _words(row: Category) -> str:
    parent = f"{row.parent.name} {row.parent.name_en}" if row.parent else ""
    return f"{row.name} {row.keywords} {row.name_en} {row.search_text} {parent}".lower()


def _rank(row: Category, whole: str) -> int:
    if row.name.lower().startswith(whole):
        return 0
    if whole in row.name.lower():
        return 1
    if whole in row.keywords.lower().split():
        return 2
    return 3 if whole in row.keywords.lower() else 4
