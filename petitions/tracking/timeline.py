"""The history of a case as the resident reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.urls import reverse
from django.utils.translation import gettext as _

from branches import register_rows
from config.lib import durations
from petitions import case_workers, involvement
from petitions.enums import Actor, AnswerKind, DeadlineKind, PhotoKind, Solved, TaskState, Verb
from petitions.models import Event, Petition, Photo
from petitions.rules import danger, moved_deadlines
from petitions.verbs.table import SPEC_OF

PROBLEM_VERBS = frozenset({Verb.DISPUTE, Verb.ESCALATE, Verb.OVERDUE})
TASK_KEYS = ("doer", "orderer", "department")
"""Keys of `Event.data` with the organisations of a task."""
HIDDEN_VERBS = frozenset({Verb.REVEAL, Verb.REMIND, Verb.RATE})
WORDS_OF_PETITIONER = danger.FOLLOW_UPS | {Verb.WITHDRAW}
"""Verbs whose note holds what the petitioner said, also where staff recorded it."""
ASKED_BY_STAFF = frozenset({Verb.CONFIRM, Verb.DISPUTE, Verb.WITHDRAW})
"""Verbs whose step says what the petitioner said; where staff recorded it, it names them."""
MOVES_DEADLINES = frozenset({Verb.ANSWER, Verb.RESCHEDULE})


@dataclass(frozen=True, slots=True)
class PublicPhoto:
    """A photo that the resident may see, with its URLs in the tracking session."""

    url: str
    thumb: str
    alt: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class PublicStep:
    """One step of `components/steps.html`; `state` is current, done or problem.

    `version`: the version of the case that the event of the step made.
    """

    label: str
    when: str
    text: str
    state: str
    version: int
    photos: list[PublicPhoto] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ContactReveal:
    """When and by which organisation the contact details were revealed, and the reason."""

    when: str
    organisation: str
    reason: str


@dataclass(frozen=True, slots=True)
class PublicHistory:
    """What the resident may read of a case: steps newest first, reveals of the contact, photos.

    `follow_ups` is what she wrote or said when the case was reopened; empty for who joined.
    """

    steps: list[PublicStep]
    contact_reveals: list[ContactReveal]
    answer_photos: list[PublicPhoto]
    follow_ups: list[str]


def public_history(
    petition: Petition, now: dt.datetime, *, is_joined: bool = False
) -> PublicHistory:
    """Return the public history of a case, with two queries.

    It holds no name of a person and no internal note. A resident who only joined the case
    (`is_joined`) sees neither the petitioner's words and photos nor who opened the contact.
    """
    events = list(
        petition.events.select_related(
            *involvement.EVENT_ORGANISATIONS, "acting_for", "note"
        ).order_by("-version")
    )
    case_workers.keep(petition, events)
    public_photos = petition.photos.filter(is_public=True)
    photos = [photo for photo in public_photos if _may_see(photo, is_joined)]
    by_event: dict[int, list[Photo]] = {}
    for photo in photos:
        by_event.setdefault(photo.event_id, []).append(photo)
    steps = _steps(events, by_event, now, is_joined=is_joined)
    if not petition.is_open and steps:
        steps[0] = replace(steps[0], state="done")
    answer_id = next((event.pk for event in events if event.verb == Verb.RESOLVE), 0)
    return PublicHistory(
        steps=steps,
        contact_reveals=[] if is_joined else _contact_reveals(events, now),
        answer_photos=_public_photos(by_event.get(answer_id, ())),
        follow_ups=[] if is_joined else danger.follow_up_words(events),
    )


def _may_see(photo: Photo, is_joined: bool) -> bool:
    return not (is_joined and photo.kind == PhotoKind.REPORT)


def _steps(
    events: Sequence[Event], photos: dict[int, list[Photo]], now: dt.datetime, *, is_joined: bool
) -> list[PublicStep]:
    """Return the steps of the events; several visits in a row without text are one step.

    The text of the latest answer is left out: the page shows it in full above the steps.
    """
    steps: list[PublicStep] = []
    names = _task_organisations(events)
    newer_verb, is_answered = "", False
    for event in events:
        is_answer = event.verb == Verb.RESOLVE
        text = "" if is_answer and not is_answered else _text(event, is_joined)
        is_answered = is_answered or is_answer
        step_photos = [] if is_answer else _public_photos(photos.get(event.pk, ()))
        label = _label(event, is_joined, names)
        is_repeat = event.verb == newer_verb == Verb.VISIT and not (text or step_photos)
        newer_verb = event.verb
        if is_repeat or not _is_shown(event, text, step_photos):
            continue
        state = "problem" if event.verb in PROBLEM_VERBS else "done" if steps else "current"
        when = durations.time_since(event.at, now)
        steps.append(PublicStep(label, _when(when), text, state, event.version, step_photos))
    return steps


def _when(moment: durations.InstantText) -> str:
    return _("%(at)s（%(ago)s）") % {"at": moment.absolute, "ago": moment.relative}


def _is_shown(event: Event, text: str, photos: list[PublicPhoto]) -> bool:
    if event.verb in HIDDEN_VERBS:
        return False
    if event.verb == Verb.NOTE:
        return bool(text)
    if event.verb == Verb.OVERDUE:  # that a task was not acknowledged in time is internal
        return bool(event.data.get("kind") == DeadlineKind.CONCLUDE)
    return event.verb != Verb.PHOTO or bool(photos)


def _text(event: Event, is_joined: bool) -> str:
    """Return the public note of an event, and the date that an answer set.

    With `is_joined` no word of the petitioner, whoever recorded it.
    """
    moved = moved_deadlines.sentence(event) if event.verb in MOVES_DEADLINES else ""
    note = getattr(event, "note", None)
    if note is None or not note.is_public:
        return moved
    if is_joined and (event.actor == Actor.PETITIONER or event.verb in WORDS_OF_PETITIONER):
        return moved
    cause = _("原因：%(cause)s") % {"cause": note.cause} if note.cause else ""
    return "\n".join(line for line in (str(note.body), cause, moved) if line)


def _public_photos(photos: Iterable[Photo]) -> list[PublicPhoto]:
    return [
        PublicPhoto(
            url=reverse("petitions:track_photo", args=[photo.uuid]),
            thumb=reverse("petitions:track_thumb", args=[photo.uuid]),
            alt=str(PhotoKind(photo.kind).label),
        )
        for photo in photos
    ]


def _contact_reveals(events: Iterable[Event], now: dt.datetime) -> list[ContactReveal]:
    return [
        ContactReveal(
            when=durations.absolute(event.at, now),
            organisation=(event.acting_for or event.organisation).name,
            reason=_text(event, is_joined=False),
        )
        for event in events
        if event.verb == Verb.REVEAL
    ]


def _task_organisations(events: Iterable[Event]) -> dict[int, str]:
    """Return the short names of the organisations of tasks, by id; from the cache."""
    ids = {event.data.get(key) for event in events for key in TASK_KEYS} - {None}
    return {pk: row.short_name for pk, row in register_rows.organisations(ids).items()}


def _label(event: Event, is_joined: bool, names: Mapping[int, str]) -> str:
    verb = Verb(event.verb)
    spec = SPEC_OF[verb]
    label_of = LABELS_BY_EVENT.get(verb)
    supervisor = involvement.supervisor(event)
    default = spec.resident_text or spec.event_label
    label = label_of(event, is_joined) if label_of else str(default)
    if verb in ASKED_BY_STAFF and event.actor != Actor.PETITIONER:
        label = _("%(author)s记录：%(words)s") % {"author": "%(author)s", "words": label}
    return label % {
        "who": event.organisation.short_name,
        "author": (event.acting_for or event.organisation).short_name,
        "holder": event.holder.short_name if event.holder else "",
        "above": supervisor.short_name if supervisor else "",
        "doer": names.get(event.data.get("doer") or event.data.get("department") or 0, ""),
        "orderer": names.get(event.data.get("orderer") or 0, ""),
        "due": _due(event),
    }


def _due(event: Event) -> str:
    """Return the deadline that an event set, in words."""
    due_at = event.data.get("due_at")
    return durations.absolute(dt.datetime.fromisoformat(due_at), event.at) if due_at else ""


def _dispatched(event: Event, _is_joined: bool) -> str:
    if event.holder_id and event.holder_id != event.organisation_id:
        return _("%(author)s已交给%(holder)s办理")
    return _("%(author)s已派人办理")


def _confirmed(event: Event, is_joined: bool) -> str:
    if event.data.get("said") == Solved.ACCEPTED:
        return _("反映人接受了说明") if is_joined else _("您接受了说明")
    return _("反映人确认已解决") if is_joined else _("您确认已解决")


def _disputed(event: Event, is_joined: bool) -> str:
    if event.data.get("said") == Solved.REFUSED:
        return _refused(event, is_joined)
    if is_joined:
        return _("反映人表示还没有解决，重新办理")
    return (
        _("您表示只解决了一部分，重新办理")
        if event.data.get("partly")
        else _("您表示没有解决，重新办理")
    )


def _refused(event: Event, is_joined: bool) -> str:
    """Say that the explanation was not accepted, and who looks at the case now."""
    if event.data.get("to"):
        if is_joined:
            return _("反映人不接受说明，已请%(above)s再看")
        return _("您不接受说明，已请%(above)s再看")
    return _("反映人不接受说明，重新办理") if is_joined else _("您不接受说明，重新办理")


def _withdrawn(event: Event, is_joined: bool) -> str:
    if event.actor == Actor.PETITIONER:
        return _("反映人已撤回") if is_joined else str(SPEC_OF[Verb.WITHDRAW].resident_text)
    return _("反映人要求撤回") if is_joined else _("您要求撤回")


def _reopened(event: Event, _is_joined: bool) -> str:
    if event.actor == Actor.PETITIONER:
        return str(SPEC_OF[Verb.REOPEN].resident_text)
    return _("%(author)s要求重新办理")


def _closed(event: Event, _is_joined: bool) -> str:
    if event.actor == Actor.CLOCK:
        return _("到期没有收到回复，自动结案")
    return _("%(author)s回访后结案")


def _escalated(event: Event, _is_joined: bool) -> str:
    if event.data.get("deadline") == DeadlineKind.ARBITRATION:
        return _("正在由%(holder)s核对由谁负责")
    if event.data.get("top"):
        return _("已超过时限，继续督促办理")
    if event.actor == Actor.CLOCK:
        return _("超过时限，已上报%(above)s")
    return _("%(author)s已请%(above)s协助")


def _reassigned(event: Event, _is_joined: bool) -> str:
    return _("已确定仍由%(who)s负责") if event.data.get("kept") else _("改由%(who)s负责")


def _answered(event: Event, _is_joined: bool) -> str:
    if event.data.get("kind") != AnswerKind.DEPARTMENT:
        return str(SPEC_OF[Verb.ANSWER].resident_text)
    if event.data.get("due_at"):
        return _("已请%(doer)s去办，最晚%(due)s答复")
    return _("已请%(doer)s去办")


def _concluded(event: Event, _is_joined: bool) -> str:
    if event.data.get("outcome") == TaskState.DONE:
        return _("%(doer)s已办好")
    return _("%(doer)s说暂时办不了，%(who)s继续办理")


LABELS_BY_EVENT = {
    Verb.ANSWER: _answered,
    Verb.CONCLUDE: _concluded,
    Verb.REASSIGN: _reassigned,
    Verb.DISPATCH: _dispatched,
    Verb.CONFIRM: _confirmed,
    Verb.DISPUTE: _disputed,
    Verb.CLOSE: _closed,
    Verb.WITHDRAW: _withdrawn,
    Verb.REOPEN: _reopened,
    Verb.ESCALATE: _escalated,
}
