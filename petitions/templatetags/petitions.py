"""Template tags of cases: row of the list, category and route in the language of the reader."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from config.templatetags.components import badge, deadline, status, urgency
from petitions.enums import Urgency
from petitions.models import Category, Petition
from petitions.rules import catalogue, danger, routing
from petitions.web.list_items import ListItem

register = template.Library()

ROW = """
<tr class="rowlink{tone}">
  <th scope="row" class="cell-title nowrap">
    <a class="rowlink__a" href="{url}"><bdi dir="ltr">{number}</bdi></a>
  </th>
  <td class="cell-place">{place}</td>
  <td>{category}{urgency}{danger}{summary}</td>
  <td class="cell-status">{status}</td>
  <td>{deadline}{turn}</td>
  <td class="cell-handler" data-label="{handler_label}" title="{handler}">{handler}</td>
</tr>
"""
SUMMARY = '<br><span class="muted small" dir="auto">{}</span>'
TURN = '<span class="small {}">{}</span>'
ROW_TONES = {"overdue": " rowlink--overdue", "soon": " rowlink--soon"}


@register.simple_tag
def case_row(case: ListItem) -> str:
    """Draw a case as a row of a table with the class `table--cards`, a card on a narrow screen.

    A list draws it up to a hundred times, so it is a Python function and not a template.
    """
    due = (case.deadline_state, case.deadline_absolute, case.deadline_relative)
    is_marked = case.urgency and case.urgency != Urgency.NORMAL
    turn_tone = "strong" if case.is_own else "muted"
    return format_html(
        ROW,
        tone=ROW_TONES.get(case.deadline_state, ""),
        url=case.url,
        number=case.number,
        place=case.place,
        category=case.category,
        urgency=format_html(" {}", urgency(case.urgency, case.urgency_label)) if is_marked else "",
        danger=format_html(" {}", _danger_badge()) if case.has_danger else "",
        summary=format_html(SUMMARY, case.summary) if case.summary else "",
        status=status(case.status, case.status_label),
        deadline=deadline(*due) if case.deadline_absolute else "",
        turn=format_html(TURN, turn_tone, case.turn) if case.turn else "",
        handler_label=_("承办"),
        handler=case.handler,
    )


def _danger_badge() -> str:
    return badge(_("可能有危险"), "overdue", "siren")


@register.filter
def emergency_numbers(category: Category) -> str:
    """Show the emergency numbers of a category, each with its words, isolated from each other."""
    rows = [_number_with_words(row) for row in danger.category_numbers(category)]
    return format_html_join(_("；"), "{}", ((row,) for row in rows))


def _number_with_words(row: danger.EmergencyNumber) -> str:
    line = format_html('<bdi class="num" dir="ltr">{}</bdi>', row.number)
    if row.name:
        line = format_html("<bdi>{}</bdi> {}", row.name, line)
    if row.is_sample:
        return format_html("{}{}", line, _("（示例号码，打不通）"))
    return format_html("{} · <bdi>{}</bdi>", line, row.note) if row.note else line


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
