"""Template filters of cases: category and route in the language of the reader."""

from __future__ import annotations

from django import template

from petitions.models import Category, Petition
from petitions.rules import catalogue, routing

register = template.Library()


@register.filter
def category_label(category: Category) -> str:
    """Return the name of the category in the language of the page."""
    return catalogue.label(category)


@register.filter
def route_sentence(petition: Petition) -> str:
    """Return why the organisation is responsible, in the language of the page.

    Cases without a stored `route` show `route_text`, in the language in which it was recorded.
    """
    return routing.explain(petition.route) if petition.route else petition.route_text
