"""Template filters that say categories and routes in the reader's language, and whom to call."""

from __future__ import annotations

from django import template

from petitions import catalogue, routing, spoken
from petitions.models import Category, Petition

register = template.Library()


@register.filter
def category_label(category: Category) -> str:
    """Return the category's name in the reader's language."""
    return catalogue.label(category)


@register.filter
def first_line(category: Category) -> spoken.Line:
    """Return the utility's number to call for a category; an empty one where there is none."""
    return next(iter(spoken.lines(category)), spoken.Line("", ""))


@register.filter
def route_sentence(petition: Petition) -> str:
    """Return why the case is where it is, in the reader's language and not the petitioner's."""
    return routing.explain(petition.route) if petition.route else petition.route_text
