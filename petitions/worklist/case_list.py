"""The list of cases: every filter in the URL, paged by key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from branches.models import Organisation
from config.lib import clock
from grids.models import Area
from petitions import text_search
from petitions.enums import Channel, Status, Urgency
from petitions.models import Category, Petition, PetitionQuerySet
from petitions.permissions import DESK_ROLES
from petitions.rules import catalogue
from petitions.rules.catalogue import Catalogue
from petitions.web import keyset_pagination, list_items
from petitions.web.access import StaffRequest, staff_only
from petitions.web.field_validation import MAX_ID
from petitions.web.filters import NAMED_FILTER_LABELS, NAMED_FILTERS, PetitionFilter

PLACES = ("place", "subdistrict", "community", "grid")
SHORTCUTS = ("overdue", "due_soon", "to_accept", "mine", "waiting", "returned", "escalated")
COORDINATING = frozenset({"waiting", "returned", "escalated"})
SORTS = ("due", "newest", "oldest")
# By language: the catalogue, and by first level the options for a select.
_option_groups: dict[str, tuple[Catalogue, dict[int, str]]] = {}


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in force, in words, and the address of the list without it."""

    name: str
    label: str
    value: str
    remove_url: str


@staff_only
@require_GET
def listing(request: StaffRequest) -> HttpResponse:
    """Show visible cases, narrowed as the URL says; a whole number opens its case."""
    now = clock.now()
    asked = _asked(request.GET)
    cases = Petition.objects.visible_to(request.user)
    found = PetitionFilter(asked, cases, request=request, now=now)
    whole = _whole_number(cases, asked.get("q", ""))
    if whole is not None:
        return redirect(whole)
    order = keyset_pagination.ORDERS[_sort(asked)]
    cursor = keyset_pagination.parse(order, asked.get("after", ""), asked.get("before", ""))
    size = keyset_pagination.size_of(asked.get("size", ""))
    page = keyset_pagination.page(list_items.for_list(found.qs), order, cursor=cursor, size=size)
    chips = _chips(request, found)
    count, limit = _count(found.qs, page, size, is_open=asked["state"] == "open")
    data = {
        "rows": list_items.list_items(page.rows, now),
        "count": count,
        "limit": limit,
        "form": found.form,
        "chips": chips,
        "place_name": next((chip.value for chip in chips if chip.name == "place"), ""),
        "state": request.GET.get("state", ""),
        "clear_url": reverse("petitions:list"),
        "prev_url": _url(request.GET, {"before": page.before}) if page.before else "",
        "next_url": _url(request.GET, {"after": page.after}) if page.after else "",
        **_choices(request, asked, size),
    }
    return render(request, "petitions/worklist/list.html", data)


def _count(
    found: PetitionQuerySet, page: keyset_pagination.Page[Petition], size: int, *, is_open: bool
) -> tuple[int, int]:
    """Return how many cases there are, and up to how many that was counted.

    Cases with a frequent word are not counted beyond their page.
    """
    if found.is_too_many_to_count:
        is_all = not (page.after or page.before)
        return (len(page.rows) if is_all else size + 1), size
    limit = keyset_pagination.COUNT_LIMIT if is_open else keyset_pagination.HISTORY_LIMIT
    return keyset_pagination.bounded_count(found, limit), limit


def _asked(given: QueryDict) -> QueryDict:
    """Return what is asked for; without a range it is what is open, for a search everything."""
    asked = given.copy()
    if not asked.get("state"):
        asked["state"] = "all" if asked.get("q", "").strip() or asked.getlist("status") else "open"
    return asked


def _sort(asked: QueryDict) -> str:
    """Return the sort asked for. What has ended is owed by no date: there the newest come first."""
    word = asked.get("sort", "")
    if word not in keyset_pagination.ORDERS:
        word = "due"
    return word if word != "due" or asked.get("state") == "open" else "newest"


def _whole_number(cases: PetitionQuerySet, words: str) -> Petition | None:
    """Return the one visible case whose whole number was typed, year included."""
    pk = text_search.petition_id(words)
    if pk is None or pk > MAX_ID:
        return None
    found = cases.filter(pk=pk).first()
    return found if found is not None and found.number == words.strip() else None


def _url(given: QueryDict, changes: dict[str, Any]) -> str:
    """Return the address of the list with some words changed; an empty value drops the word.

    A page number means nothing on another list, so cursors go unless they are what changes.
    """
    query = given.copy()
    for word in ("after", "before"):
        query.pop(word, None)
    for word, value in changes.items():
        if isinstance(value, list):
            query.setlist(word, value)
        elif value:
            query[word] = str(value)
        else:
            query.pop(word, None)
    text = query.urlencode()
    return reverse("petitions:list") + (f"?{text}" if text else "")


