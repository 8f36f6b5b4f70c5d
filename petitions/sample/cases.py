"""A believable year of cases over the sample's places; a second time changes nothing."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence

from django.utils import timezone

from petitions.enums import PhotoKind, Status, Verb
from petitions.models import Petition
from petitions.sample import arrival_times, bulk_writer, pictures, report_text
from petitions.sample.case_builder import SEED, CaseBuilder
from petitions.sample.outcome_profiles import usual
from petitions.sample.reference_data import ReferenceData
from petitions.sample.showcase import Showcase
from petitions.sample.simulator import SimulatedCase
from petitions.states import RUNNING

YEAR = 365
USUAL_CASES = 1_425
RURAL_EVERY = 24
REPORT_PICTURES = 14
ANSWER_PICTURES = 6
PIPES = ("WS", "HT")  # what the drawn answer shows


def load(now: dt.datetime) -> int:
    """Write the cases of the year up to `now` and return how many; none if there are any already.

    Everything is worked out first and written in one transaction.
    """
    if Petition.objects.filter(is_sample=True).exists():
        return 0
    walks = walked(now)
    bulk_writer.write(walks, now)
    return len(walks)


def walked(now: dt.datetime) -> list[SimulatedCase]:
    """Walk the cases in memory, oldest first."""
    ground = ReferenceData(timezone.localdate(now))
    maker = CaseBuilder(ground, now)
    walks = [*_usual(maker), *Showcase(maker).all()]
    walks.sort(key=lambda walk: walk.petition.created_at)
    _illustrate(walks)
    return walks


def _usual(maker: CaseBuilder) -> Iterator[SimulatedCase]:
    rng = random.Random(SEED)  # noqa: S311 - a sample, not a secret
    places = arrival_times.Places(rng, maker.ground.homes())
    for number, at in enumerate(arrival_times.moments(rng, USUAL_CASES, maker.now, YEAR)):
        day = timezone.localdate(at)
        is_rural = number % RURAL_EVERY == 0
        area = rng.choice(maker.ground.countryside(day)) if is_rural else places.home()
        template = report_text.pick(rng, day, area)
        yield maker.make(area, at, template, usual(rng))


def _illustrate(walks: Sequence[SimulatedCase]) -> None:
    """Hang pictures on some reports, the open ones first, and on some answers."""
    fitting = [walk for walk in walks if pictures.scene_for(walk.petition.category.code)]
    fitting.sort(key=lambda walk: (walk.petition.status not in RUNNING, -walk.at.timestamp()))
    for walk in fitting[:REPORT_PICTURES]:
        scene = pictures.scene_for(walk.petition.category.code)
        walk.pictures.append((walk.events[0], scene, PhotoKind.REPORT))
    answered = [
        walk
        for walk in fitting
        if walk.status in (Status.RESOLVED, Status.CLOSED)
        and walk.petition.category.code.startswith(PIPES)
    ]
    for walk in answered[:ANSWER_PICTURES]:
        event = next(event for event in walk.events if event.verb == Verb.RESOLVE)
        walk.pictures.append((event, "done", PhotoKind.ANSWER))
