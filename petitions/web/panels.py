"""What cases add to the pages of places and organisations: how many are open, as links."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.urls import reverse

from branches.models import Organisation
from config.lib import clock
from config.lib.panels import Panel
from config.lib.viewer import Viewer
from grids.models import Area
from petitions.models import Petition, PetitionQuerySet, is_overdue


def of_place(area: Area, viewer: Viewer, _day: dt.date) -> Panel:
    """Count the open and overdue cases at a place and below it that the viewer may see."""
    cases = Petition.objects.visible_to(viewer).filter(path__startswith=area.path)
    return _panel(cases, place=area.pk)


def of_organisation(organisation: Organisation, viewer: Viewer, _day: dt.date) -> Panel:
    """Count the open and overdue cases an organisation answers for that the viewer may see."""
    cases = Petition.objects.visible_to(viewer).filter(organisation=organisation)
    return _panel(cases, organisation=organisation.pk)


def _panel(cases: PetitionQuerySet, **narrowed: int) -> Panel:
    overdue = is_overdue(clock.now())
    counts = cases.open().aggregate(open=Count("pk"), overdue=Count("pk", filter=Q(overdue)))
    start = reverse("petitions:list")
    figures = {
        "open": counts["open"],
        "overdue": counts["overdue"],
        "open_url": f"{start}?{urlencode({'state': 'open', **narrowed})}",
        "overdue_url": f"{start}?{urlencode({'overdue': 1, **narrowed})}",
    }
    return Panel("petitions/web/_open_cases_panel.html", figures)
