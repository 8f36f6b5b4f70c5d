"""What a row or a page of a case names besides its own columns, from caches instead of joins."""

from __future__ import annotations

from collections.abc import Sequence

from branches import register_rows
from petitions import involvement
from petitions.models import Petition
from petitions.rules import catalogue

AREAS = ("community", "place", "grid")


def attach(petitions: Sequence[Petition]) -> None:
    """Set category, places and organisations of cases.

    No query where everything is cached, at most two otherwise.
    """
    categories = catalogue.read().by_id
    for petition in petitions:
        if (category := categories.get(petition.category_id)) is not None:
            petition.category = category
    register_rows.attach(petitions, organisations=involvement.ORGANISATIONS, areas=AREAS)
