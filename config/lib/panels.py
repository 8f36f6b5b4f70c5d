"""Panels: what a higher app adds to the page of a lower one, named in the settings.

`PAGE_PANELS` lists providers by page. A provider gets what the page shows, the viewer and the
day, and returns a panel or nothing; so a lower app's page never names a higher app.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.module_loading import import_string

from config.lib.viewer import Viewer


class Panel(NamedTuple):
    """A template and the data it shows, as `panel` inside it."""

    template: str
    data: Mapping[str, Any]


Provider = Callable[[Any, Viewer, dt.date], Panel | None]


def of(page: str, subject: object, viewer: Viewer, day: dt.date) -> list[Panel]:
    """Return the panels other apps have for a page, in the order of the settings."""
    providers: list[Provider] = [import_string(path) for path in settings.PAGE_PANELS.get(page, ())]
    panels = (provider(subject, viewer, day) for provider in providers)
    return [panel for panel in panels if panel is not None]
