"""The one rule by which typed text finds cases: in the header, the list and the API.

| Typed | Finds |
|---|---|
| words | cases whose text, place or category contains all of them |
| `1513`, `2026-001513`, `2026001513`, `编号2026-001513` | the case with it, and texts with it |
| the number of the 12345 hotline | the case filed with it |
| `fxhy46` | cases of the place with these initials |
| the name of an organisation, or four characters of it | cases it is involved in |
| a complete tracking code | its case |

Everything typed must be found: letters or symbols that no case can be found by find none, and
`text_search.unsearchable` names them. Every statement holds the conditions of the cases searched,
so that a hidden case costs nothing; registers of places and organisations hold no secrets.
"""

from __future__ import annotations

import re

from django.db.models import Q

from branches.models import Organisation
from config.lib.text_forms import fold_code, fold_search_text
from grids.models import Area
from petitions import involvement, text_search
from petitions.models import MeToo, Petition, PetitionQuerySet
from petitions.rules import tracking_codes

MIN_NAME_LENGTH = 4  # of a part of an organisation's name
MAX_EXTERNAL_LENGTH = 40
_INITIALS = re.compile(r"[a-z]{2,}[0-9]*[a-z]*")
_HAS_LETTER = re.compile(r"[^\W\d_]")
_EXTERNAL_NUMBER = re.compile(r"(?=.*\d)[A-Za-z\d\-_/.]{4,}", re.ASCII)


def matching(cases: PetitionQuerySet, typed: str) -> PetitionQuerySet:
    """Return the cases found by the typed text; none if a part of it cannot be searched for."""
    if text_search.unsearchable(typed) or not text_search.tokenize(typed):
        return cases.none()
    return cases.matching(typed, _others(cases, typed))


def exact_match(cases: PetitionQuerySet, typed: str) -> Petition | None:
    """Return the case whose complete number, with the year, or whose tracking code was typed."""
    condition, full_number = Q(), text_search.full_number(typed)
    if full_number:
        condition |= Q(pk=int(full_number.split("-")[1]))
    if code_hash := _code_hash(typed):
        condition |= Q(tracking_hash=code_hash)
    if not condition:
        return None
    cases_meant = [
        case
        for case in cases.filter(condition)
        if case.number == full_number or case.tracking_hash == code_hash
    ]
    return cases_meant[0] if len(cases_meant) == 1 else None


def _others(cases: PetitionQuerySet, typed: str) -> Q | None:
    """Return what finds cases besides their text and number."""
    conditions = []
    external = text_search.number(typed)[:MAX_EXTERNAL_LENGTH]
    if _EXTERNAL_NUMBER.fullmatch(external):
        spellings = {external, external.upper(), external.lower()}
        # The second condition lets the planner use the partial index.
        conditions.append(Q(external_number__in=sorted(spellings)) & ~Q(external_number=""))
    text = fold_search_text(typed)
    if _INITIALS.fullmatch(text):
        places = Area.objects.search(text).order_by().values_list("pk", flat=True)
        conditions.append(Q(place__in=list(places)))
    if _HAS_LETTER.search(text) and (ids := _organisation_ids(text)):
        conditions.append(involvement.involving(ids))
    if code_hash := _code_hash(typed):
        joined = MeToo.objects.filter(
            tracking_hash=code_hash, petition__in=cases.order_by().values("pk")
        )
        petition_ids = list(joined.values_list("petition_id", flat=True))
        conditions.append(Q(tracking_hash=code_hash) | Q(pk__in=petition_ids))
    if not conditions:
        return None
    combined = Q()
    for condition in conditions:
        combined |= condition
    return combined


def _organisation_ids(text: str) -> list[int]:
    """Return the organisations with this name or, from four characters on, with it in the name."""
    condition = Q(short_name__iexact=text) | Q(name__iexact=text)
    if len(text) >= MIN_NAME_LENGTH:
        condition |= Q(short_name__icontains=text) | Q(name__icontains=text)
    return list(Organisation.objects.filter(condition).values_list("pk", flat=True))


def _code_hash(typed: str) -> str:
    """Return the hash of a complete tracking code; empty for other text."""
    code = tracking_codes.normalised(fold_code(typed))
    is_code = len(code) == tracking_codes.LENGTH and set(code) <= set(tracking_codes.ALPHABET)
    return tracking_codes.code_hash(code) if is_code else ""
