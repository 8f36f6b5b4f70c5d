"""Template filters of cases: category, emergency number and route in the language of the reader."""

from __future__ import annotations

from django import template

from petitions.models import Category, Petition
from petitions.rules import catalogue, category_matching, routing

register = template.Library()


@register.filter
def category_label(category: Category) -> str:
    """Return the name of the category in the language of the page."""
    return catalogue.label(category)


@register.filter
def first_line(category: Category) -> category_matching.EmergencyNumber:
    """Return the telephone number of the utility for a category; an empty one if it has none."""
    return next(
        iter(category_matching.emergency_numbers(category)),
        category_matching.EmergencyNumber("", ""),
    )


@register.filter
def route_sentence(petition: Petition) -> str:
    """Return why the organisation is responsible, in the language of the page.

    Cases without a stored `route` show `route_text`, in the language in which it was recorded.
    """
    return routing.explain(petition.route) if petition.route else petition.route_text
