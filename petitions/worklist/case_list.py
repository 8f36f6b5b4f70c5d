"""The list of cases, filtered and paged by parameters of the URL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from branches.models import Organisation
from config.lib import clock
from config.lib.db import compiled_select, keyset_pagination
from config.lib.db.keyset_pagination import Order, Page, PageCursor
from grids.models import Area
from members.enums import Role
from members.models import User
from petitions import text_search
from petitions.enums import Channel, Status, Urgency
from petitions.models import Category, Petition, PetitionQuerySet
from petitions.relations import COORDINATOR_ROLES
from petitions.rules import case_search, catalogue, task_queries
from petitions.rules.catalogue import Catalogue
from petitions.web import counters, list_items, list_order, task_items
from petitions.web.access import StaffRequest, staff_only
from petitions.web.filters import (
    LONGEST_QUERY,
    NAMED_FILTER_LABELS,
    NAMED_FILTERS,
    PetitionFilter,
)
from petitions.web.list_items import ListItem

PLACE_FILTERS = ("place", "subdistrict", "community", "grid")
ORGANISATION_FILTERS = ("organisation", "doer", "late_doer")
SHORTCUTS = ("overdue", "due_soon", "to_accept", "mine", "waiting", "returned", "escalated")
DOER_SHORTCUTS = ("task_overdue", "to_acknowledge", "to_conclude", "handed_back")
ORDERER_SHORTCUTS = ("task_overdue", "handed_back", "ordered")
SORTS = ("due", "newest", "oldest")
LOOKED_UP = frozenset({"q", "place"})
"""Filters whose conditions follow from rows of the database, not from the value alone."""
EMPTY_VALUES: tuple[Any, ...] = (None, "", [], False)
# By language: the catalogue, and the HTML options by id of the first level.
_option_groups: dict[str, tuple[Catalogue, dict[int, str]]] = {}


@dataclass(frozen=True, slots=True)
class FilterChip:
    """An active filter in words, and the URL of the list without it."""

    name: str
    label: str
    value: str
    remove_url: str


class Matches:
    """The visible cases that match the filters of a request, at `now`."""

    def __init__(self, request: StaffRequest, params: QueryDict, now: dt.datetime) -> None:
        self._request, self._params, self._now = request, params, now
        self.cases = Petition.objects.visible_to(request.user)
        self._filters = PetitionFilter(params, self.cases, request=request, now=now)
        self.form = self._filters.form

    def page(
        self, order_name: str, cursor_text: tuple[str, str], size: int, limit: int | None
    ) -> tuple[Page[Petition], int | None]:
        """Return a page, and the number of cases counted up to `limit` + 1.

        `cursor_text`: the parameters `after` and `before`. Without a limit nothing is counted, nor
        if the cases are found by a word that many cases contain; the number is None then.
        """
        order = list_order.order_for(order_name, self._request.user)
        cursor = keyset_pagination.parse(order, *cursor_text)
        key = self._key()
        if cursor is None and key is not None:
            return self._first_page(order, size, limit, key)
        if cursor is not None and key is not None and limit is None and order.is_by_id:
            return self._later_page(order, cursor, size, key), None
        matching = self._filters.qs
        rows = list_items.for_list(matching)
        page = keyset_pagination.page(rows, order, cursor=cursor, size=size)
        if limit is None or matching.is_too_many_to_count:
            return page, None
        return page, keyset_pagination.bounded_count(matching, limit)

    def _first_page(
        self, order: Order, size: int, limit: int | None, key: Hashable
    ) -> tuple[Page[Petition], int | None]:
        """Return the first page by a compiled statement.

        To count, the ids of the page and of those behind it are read at once: the conditions of
        the viewer cost more than the ids.
        """
        if limit is None:

            def build(now: dt.datetime) -> QuerySet[Petition]:
                rows = list_items.for_list(self._matching(now))
                return keyset_pagination.batch_of(rows, order, size=size)

            batch = compiled_select.instances(("list", order.word, size, key), build, self._now)
            return keyset_pagination.first_page(batch, order, size=size), None

        def build_ids(now: dt.datetime) -> QuerySet[Petition, Any]:
            ordered = keyset_pagination.batch_of(self._matching(now), order, size=limit)
            return ordered.values_list("pk")

        id_rows = compiled_select.rows(("list ids", order.word, limit, key), build_ids, self._now)
        ids = [pk for (pk,) in id_rows[: size + 1]]

        def build_rows(_now: dt.datetime, ids: Sequence[int]) -> QuerySet[Petition]:
            rows = list_items.for_list(Petition.objects.filter(pk__in=ids))
            return keyset_pagination.keyed(rows, order)

        where = ("list rows", order.word, *self._request.user.scope.key)
        rows = compiled_select.by_ids(where, build_rows, self._now, ids)
        by_id = {row.pk: row for row in rows}
        batch = [by_id[pk] for pk in ids if pk in by_id]
        return keyset_pagination.first_page(batch, order, size=size), len(id_rows)

    def _later_page(
        self, order: Order, cursor: PageCursor, size: int, key: Hashable
    ) -> Page[Petition]:
        """Return a page that is not the first of an order by id, by a compiled statement."""

        def build(now: dt.datetime, ids: Sequence[int]) -> QuerySet[Petition]:
            rows, place = list_items.for_list(self._matching(now)), replace(cursor, pk=ids[0])
            return keyset_pagination.batch_of(rows, order, cursor=place, size=size)

        where = ("list", order.word, cursor.is_backwards, size, key)
        batch = compiled_select.by_ids(where, build, self._now, [cursor.pk])
        later = keyset_pagination.later_page(batch, order, cursor=cursor, size=size)
        return later or self._first_page(order, size, None, key)[0]

    def _matching(self, now: dt.datetime) -> PetitionQuerySet:
        rows: PetitionQuerySet = PetitionFilter(
            self._params, self.cases, request=self._request, now=now
        ).qs
        return rows

    def _key(self) -> Hashable | None:
        """Return what the conditions depend on besides the time: the viewer's posts, the filters.

        None if they depend on more: words and a place are looked up in the database.
        """
        self.form.is_valid()
        chosen: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self.form.cleaned_data.items()
            if value not in EMPTY_VALUES
        }
        if not chosen.keys().isdisjoint(LOOKED_UP):
            return None
        if code := chosen.get("category"):
            chosen["category"] = tuple(catalogue.ids_under(code))
        return (*self._request.user.scope.key, tuple(chosen.items()))


@staff_only
@require_GET
def show_list(request: StaffRequest) -> HttpResponse:
    """Show the visible cases that match the filters; a complete number or code opens its case."""
    now = clock.now()
    params = _with_default_state(request.GET)
    matches = Matches(request, params, now)
    petition = case_search.exact_match(matches.cases, params.get("q", "")[:LONGEST_QUERY])
    if petition is not None:
        return redirect(petition)
    size = list_order.page_size(params.get("size", ""))
    chips = _filter_chips(request, matches.form)
    limit = _count_limit(is_open=params["state"] == "open", is_filtered=bool(chips))
    cursor_text = (params.get("after", ""), params.get("before", ""))
    page, count = matches.page(_sort_order(params), cursor_text, size, limit)
    if count is None or limit is None:  # not counted beyond the page
        has_more, limit = bool(page.after or page.before), size
        count = size + 1 if has_more else len(page.rows)
    context = {
        "cases": _items(request.user, page.rows, now),
        "count": count,
        "limit": limit,
        "form": matches.form,
        "chips": chips,
        "unsearchable": text_search.unsearchable(params.get("q", "")),
        "place_name": next((chip.value for chip in chips if chip.name == "place"), ""),
        "state": request.GET.get("state", ""),
        "clear_url": reverse("petitions:list"),
        "prev_url": _list_url(request.GET, {"before": page.before}) if page.before else "",
        "next_url": _list_url(request.GET, {"after": page.after}) if page.after else "",
        **_choices(request, params, matches.form, size),
    }
    return render(request, "petitions/worklist/list.html", context)


def _items(user: User, rows: Sequence[Petition], now: dt.datetime) -> list[ListItem]:
    """Return the rows; a department sees the duties of its own tasks, with one query more."""
    if not task_queries.is_only_doer(user):
        return list_items.list_items(rows, now, by=user, has_actions=False)
    items = list_items.list_items(rows, now)
    own = task_items.next_duties(user, rows, now)
    return [item.with_task(row, own.get(row.pk)) for item, row in zip(items, rows, strict=True)]


def _shortcuts(user: User) -> list[str]:
    """Return the named filters that the roles of the user need."""
    if task_queries.is_only_doer(user):
        return list(DOER_SHORTCUTS)
    roles_of = dict(counters.COUNTERS) | {"escalated": COORDINATOR_ROLES}
    shortcuts = [name for name in SHORTCUTS if _has_one_of(user, roles_of[name])]
    if user.scope.has_role(*task_queries.DOING_ROLES):
        shortcuts += DOER_SHORTCUTS
    if user.scope.has_role(*task_queries.ORDERING_ROLES):
        shortcuts += ORDERER_SHORTCUTS
    return list(dict.fromkeys(shortcuts))


def _count_limit(*, is_open: bool, is_filtered: bool) -> int | None:
    """Return up to which number the cases are counted; None for the whole history.

    It would be read each time, and its number grows for ever.
    """
    if is_open:
        return list_order.COUNT_LIMIT
    return list_order.HISTORY_LIMIT if is_filtered else None


def _with_default_state(query: QueryDict) -> QueryDict:
    """Add a missing `state`: all cases for a search or chosen statuses, else the open ones."""
    params = query.copy()
    if not params.get("state"):
        is_search = params.get("q", "").strip() or params.getlist("status")
        params["state"] = "all" if is_search else "open"
    return params


def _sort_order(params: QueryDict) -> str:
    """Return the sort order; the due date sorts open cases only, others come newest first."""
    word = params.get("sort", "")
    if word not in list_order.ORDERS:
        word = "due"
    return word if word != "due" or params.get("state") == "open" else "newest"


def _list_url(query: QueryDict, changes: dict[str, Any]) -> str:
    """Return the URL of the list with changed parameters; an empty value removes the parameter.

    Cursors are removed unless they are among the changes: they belong to one list only.
    """
    parameters = dict(query.lists())
    for name in ("after", "before"):
        parameters.pop(name, None)
    for name, value in changes.items():
        parameters[name] = value if isinstance(value, list) else [str(value)] if value else []
    text = urlencode(parameters, doseq=True)
    return reverse("petitions:list") + (f"?{text}" if text else "")


def _choices(request: StaffRequest, params: QueryDict, form: Form, size: int) -> dict[str, Any]:
    """Return the context of the links and of the valid filter form, beside the form itself.

    `flags` and `ids` are active filters without a field; the form repeats them as hidden fields.
    """
    query = request.GET
    flags = [name for name in NAMED_FILTERS if form.cleaned_data.get(name)]
    labels = {"due": _("时限最近"), "newest": _("最新反映"), "oldest": _("最早反映")}
    order = _sort_order(params)
    return {
        "states": [
            {
                "label": label,
                "url": _list_url(query, {"state": state}),
                "current": params["state"] == state,
            }
            for state, label in PetitionFilter.STATES
        ],
        "shortcuts": [
            {
                "label": NAMED_FILTER_LABELS[name],
                "url": _list_url(query, {name: "" if name in flags else "1"}),
                "current": name in flags,
            }
            for name in _shortcuts(request.user)
        ],
        "sorts": [
            {"word": word, "label": labels[word], "current": word == order} for word in SORTS
        ],
        "sizes": [{"value": value, "current": value == size} for value in list_order.SIZES],
        "flags": flags,
        "ids": [
            {"name": name, "value": query[name]}
            for name in (*PLACE_FILTERS[1:], *ORGANISATION_FILTERS)
            if query.get(name)
        ],
        "categories": _category_options(params.get("category", "")),
    }


def _has_one_of(user: User, roles: frozenset[Role] | None) -> bool:
    return roles is None or user.scope.has_role(*roles)


def _category_options(selected: str) -> str:
    """Return the categories as HTML options of a select, grouped by first level.

    The groups are rendered once per language and version of the catalogue; only the group with the
    selected category is rendered again.
    """
    categories, language = catalogue.read(), get_language() or ""
    cached_for, groups = _option_groups.get(language, (None, {}))
    if cached_for is not categories:
        groups = {root.pk: _option_group(root, categories, "") for root in categories.roots}
        _option_groups[language] = (categories, groups)
    if (category := catalogue.with_code(selected)) is not None:
        root = category.parent or category
        groups = groups | {root.pk: _option_group(root, categories, category.code)}
    return format_html_join("", "{}", ((group,) for group in groups.values()))


def _option_group(root: Category, categories: Catalogue, selected: str) -> str:
    options = [(root.code, catalogue.label(root) + _("（全部）"))]
    options += [(leaf.code, catalogue.label(leaf)) for leaf in categories.leaves.get(root.pk, ())]
    return format_html(
        '<optgroup label="{}">{}</optgroup>',
        catalogue.label(root),
        format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((code, " selected" if code == selected else "", label) for code, label in options),
        ),
    )


def _filter_chips(request: StaffRequest, form: Form) -> list[FilterChip]:
    """Return a chip for every active filter, with at most two queries for names."""
    form.is_valid()
    cleaned = form.cleaned_data
    names = _names(request, cleaned)
    chips = []
    for name, value in cleaned.items():
        if name == "state" or value in EMPTY_VALUES:
            continue
        label = _("只看") if value is True else str(form.fields[name].label)
        for choice in value if isinstance(value, list) else [value]:
            others = [other for other in request.GET.getlist(name) if other != str(choice)]
            url = _list_url(request.GET, {name: others if isinstance(value, list) else ""})
            chips.append(FilterChip(name, label, _value_label(name, choice, names), url))
    return chips


def _names(request: StaffRequest, cleaned: dict[str, Any]) -> dict[tuple[str, int], str]:
    """Return the names of the places and the organisation filtered by, if they are visible."""
    place_ids = {name: cleaned[name] for name in PLACE_FILTERS if cleaned.get(name)}
    names: dict[tuple[str, int], str] = {}
    if place_ids:
        places = Area.objects.visible_to(request.user).in_bulk(list(set(place_ids.values())))
        names |= {
            (name, pk): places[pk].full_name for name, pk in place_ids.items() if pk in places
        }
    body_ids = {name: cleaned[name] for name in ORGANISATION_FILTERS if cleaned.get(name)}
    if body_ids:
        visible = Organisation.objects.visible_to(request.user).filter(pk__in=body_ids.values())
        short_names = dict(visible.values_list("pk", "short_name"))
        names |= {(name, pk): short_names[pk] for name, pk in body_ids.items() if pk in short_names}
    return names


def _value_label(name: str, value: Any, names: dict[tuple[str, int], str]) -> str:
    """Return the value of a filter in words."""
    if value is True:
        return str(NAMED_FILTER_LABELS[name])
    if name in {"status", "urgency", "channel"}:
        choices = {"status": Status, "urgency": Urgency, "channel": Channel}[name]
        return str(choices(value).label)
    if name == "category":
        category = catalogue.with_code(value)
        return catalogue.full_label(category) if category else str(value)
    if name in PLACE_FILTERS or name in ORGANISATION_FILTERS:
        return names.get((name, int(value)), _("不在您的范围内"))
    return str(value)
