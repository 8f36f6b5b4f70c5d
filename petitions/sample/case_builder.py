"""Makes one case of the sample: where, when, by which way, in whose words, and how it goes."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable, Iterable, Iterator

from django.utils import timezone

from branches.models import Organisation
from grids.enums import AreaKind, Level
from grids.models import Area
from petitions import text_search
from petitions.enums import CategoryChannel, Channel
from petitions.models import Petition
from petitions.rules import routing, tracking_codes
from petitions.sample import arrival_times, report_text
from petitions.sample.catalogue import NOTICE_VERSION
from petitions.sample.outcome_profiles import OutcomeProfile
from petitions.sample.reference_data import ReferenceData
from petitions.sample.scenarios import Scenario
from petitions.sample.simulator import SimulatedCase

NAMESPACE = uuid.UUID("5d0f6c1e-7a52-5b7e-9a55-2f6b3f0a9c11")
SEED = "652302"
WAKING = range(7, 23)
TRIES = 160
SEARCHES = 3
LOOSELY = 25  # how many moments a search may jump, so that cases do not stand in a row


class CaseBuilder:
    """Makes cases, each from its own chance, so that one more or less changes no other."""

    def __init__(self, ground: ReferenceData, now: dt.datetime) -> None:
        """Begin with the first serial."""
        self.ground = ground
        self.now = now
        self._serial = 0

    def make(
        self,
        area: Area,
        at: dt.datetime,
        template: report_text.Template,
        temper: OutcomeProfile,
        *,
        channel: Channel | None = None,
        about: Organisation | None = None,
        text: str = "",
    ) -> SimulatedCase:
        """Let one case go its way from its filing up to the present."""
        self._serial += 1
        rng = random.Random(f"{SEED}:{self._serial}")  # noqa: S311 - a sample, not a secret
        told, since, answer = report_text.written(rng, template, area)
        way = channel or arrival_times.channel(
            rng, at, is_rural=area.level < Level.BUILDING and area.kind != AreaKind.LANE
        )
        place = self.ground.place(area, timezone.localdate(at))
        petition = self._petition(place, at, template, text or told, about)
        petition.channel, petition.since = way, since
        walk = SimulatedCase(petition, place, self.ground, at)
        walk.has_contact = rng.random() < arrival_times.WITH_CONTACT[way]
        return Scenario(walk, temper, template, answer, rng, self.now).play()

    def _petition(
        self,
        place: routing.ResponsibleChain,
        at: dt.datetime,
        template: report_text.Template,
        text: str,
        about: Organisation | None,
    ) -> Petition:
        category = self.ground.categories[template.code]
        found = routing.route(place, channel=category.channel, about=about)
        case_uuid = uuid.uuid5(NAMESPACE, str(self._serial))
        return Petition(
            uuid=case_uuid,
            tracking_hash=tracking_codes.code_hash(tracking_codes.code_for(case_uuid)),
            created_at=at,
            notice_version=NOTICE_VERSION,
            is_sample=True,
            urgency=category.urgency,
            category=category,
            text=text,
            place=place.area,
            place_name=place.area.full_name,
            path=place.area.path,
            subdistrict=place.at(Level.SUBDISTRICT),
            community=place.at(Level.COMMUNITY),
            grid=place.at(Level.GRID),
            organisation=found.organisation,
            group=found.group,
            about_organisation=about,
            is_sealed=category.channel == CategoryChannel.ACCUSATION,
            route=found.parts,
            route_text=found.sentence,
            level=found.level,
            search=text_search.vector(text, place.area.full_name, category.name),
        )

    def find(
        self,
        areas: Iterable[Area],
        codes: Iterable[str],
        temper: OutcomeProfile,
        wanted: Callable[[Petition], bool],
        *,
        about: Organisation | None = None,
        text: str = "",
    ) -> SimulatedCase | None:
        """Look back for a moment of filing from which the case stands as wanted now."""
        places = list(areas)
        month = timezone.localdate(self.now).month
        matters = [
            row for code in codes for row in report_text.of(code) if row.weight_in(month) > 0
        ]
        rng = random.Random(f"{SEED}:find:{self._serial}")  # noqa: S311 - a sample, not a secret
        for number, at in enumerate(self._moments(rng)):
            area, template = places[number % len(places)], matters[number % len(matters)]
            walk = self.make(area, at, template, temper, about=about, text=text)
            if wanted(walk.petition):
                return walk
        return None

    def _moments(self, rng: random.Random) -> Iterator[dt.datetime]:
        """Yield moments going back from the present, finely first, in waking hours; thrice over."""
        for _again in range(SEARCHES):
            found, back = [], dt.timedelta(minutes=12)
            for _try in range(TRIES):
                at = self.now - back - dt.timedelta(seconds=rng.randrange(1100))
                if timezone.localtime(at).hour in WAKING:
                    found.append(at)
                back += max(dt.timedelta(minutes=20), min(back / 12, dt.timedelta(hours=4)))
            loose = {at: index + rng.uniform(0, LOOSELY) for index, at in enumerate(found)}
            yield from sorted(found, key=loose.__getitem__)
