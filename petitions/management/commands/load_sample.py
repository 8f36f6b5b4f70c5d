"""Load the sample: Fukang's territory, organisations, people, catalogue and a year of cases."""

from __future__ import annotations

import datetime as dt
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

import branches.sample
import grids.sample
import members.sample
from config.lib import register_cache
from petitions.ops import audit_trail
from petitions.sample import cases, catalogue

END_OF_DAY = dt.time(17, 30)
AN_HOUR = 3600.0  # seconds; the chains are complete when the command ends


class Command(BaseCommand):
    """Load the sample. Parts that are loaded already stay; a second run changes nothing.

    CommandError in production: the sample has hundreds of accounts with a known password.
    """

    help = "Load the sample of Fukang: places, organisations, people, catalogue and cases."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the day on which the sample ends; by default it ends now."""
        parser.add_argument("--today", type=dt.date.fromisoformat, metavar="YYYY-MM-DD")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the loaders in order and print the seconds of each; loaded parts stay."""
        if settings.PRODUCTION:
            raise CommandError("The sample is not loaded in production (PRODUCTION=yes).")
        today: dt.date | None = options["today"]
        now = timezone.now() if today is None else at_end_of(today)
        since = dt.date(timezone.localtime(now).year - 1, 1, 1)
        self._run("places and calendar", lambda: grids.sample.load(since))
        register_cache.forget_version()
        self._run("organisations", lambda: branches.sample.load(since))
        self._run("people", lambda: members.sample.load(since))
        self._run("catalogue", catalogue.load)
        register_cache.forget_version()
        with _collector_paused():
            self._run("cases", lambda: cases.load(now))
        self._run("audit trail", lambda: audit_trail.extend(seconds=AN_HOUR))

    def _run(self, name: str, load: Callable[[], object]) -> None:
        start = time.monotonic()
        load()
        self.stdout.write(f"  {name:<20} {time.monotonic() - start:6.1f} s")


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector from visiting all cases again and again while none is freed."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def at_end_of(day: dt.date) -> dt.datetime:
    """Return the instant at which a sample for a day ends."""
    return dt.datetime.combine(day, END_OF_DAY, tzinfo=timezone.get_default_timezone())
