"""A believable year of cases over the sample's places; a second time changes nothing."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence

from django.utils import timezone

from petitions.enums import PhotoKind, Status, Urgency, Verb
from petitions.models import Petition
from petitions.sample import arrival_times, bulk_writer, pictures, report_text
from petitions.sample.case_builder import SEED, CaseBuilder
from petitions.sample.outcome_profiles import OutcomeProfile, usual
from petitions.sample.reference_data import ReferenceData
from petitions.sample.showcase import Showcase
from petitions.sample.simulator import SimulatedCase
from petitions.states import FINAL, RUNNING

YEAR = 365
USUAL_CASES = 1_400
RURAL_EVERY = 24
MERGES = 24
SECOND_AFTER = dt.timedelta(hours=2)
LONG_ENOUGH = dt.timedelta(days=5)
LONG_ENOUGH_URGENT = dt.timedelta(hours=8)
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
    walks += list(_merged(maker, walks))
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


def _merged(maker: CaseBuilder, walks: Sequence[SimulatedCase]) -> Iterator[SimulatedCase]:
    """Report some matters a second time from the same building; the desk joins them."""
    firsts = [walk for walk in walks if _can_lead(walk.petition)]
    for first in firsts[:: max(len(firsts) // MERGES, 1)][:MERGES]:
        case = first.petition
        template = report_text.of(case.category.code)[-1]
        at = case.created_at + SECOND_AFTER
        yield maker.make(case.place, at, template, OutcomeProfile(path="merge"), into=first)


def _can_lead(case: Petition) -> bool:
    """Tell whether a case was handled long enough for a second report to be joined to it."""
    if case.is_sealed or case.about_organisation_id or case.status not in FINAL:
        return False
    if case.status == Status.WITHDRAWN or not case.resolved_at:
        return False
    enough = LONG_ENOUGH_URGENT if case.urgency == Urgency.URGENT else LONG_ENOUGH
    return case.resolved_at - case.created_at > enough


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
