"""When, where and by which channel residents report: weights by month, weekday, hour, place."""

from __future__ import annotations

import datetime as dt
import random
from itertools import accumulate

from django.utils import timezone

from grids.models import Area
from petitions.enums import Channel

MONTHS = (1.15, 0.95, 0.85, 0.8, 0.85, 0.95, 1.05, 0.95, 0.85, 1.3, 1.25, 1.2)
WEEKDAYS = (1.3, 1.15, 1.05, 1.0, 1.05, 0.75, 0.65)
HOURS = (1, 1, 0, 0, 0, 1, 3, 7, 10, 14, 18, 17, 12, 9, 9, 11, 14, 14, 13, 14, 16, 12, 7, 3)
CHANNELS: dict[Channel, int] = {
    Channel.DESK: 36,
    Channel.QR: 30,
    Channel.WEB: 22,
    Channel.ASSISTED: 7,
    Channel.API: 5,
}
RURAL_CHANNELS: dict[Channel, int] = {Channel.ASSISTED: 60, Channel.DESK: 30, Channel.WEB: 10}
WITH_CONTACT: dict[Channel, float] = {
    Channel.DESK: 0.6,
    Channel.QR: 0.25,
    Channel.WEB: 0.35,
    Channel.ASSISTED: 0.4,
    Channel.API: 0.4,
}
LARGE_ESTATE = "阜兴花苑"
STAFFED = range(9, 20)  # hours in which the desk is open


def moments(rng: random.Random, count: int, now: dt.datetime, days: int) -> list[dt.datetime]:
    """Return `count` instants of the last `days` days, oldest first, drawn by the weights."""
    today = timezone.localdate(now)
    dates = [today - dt.timedelta(days=back) for back in range(days, -1, -1)]
    weights = list(accumulate(MONTHS[day.month - 1] * WEEKDAYS[day.weekday()] for day in dates))
    instants: list[dt.datetime] = []
    while len(instants) < count:
        day = rng.choices(dates, cum_weights=weights)[0]
        hour = rng.choices(range(24), weights=HOURS)[0]
        time = dt.time(hour, rng.randrange(60), rng.randrange(60))
        at = dt.datetime.combine(day, time, tzinfo=timezone.get_default_timezone())
        if at < now:
            instants.append(at)
    return sorted(instants)


def channel(rng: random.Random, at: dt.datetime, *, is_rural: bool) -> Channel:
    """Draw the channel of a report; outside office hours only the public page and the API."""
    shares = RURAL_CHANNELS if is_rural else CHANNELS
    drawn = rng.choices(list(shares), weights=list(shares.values()))[0]
    is_open = timezone.localtime(at).hour in STAFFED
    return drawn if is_open or drawn in (Channel.QR, Channel.API) else Channel.WEB


class Places:
    """Draws the place of a report: some buildings are older and report more often."""

    def __init__(self, rng: random.Random, homes: list[Area]) -> None:
        """Draw the weight of every building once."""
        self._rng = rng
        self._homes = homes
        self._weights = list(
            accumulate(
                rng.choice((0.4, 0.8, 1.0, 1.0, 1.6, 3.0))
                * (1.6 if home.full_name.startswith(LARGE_ESTATE) else 1.0)
                for home in homes
            )
        )

    def home(self) -> Area:
        """Return a building or lane."""
        return self._rng.choices(self._homes, cum_weights=self._weights)[0]
