"""Panel of the pages of places and organisations: open and overdue cases, as links."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.urls import reverse

from branches.enums import OrgLevel
from branches.models import Organisation
from config.lib import clock
from config.lib.panels import Panel
from config.lib.viewer import Viewer
from grids.models import Area
from petitions.models import Petition, PetitionQuerySet, is_overdue
from petitions.rules import task_queries


def of_place(area: Area, viewer: Viewer, _day: dt.date) -> Panel:
    """Return the panel of a place: its visible cases and those of the places below."""
    cases = Petition.objects.visible_to(viewer).filter(path__startswith=area.path)
    return _panel(cases, place=area.pk)


def of_organisation(organisation: Organisation, viewer: Viewer, _day: dt.date) -> Panel:
    """Return the panel of an organisation: the visible cases that it is responsible for.

    Of a department: the cases in which it has a task to conclude.
    """
    if organisation.level == OrgLevel.DEPARTMENT:
        return _panel_of_tasks(organisation.pk, viewer)
    cases = Petition.objects.visible_to(viewer).filter(organisation=organisation)
    return _panel(cases, organisation=organisation.pk)


def _panel_of_tasks(doer_id: int, viewer: Viewer) -> Panel:
    """Return the panel with the tasks of a department in visible cases."""
    tasks = task_queries.visible_to(viewer).done_by([doer_id])
    list_url = reverse("petitions:list")
    figures = {
        "open": tasks.owed().count(),
        "overdue": tasks.overdue(clock.now()).count(),
        "open_url": f"{list_url}?{urlencode({'doer': doer_id})}",
        "overdue_url": f"{list_url}?{urlencode({'late_doer': doer_id})}",
    }
    return Panel("petitions/web/_open_cases_panel.html", figures)


def _panel(cases: PetitionQuerySet, **filters: int) -> Panel:
    overdue = is_overdue(clock.now())
    counts = cases.open().aggregate(open=Count("pk"), overdue=Count("pk", filter=Q(overdue)))
    list_url = reverse("petitions:list")
    figures = {
        "open": counts["open"],
        "overdue": counts["overdue"],
        "open_url": f"{list_url}?{urlencode({'state': 'open', **filters})}",
        "overdue_url": f"{list_url}?{urlencode({'overdue': 1, **filters})}",
    }
    return Panel("petitions/web/_open_cases_panel.html", figures)
