"""Builds one case of the sample: place, time, channel, words and what becomes of it."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable, Iterable, Iterator

from django.utils import timezone

from branches.models import Organisation
from grids.enums import AreaKind, Level
from grids.models import Area
from members.models import User
from petitions.enums import Channel
from petitions.permissions import may_file
from petitions.rules import routing
from petitions.rules.contacts import ContactDetails
from petitions.sample import arrival_times, report_text, sample_case
from petitions.sample.catalogue import NOTICE_VERSION
from petitions.sample.outcome_profiles import OutcomeProfile
from petitions.sample.reference_data import ReferenceData
from petitions.sample.sample_case import SampleCase
from petitions.sample.scenarios import Scenario
from petitions.workflow.submission import Report

NAMESPACE = uuid.UUID("5d0f6c1e-7a52-5b7e-9a55-2f6b3f0a9c11")
SEED = "652302"
WAKING = range(7, 23)
CONFIDENTIAL_EVERY = 17
TRIES = 160
SEARCHES = 3
JITTER = 25  # how many instants a search may jump, so that cases are not equally spaced


class CaseBuilder:
    """Builds cases, each with its own random numbers, so that one more changes no other."""

    def __init__(self, reference: ReferenceData, now: dt.datetime) -> None:
        """Start with the first serial."""
        self.reference = reference
        self.now = now
        self._serial = 0

    def make(
        self,
        area: Area,
        at: dt.datetime,
        template: report_text.Template,
        profile: OutcomeProfile,
        *,
        channel: Channel | None = None,
        about: Organisation | None = None,
        text: str = "",
    ) -> SampleCase:
        """Submit one case and play it up to the present."""
        self._serial += 1
        rng = random.Random(f"{SEED}:{self._serial}")
        words, since, answer = report_text.written(rng, template, area)
        chosen = channel or arrival_times.channel(
            rng, at, is_rural=area.level < Level.BUILDING and area.kind != AreaKind.LANE
        )
        chain = self.reference.place(area, timezone.localdate(at))
        case_uuid = uuid.uuid5(NAMESPACE, str(self._serial))
        way, by = self._filer(chosen, chain, case_uuid, at)
        report = Report(
            place=area,
            category=self.reference.categories[template.code],
            text=text or words,
            channel=way,
            notice_version=NOTICE_VERSION,
            since=since,
            contact=_contact(case_uuid, rng.random() < arrival_times.WITH_CONTACT[way]),
            about=about,
            chain=chain,
            case_uuid=case_uuid,
        )
        case = sample_case.submit(
            report, at, serial=self._serial, by=by, reference=self.reference, chain=chain
        )
        return Scenario(case, profile, template, answer, rng, self.now).play()

    def _filer(
        self,
        channel: Channel,
        chain: routing.ResponsibleChain,
        case_uuid: uuid.UUID,
        at: dt.datetime,
    ) -> tuple[Channel, User | None]:
        """Return who files by this channel, or the public page if nobody there may file."""
        user: User | None = None
        if channel in (Channel.DESK, Channel.ASSISTED):
            user = self.reference.coordinator(chain, case_uuid.int)
        elif channel == Channel.API:
            user = self.reference.partner
        else:
            return channel, None
        if user is not None:
            self.reference.load_scope(user, at)
            if may_file(user, chain.area.path):
                return channel, user
        return Channel.WEB, None

    def find(
        self,
        areas: Iterable[Area],
        codes: Iterable[str],
        profile: OutcomeProfile,
        wanted: Callable[[SampleCase], bool],
        *,
        about: Organisation | None = None,
        text: str = "",
    ) -> SampleCase | None:
        """Search backwards for a time of report from which the case is now as wanted."""
        places = list(areas)
        month = timezone.localdate(self.now).month
        matters = [
            row for code in codes for row in report_text.of(code) if row.weight_in(month) > 0
        ]
        rng = random.Random(f"{SEED}:find:{self._serial}")
        for number, at in enumerate(self._instants(rng)):
            area, template = places[number % len(places)], matters[number % len(matters)]
            case = self.make(area, at, template, profile, about=about, text=text)
            if wanted(case):
                return case
        return None

    def _instants(self, rng: random.Random) -> Iterator[dt.datetime]:
        """Yield instants before now in waking hours, close together first; three times over."""
        for _again in range(SEARCHES):
            instants, back = [], dt.timedelta(minutes=12)
            for _try in range(TRIES):
                at = self.now - back - dt.timedelta(seconds=rng.randrange(1100))
                if timezone.localtime(at).hour in WAKING:
                    instants.append(at)
                back += max(dt.timedelta(minutes=20), min(back / 12, dt.timedelta(hours=4)))
            order = {at: index + rng.uniform(0, JITTER) for index, at in enumerate(instants)}
            yield from sorted(instants, key=order.__getitem__)


def _contact(case_uuid: uuid.UUID, is_given: bool) -> ContactDetails:
    """Return an invented number, which no subscriber has: 190-0000-….; empty if none is given."""
    if not is_given:
        return ContactDetails()
    return ContactDetails(
        phone=f"1900000{case_uuid.int % 10_000:04d}",
        is_confidential=case_uuid.int % CONFIDENTIAL_EVERY == 0,
    )