def _choices(request: StaffRequest, asked: QueryDict, size: int) -> dict[str, Any]:
    """Return the links that widen, sort and shorten the list, and what stands in its form."""
    given = request.GET
    is_coordinator = request.user.scope.has_role(*DESK_ROLES)
    names = [name for name in SHORTCUTS if is_coordinator or name not in COORDINATING]
    words = {"due": _("时限最近"), "newest": _("最新反映"), "oldest": _("最早反映")}
    return {
        "states": [
            {"label": label, "url": _url(given, {"state": word}), "current": asked["state"] == word}
            for word, label in PetitionFilter.STATES
        ],
        "shortcuts": [
            {
                "label": NAMED_FILTER_LABELS[name],
                "url": _url(given, {name: "" if given.get(name) else "1"}),
                "current": bool(given.get(name)),
            }
            for name in names
        ],
        "sorts": [{"word": w, "label": words[w], "current": w == _sort(asked)} for w in SORTS],
        "sizes": [{"value": value, "current": value == size} for value in keyset_pagination.SIZES],
        "flags": [name for name in NAMED_FILTERS if given.get(name)],
        "ids": [
            {"name": name, "value": given[name]}
            for name in (*PLACES[1:], "organisation")
            if given.get(name)
        ],
        "categories": _category_options(asked.get("category", "")),
        "is_searching": bool(asked.get("q", "").strip()),
    }


def _category_options(chosen: str) -> str:
    """Return the catalogue as options of a select: first levels with what is under them.

    The groups are drawn once for each language and state of the catalogue; only the one with the
    chosen category is drawn again.
    """
    held, language = catalogue.read(), get_language() or ""
    drawn_from, groups = _option_groups.get(language, (None, {}))
    if drawn_from is not held:
        groups = {root.pk: _option_group(root, held, "") for root in held.roots}
        _option_groups[language] = (held, groups)
    if (category := held.by_code.get(chosen)) is not None:
        root = category.parent or category
        groups = groups | {root.pk: _option_group(root, held, chosen)}
    return format_html_join("", "{}", ((group,) for group in groups.values()))


def _option_group(root: Category, held: Catalogue, chosen: str) -> str:
    options = [(root.code, catalogue.label(root) + _("（全部）"))]
    options += [(leaf.code, catalogue.label(leaf)) for leaf in held.leaves.get(root.pk, ())]
    return format_html(
        '<optgroup label="{}">{}</optgroup>',
        catalogue.label(root),
        format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((code, " selected" if code == chosen else "", label) for code, label in options),
        ),
    )


def _chips(request: StaffRequest, found: PetitionFilter) -> list[Chip]:
    """Put every filter in force into words; at most two queries, for names of places and bodies."""
    found.form.is_valid()
    cleaned = found.form.cleaned_data
    names = _names(request, cleaned)
    chips = []
    for name, value in cleaned.items():
        if name == "state" or value in (None, "", [], False):
            continue
        label = _("只看") if value is True else str(found.filters[name].label)
        for one in value if isinstance(value, list) else [value]:
            rest = [other for other in request.GET.getlist(name) if other != str(one)]
            left = rest if isinstance(value, list) else ""
            url = _url(request.GET, {name: left})
            chips.append(Chip(name, label, _said(name, one, names), url))
    return chips


def _names(request: StaffRequest, cleaned: dict[str, Any]) -> dict[tuple[str, int], str]:
    """Return the names of the places and the organisation asked for, if the viewer reaches them."""
    ids = {name: cleaned[name] for name in PLACES if cleaned.get(name)}
    found: dict[tuple[str, int], str] = {}
    if ids:
        places = Area.objects.visible_to(request.user).in_bulk(list(set(ids.values())))
        found |= {(n, pk): places[pk].full_name for n, pk in ids.items() if pk in places}
    wanted = cleaned.get("organisation")
    if wanted:
        bodies = Organisation.objects.visible_to(request.user).filter(pk=wanted)
        found |= {("organisation", pk): name for pk, name in bodies.values_list("pk", "short_name")}
    return found


def _said(name: str, value: Any, names: dict[tuple[str, int], str]) -> str:
    """Return one value of a filter in words."""
    if value is True:
        return str(NAMED_FILTER_LABELS[name])
    if name in {"status", "urgency", "channel"}:
        words = {"status": Status, "urgency": Urgency, "channel": Channel}[name]
        return str(words(value).label)
    if name == "category":
        category = catalogue.read().by_code.get(value)
        return catalogue.full_label(category) if category else str(value)
    if name in PLACES or name == "organisation":
        return names.get((name, int(value)), _("不在您的范围内"))
    return str(value)
