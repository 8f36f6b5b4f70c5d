"""The steps of a case as the resident reads them: what happened, through which organisation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext as _

from config.lib import durations
from petitions import involvement
from petitions.enums import Actor, PhotoKind, Verb
from petitions.models import Event, Petition, Photo
from petitions.verbs.table import SPEC_OF

PROBLEMS = frozenset({Verb.DISPUTE, Verb.ESCALATE})
UNSHOWN = frozenset({Verb.REVEAL, Verb.REMIND, Verb.RATE})


@dataclass(frozen=True, slots=True)
class PublicPhoto:
    """A photo the resident may see, with its addresses in the tracking session."""

    url: str
    thumb: str
    alt: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class PublicStep:
    """One step: what happened, when, words for the resident, photos."""

    label: str
    when: str
    text: str
    state: str
    photos: list[PublicPhoto] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ContactReveal:
    """When and by which organisation the contact was opened, and why."""

    when: str
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class PublicHistory:
    """Everything of a case's events that the resident may read."""

    steps: list[PublicStep]
    opened: list[ContactReveal]
    answer_photos: list[PublicPhoto]


def public_history(
    petition: Petition, now: dt.datetime, *, is_joined: bool = False
) -> PublicHistory:
    """Read a case's public steps, newest first, and who opened the contact (two queries).

    Never a name of a person, never an internal note. Whoever only joined the matter sees neither
    what the petitioner wrote or photographed nor anything about the contact.
    """
    events = list(
        petition.events.select_related(
            *involvement.EVENT_ORGANISATIONS, "acting_for", "note"
        ).order_by("-version")
    )
    photos = [one for one in petition.photos.filter(is_public=True) if _may_see(one, is_joined)]
    by_event: dict[int, list[Photo]] = {}
    for photo in photos:
        by_event.setdefault(photo.event_id, []).append(photo)
    steps = _steps(events, by_event, now, is_joined=is_joined)
    if not petition.is_open and steps:
        steps[0] = _finished(steps[0])
    latest = next((event.pk for event in events if event.verb == Verb.RESOLVE), None)
    return PublicHistory(
        steps=steps,
        opened=[] if is_joined else [_opened(e, now) for e in events if e.verb == Verb.REVEAL],
        answer_photos=_pictures(by_event.get(latest or 0, ())),
    )


def _may_see(photo: Photo, is_joined: bool) -> bool:
    return not (is_joined and photo.kind == PhotoKind.REPORT)


def _steps(
    events: Sequence[Event], photos: dict[int, list[Photo]], now: dt.datetime, *, is_joined: bool
) -> list[PublicStep]:
    """Put the events into words; several visits in a row are one step."""
    found: list[PublicStep] = []
    newer, answered = "", False
    for event in events:
        is_latest = event.verb == Verb.RESOLVE and not answered  # it stands in full above the steps
        answered = answered or event.verb == Verb.RESOLVE
        text = "" if is_latest else _words(event, is_joined)
        pictures = [] if event.verb == Verb.RESOLVE else _pictures(photos.get(event.pk, ()))
        label = _label(event, is_joined)
        is_repeat = event.verb == Verb.VISIT and newer == Verb.VISIT and not (text or pictures)
        newer = event.verb
        if is_repeat or not _is_shown(event, text, pictures):
            continue
        state = "problem" if event.verb in PROBLEMS else "done" if found else "current"
        when = durations.time_since(event.at, now)
        found.append(PublicStep(label, _when(when), text, state, pictures))
    return found


def _when(moment: durations.Moment) -> str:
    return _("%(at)s（%(ago)s）") % {"at": moment.absolute, "ago": moment.relative}


def _finished(step: PublicStep) -> PublicStep:
    return PublicStep(step.label, step.when, step.text, "done", step.photos)


def _is_shown(event: Event, text: str, pictures: list[PublicPhoto]) -> bool:
    if event.verb in UNSHOWN:
        return False
    if event.verb == Verb.NOTE:
        return bool(text)
    return event.verb != Verb.PHOTO or bool(pictures)


def _words(event: Event, is_joined: bool) -> str:
    """Return an event's note if it is for the resident; a joiner reads no petitioner's words."""
    note = getattr(event, "note", None)
    if note is None or not note.is_public:
        return ""
    if is_joined and event.actor == Actor.PETITIONER:
        return ""
    cause = _("原因：%(cause)s") % {"cause": note.cause} if note.cause else ""
    return "\n".join(line for line in (str(note.body), cause) if line)


def _pictures(photos: Iterable[Photo]) -> list[PublicPhoto]:
    return [
        PublicPhoto(
            url=reverse("petitions:track_photo", args=[photo.uuid]),
            thumb=reverse("petitions:track_thumb", args=[photo.uuid]),
            alt=str(PhotoKind(photo.kind).label),
        )
        for photo in photos
    ]


def _opened(event: Event, now: dt.datetime) -> ContactReveal:
    who = event.acting_for or event.organisation
    return ContactReveal(
        durations.absolute(event.at, now), who.name, _words(event, is_joined=False)
    )


def _label(event: Event, is_joined: bool) -> str:
    verb = Verb(event.verb)
    spec = SPEC_OF[verb]
    special = SPECIAL.get(verb)
    supervisor = involvement.supervisor(event)
    words = special(event, is_joined) if special else str(spec.resident_text or spec.event_label)
    return words % {
        "who": event.organisation.short_name,
        "holder": event.holder.short_name if event.holder else "",
        "above": supervisor.short_name if supervisor else "",
    }


def _dispatched(event: Event, _is_joined: bool) -> str:
    if event.holder_id and event.holder_id != event.organisation_id:
        return _("%(who)s已交给%(holder)s办理")
    return _("%(who)s已派人办理")


def _confirmed(event: Event, is_joined: bool) -> str:
    if is_joined:
        return _("反映人确认已解决")
    return _("您确认已解决") if event.actor == Actor.PETITIONER else _("回访时您确认已解决")


def _disputed(event: Event, is_joined: bool) -> str:
    if is_joined:
        return _("反映人表示还没有解决，重新办理")
    return (
        _("您表示只解决了一部分，重新办理")
        if event.data.get("partly")
        else _("您表示没有解决，重新办理")
    )


def _closed(event: Event, _is_joined: bool) -> str:
    if event.actor == Actor.CLOCK:
        return _("到期没有收到回复，自动结案")
    return _("回访后结案")


def _escalated(event: Event, _is_joined: bool) -> str:
    if event.data.get("top"):
        return _("已超过时限，继续督促办理")
    if event.actor == Actor.CLOCK:
        return _("超过时限，已上报%(above)s")
    return _("%(who)s已请%(above)s协助")


SPECIAL = {
    Verb.DISPATCH: _dispatched,
    Verb.CONFIRM: _confirmed,
    Verb.DISPUTE: _disputed,
    Verb.CLOSE: _closed,
    Verb.ESCALATE: _escalated,
}
