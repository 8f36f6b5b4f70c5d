"""Submitting a report: the one function behind the desk, the public page and the API."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from branches.models import Organisation
from config.lib.viewer import Viewer
from grids.enums import Level
from grids.models import Area
from members.enums import Role
from members.models import User
from petitions import permissions, text_search
from petitions.actors import By
from petitions.enums import Actor, CategoryChannel, Channel, DeadlineKind, PhotoKind, Regime, Verb
from petitions.models import Category, IdempotencyKey, MeToo, Petition, PetitionQuerySet
from petitions.rules import routing, tracking_codes
from petitions.rules.contacts import ContactDetails
from petitions.rules.photos import StoredPhoto
from petitions.workflow import case_store, contact, idempotency
from petitions.workflow.idempotency import IdempotencyRequest
from petitions.workflow.transitions import (
    CaseStore,
    NotPermitted,
    Transition,
    WrongState,
)


@dataclass(frozen=True, slots=True)
class Report:
    """A resident's report: place, category, text, channel and contact details.

    An empty `urgency` takes the category's. `about` is the organisation that the report is about.
    `chain` is given if the caller has read it, `case_uuid` the new case's uuid.
    """

    place: Area
    category: Category
    text: str
    channel: Channel
    notice_version: str
    since: str = ""
    urgency: str = ""
    contact: ContactDetails = field(default_factory=ContactDetails)
    about: Organisation | None = None
    photos: Sequence[StoredPhoto] = ()
    language: str = "zh-hans"
    regime: Regime = Regime.COMMUNITY
    external_number: str = ""
    chain: routing.ResponsibleChain | None = None
    case_uuid: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted case and its tracking code; `is_repeat` if the key had been used before.

    `answer` is the response body stored with the key.
    """

    petition: Petition
    code: str
    is_repeat: bool = False
    answer: dict[str, Any] = field(default_factory=dict)


def submit(
    *, report: Report, by: By, now: dt.datetime, key: IdempotencyRequest | None = None
) -> Submitted:
    """Submit a report: case, contact, route, deadlines, event and photos in one transaction.

    There is always an organisation responsible for the case. A repeated `key` with the same body
    returns the first case; with another body it is refused.
    """
    store = case_store.current()
    with store.atomic():
        begun = _begin(key, store)
        if isinstance(begun, Submitted):
            return begun
        chain = report.chain or routing.load_place(report.place, timezone.localdate(now))
        petition = _new(report, chain, by, now)
        petition.pk = begun
        actor, acting_for_id = _actor(by, petition)
        change = Transition(petition, Verb.FILE, by, actor, now, store=store)
        change.acting_for_id = acting_for_id
        change.data = {"channel": str(report.channel), "route": petition.route}
        change.add_photos(report.photos, kind=PhotoKind.REPORT, is_public=True)
        change.start_deadline(DeadlineKind.CONTACT, organisation_id=petition.organisation_id)
        change.start_deadline(DeadlineKind.RESOLUTION, organisation_id=petition.organisation_id)
        change.complete()
        if report.contact:
            change.attached.append(contact.encrypted(petition, report.contact))
        answer = _save(change, key)
    return Submitted(petition, tracking_codes.code_for(petition.uuid), answer=answer)


def _begin(key: IdempotencyRequest | None, store: CaseStore) -> Submitted | int:
    """Return the id for the new case, or the case that the key submitted before.

    Locks the key until the transaction ends. Raises `InProgress` while a concurrent request holds
    it, and `KeyReused` for another body.
    """
    state = idempotency.lock_and_draw(key) if key else None
    if isinstance(state, IdempotencyKey):
        return _submitted_before(state)
    return store.draw_case_id() if state is None else state


def _save(change: Transition, key: IdempotencyRequest | None) -> dict[str, Any]:
    """Save the new case with its idempotency key; return the answer stored with the key.

    Raises `InProgress` if a concurrent request with the same key was faster.
    """
    if key is None:
        change.store.save([change])
        return {}
    answer = key.answer(change.petition) if key.answer else {}
    change.attached.append(idempotency.key_row(key, change.petition.pk, answer, change.now))
    with idempotency.concurrent_use_refused():
        change.store.save([change])
    return answer


def replay(key: IdempotencyRequest) -> Submitted | None:
    """Return the case that an earlier use of the key submitted; raise `KeyReused`."""
    row = idempotency.find(key)
    return _submitted_before(row) if row else None


def _submitted_before(row: IdempotencyKey) -> Submitted:
    code = tracking_codes.code_for(row.petition.uuid)
    return Submitted(row.petition, code, is_repeat=True, answer=row.body)


def _new(report: Report, place: routing.ResponsibleChain, by: By, now: dt.datetime) -> Petition:
    route = routing.route(place, channel=report.category.channel, about=report.about)
    case_uuid = report.case_uuid

    def area_id(level: Level) -> int | None:
        area = place.at(level)
        return area.pk if area else None

    return Petition(
        uuid=case_uuid,
        tracking_hash=tracking_codes.code_hash(tracking_codes.code_for(case_uuid)),
        version=0,
        created_at=now,
        channel=report.channel,
        regime=report.regime,
        external_number=report.external_number,
        language=report.language,
        notice_version=report.notice_version,
        urgency=report.urgency or report.category.urgency,
        category=report.category,
        text=report.text,
        since=report.since,
        place=place.area,
        place_name=place.area.full_name,
        path=place.area.path,
        subdistrict_id=area_id(Level.SUBDISTRICT),
        community_id=area_id(Level.COMMUNITY),
        grid_id=area_id(Level.GRID),
        organisation=route.organisation,
        group=route.group,
        about_organisation=report.about,
        is_sealed=report.category.channel == CategoryChannel.ACCUSATION,
        route=route.parts,
        route_text=routing.in_record_language(route.parts),
        level=route.level,
        filed_by=by if isinstance(by, User) else None,
        search=text_search.vector(report.text, place.area.full_name, report.category.name),
    )


def _actor(by: By, petition: Petition) -> tuple[Actor, int | None]:
    """Return as what `by` submits a report, and the organisation in whose name."""
    if not isinstance(by, User):
        return Actor.PETITIONER, None
    post = permissions.filing_post(by, petition.path)
    if post is None:
        raise NotPermitted("wrong_actor", _("这个地点不在您的范围内。"))
    is_partner = by.scope.has_role(Role.API_CLIENT)
    return Actor.PARTNER if is_partner else Actor.COORDINATOR, post.organisation_id


def me_too(*, petition: Petition, key: uuid.UUID, now: dt.datetime) -> str:
    """Join an open case, once per `key`; return a tracking code of one's own."""
    if not petition.is_open or petition.is_sealed or petition.about_organisation_id is not None:
        raise WrongState("not_open", _("这件事已经办完，如仍有问题请重新反映。"))
    code = tracking_codes.code_for(key)
    MeToo.objects.get_or_create(
        key=key,
        defaults={
            "petition": petition,
            "tracking_hash": tracking_codes.code_hash(code),
            "created_at": now,
        },
    )
    return code


def similar_cases(
    *, viewer: Viewer | None, place: Area, category: Category | None, now: dt.datetime
) -> PetitionQuerySet:
    """Return at most six open or recent cases of the same place, newest first.

    Without a viewer (residents) only listed categories; staff only what they may see.
    """
    if viewer is None:
        visible = Petition.objects.filter(category__is_listed=True)
    else:
        visible = Petition.objects.visible_to(viewer)
    since = now - dt.timedelta(days=30)
    rows = visible.same_matter(place.pk, category.pk if category else None, since)
    return rows.order_by("-id")[:6]
