"""Template filters that say instants as `config.lib.durations` does."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import timezone

from config.lib import durations

register = template.Library()


@register.filter
def absolute(at: dt.datetime | None) -> str:
    """Say an instant by date and time; nothing for nothing."""
    return durations.absolute(at, timezone.now()) if at else ""


@register.filter
def relative(at: dt.datetime | None) -> str:
    """Say how long ago an instant was; nothing for nothing."""
    return durations.time_since(at, timezone.now()).relative if at else ""
