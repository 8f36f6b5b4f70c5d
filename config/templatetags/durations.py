"""Template filters for instants, by `config.lib.durations`."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import timezone

from config.lib import durations

register = template.Library()


@register.filter
def absolute(at: dt.datetime | None) -> str:
    """Return an instant as date and time; an empty string for None."""
    return durations.absolute(at, timezone.now()) if at else ""


@register.filter
def relative(at: dt.datetime | None) -> str:
    """Return how long ago an instant was; an empty string for None."""
    return durations.time_since(at, timezone.now()).relative if at else ""
