"""Template filters that say categories and routes in the reader's language, and whom to call."""

from __future__ import annotations

from django import template

from petitions.models import Category, Petition
from petitions.rules import catalogue, category_matching, routing

register = template.Library()


@register.filter
def category_label(category: Category) -> str:
    """Return the category's name in the reader's language."""
    return catalogue.label(category)


@register.filter
def first_line(category: Category) -> category_matching.EmergencyNumber:
    """Return the utility's number to call for a category; an empty one where there is none."""
    return next(
        iter(category_matching.emergency_numbers(category)),
        category_matching.EmergencyNumber("", ""),
    )


@register.filter
def route_sentence(petition: Petition) -> str:
    """Return why the case is where it is, in the reader's language and not the petitioner's."""
    return routing.explain(petition.route) if petition.route else petition.route_text
