"""Panels that a higher app adds to a page of a lower one, configured by `PAGE_PANELS`.

The setting lists providers by page. A provider gets the object of the page, the viewer and the day,
and returns a panel or None. So the page of a lower app does not import a higher app.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.module_loading import import_string

from config.lib.viewer import Viewer


class Panel(NamedTuple):
    """A template and its data, which the template finds as `panel`."""

    template: str
    data: Mapping[str, Any]


Provider = Callable[[Any, Viewer, dt.date], Panel | None]


def of(page: str, subject: object, viewer: Viewer, day: dt.date) -> list[Panel]:
    """Return the panels of a page, in the order of the setting."""
    providers: list[Provider] = [import_string(path) for path in settings.PAGE_PANELS.get(page, ())]
    panels = (provider(subject, viewer, day) for provider in providers)
    return [panel for panel in panels if panel is not None]
