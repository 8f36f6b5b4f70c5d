"""A year of cases over the sample's places, played by the workflow and written at once."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.utils import timezone

from config.lib.db.tree_paths import draw_ids
from petitions.enums import PhotoKind, Status, Verb
from petitions.models import Petition
from petitions.sample import arrival_times, messages, pictures, report_text
from petitions.sample.case_builder import NAMESPACE, SEED, CaseBuilder
from petitions.sample.outcome_profiles import usual
from petitions.sample.reference_data import ReferenceData
from petitions.sample.sample_case import SampleCase
from petitions.sample.showcase import Showcase
from petitions.workflow.transitions import Transition
from petitions.workflow.writer import write

YEAR = 365
USUAL_CASES = 1_425
RURAL_EVERY = 24
REPORT_PICTURES = 14
ANSWER_PICTURES = 6
PIPES = ("WS", "HT")  # what the drawn answer shows


def load(now: dt.datetime) -> int:
    """Write the cases of the year before `now`; return how many, 0 if there are any already.

    Cases are numbered in the order of their reports.
    """
    if Petition.objects.filter(is_sample=True).exists():
        return 0
    cases = played(now)
    with transaction.atomic():
        for case, case_id in zip(cases, sorted(draw_ids(Petition, len(cases))), strict=True):
            case.store.assign_case_id(case_id)
        changes = [change for case in cases for change in case.transitions]
        changes.sort(key=lambda change: (change.now, change.petition.pk, change.event.version))
        write(changes, wake_workers=False)
        messages.write(cases, changes, now)
    return len(cases)


def played(now: dt.datetime) -> list[SampleCase]:
    """Play the cases in memory, oldest first."""
    builder = CaseBuilder(ReferenceData(timezone.localdate(now)), now)
    cases = [*_usual(builder), *Showcase(builder).all()]
    cases.sort(key=lambda case: case.petition.created_at)
    _add_pictures(cases)
    return cases


def _usual(builder: CaseBuilder) -> Iterator[SampleCase]:
    rng = random.Random(SEED)
    places = arrival_times.Places(rng, builder.reference.homes())
    for number, at in enumerate(arrival_times.moments(rng, USUAL_CASES, builder.now, YEAR)):
        day = timezone.localdate(at)
        is_rural = number % RURAL_EVERY == 0
        area = rng.choice(builder.reference.countryside(day)) if is_rural else places.home()
        template = report_text.pick(rng, day, area)
        yield builder.make(area, at, template, usual(rng))


def _add_pictures(cases: Sequence[SampleCase]) -> None:
    """Add pictures to some reports, running cases first, and to some answers."""
    fitting = [case for case in cases if pictures.scene_for(case.petition.category.code)]
    fitting.sort(key=lambda case: (not case.petition.is_running, -case.at.timestamp()))
    for case in fitting[:REPORT_PICTURES]:
        scene = pictures.scene_for(case.petition.category.code)
        _add_picture(case.transitions[0], scene, PhotoKind.REPORT)
    answered = [
        case
        for case in fitting
        if case.petition.status in (Status.RESOLVED, Status.CLOSED)
        and case.petition.category.code.startswith(PIPES)
    ]
    for case in answered[:ANSWER_PICTURES]:
        change = next(change for change in case.transitions if change.verb == Verb.RESOLVE)
        _add_picture(change, "done", PhotoKind.ANSWER)


def _add_picture(change: Transition, scene: str, kind: PhotoKind) -> None:
    seed = f"{change.petition.uuid}:{change.event.version}"
    change.add_photos([pictures.drawn(scene, seed)], kind=kind, is_public=True)
    for photo in change.photos:
        photo.uuid = uuid.uuid5(NAMESPACE, seed)
