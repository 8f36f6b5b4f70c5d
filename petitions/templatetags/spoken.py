"""Template filters that say categories in the reader's language and whom to call for them."""

from __future__ import annotations

from django import template

from petitions import catalogue, spoken
from petitions.models import Category

register = template.Library()


@register.filter
def category_label(category: Category) -> str:
    """Return the category's name in the reader's language."""
    return catalogue.label(category)


@register.filter
def first_line(category: Category) -> spoken.Line:
    """Return the utility's number to call for a category; an empty one where there is none."""
    return next(iter(spoken.lines(category)), spoken.Line("", ""))
