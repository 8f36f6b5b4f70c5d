"""One step of a case: lock, check, change, event, outbox, wake — in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Model, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from config.lib.db import multi_insert
from config.lib.domain_errors import DomainError
from members.models import User
from petitions import permissions, tasks
from petitions.enums import HANDLER_DEADLINES, Actor, DeadlineKind, DeadlineState, Status, Verb
from petitions.models import Deadline, Escalation, Event, Note, Petition, Photo
from petitions.permissions import By
from petitions.rules import service_terms
from petitions.rules.photos import StoredPhoto
from petitions.rules.service_terms import DeadlinePlan, ServiceTerms
from petitions.states import RULE_OF


class WorkflowError(DomainError):
    """A verb was refused; `code` is the reason for programs, `message` the one for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotPermitted(WorkflowError):
    """The wrong person (403)."""

    status = HTTPStatus.FORBIDDEN


class WrongState(WorkflowError):
    """The wrong moment (409)."""


class StaleVersion(WrongState):
    """Somebody changed the case since the form was opened (409); `version` is the current one."""

    def __init__(self, version: int) -> None:
        super().__init__("stale", _("其他人刚刚更新了这条诉求，请核对后再提交。"))
        self.version = version


class Transition:
    """One change under way: the locked case, the actor, and what will be written with it."""

    def __init__(
        self, petition: Petition, verb: Verb, by: By, actor: Actor, now: dt.datetime
    ) -> None:
        self.petition = petition
        self.verb = verb
        self._is_new = petition.version == 0
        self.by = by
        self.actor = actor
        self.now = now
        self.data: dict[str, Any] = {}
        self.event: Event | None = None
        self.raised: Escalation | None = None
        self._from: str = petition.status if petition.version else ""
        self._note: tuple[str, str, bool] | None = None
        self._photos: list[StoredPhoto] = []
        self._photo_kind = ""
        self._photos_public = False
        self.ended: dict[DeadlineState, set[str]] = {}
        self.started: list[Deadline] = []
        to = RULE_OF[verb].to
        if to is not None:
            petition.status = to

    @property
    def user(self) -> User | None:
        """The person acting, none for the resident and the clock."""
        return self.by if isinstance(self.by, User) else None

    @property
    def terms(self) -> ServiceTerms:
        """The service terms of the case's place and urgency."""
        return service_terms.for_petition(self.petition)

    def is_from(self, status: Status) -> bool:
        """Tell whether the step starts from `status`."""
        return self._from == status

    def add_note(self, body: str, *, is_public: bool, cause: str = "") -> None:
        """Add words to the event: for the resident if `is_public`, otherwise internal."""
        if body.strip():
            self._note = (body.strip(), cause.strip(), is_public)

    def add_photos(self, photos: Sequence[StoredPhoto], *, kind: str, is_public: bool) -> None:
        """Add stored photos to the event; one that a case has already, by a second press, not."""
        wanted = {photo.name: photo for photo in photos}
        if wanted:
            for name in Photo.objects.filter(name__in=wanted).values_list("name", flat=True):
                del wanted[name]
        self._photos, self._photo_kind = list(wanted.values()), kind
        self._photos_public = is_public

    def stop_deadlines(self, state: DeadlineState, *kinds: DeadlineKind) -> None:
        """End the open limits of these kinds as met or cancelled."""
        self.ended.setdefault(state, set()).update(kinds)

    def start_deadline(
        self,
        kind: DeadlineKind,
        *,
        organisation_id: int | None,
        is_redo: bool = False,
        amount: dt.timedelta | None = None,
    ) -> DeadlinePlan:
        """Begin a limit now; returns it, so that the answer can name it."""
        plan = self.terms.plan(kind, start=self.now, is_redo=is_redo, amount=amount)
        self.started.append(plan.row(self.petition, organisation_id))
        return plan

    def finish(self) -> Event:
        """Write limits, case, event, words and photos; wake the announcer on commit.

        The event's row in the outbox is written by the database itself.
        """
        petition = self.petition
        petition.version += 1
        self._write_deadlines()
        petition.save()
        self._insert_deadlines()
        if self.raised:
            self.raised.save()
        self.event = self.event_row()
        self.event.save()
        return self._finished()

    def finish_new(self, beside: Callable[[Petition], Sequence[Model]]) -> Event:
        """Write a new case, whose id is drawn already, in one round trip with its rows `beside`."""
        petition = self.petition
        petition.version = 1
        self._write_deadlines()
        for row in self.started:
            row.petition_id = petition.pk
        self.event = self.event_row()
        multi_insert.multi_insert(petition, *self.started, *beside(petition), self.event)
        return self._finished()

    def _finished(self) -> Event:
        petition, event = self.petition, self.event
        assert event is not None
        if self._note:
            body, cause, is_public = self._note
            Note.objects.create(
                petition=petition, event=event, body=body, cause=cause, is_public=is_public
            )
        self._write_photos(event)
        transaction.on_commit(lambda: tasks.notify_workers([event.pk]))
        return event

    def _write_deadlines(self) -> None:
        """End limits and work out when the next one of the handling side is due.

        Asks nothing where no limit of the handling side is touched; `due_at` empty means none is
        owed.
        """
        gone = set().union(*self.ended.values())
        if gone and self.petition.pk is not None:
            close_deadlines([self.petition.pk], self.ended, self.now)
        timed = set(HANDLER_DEADLINES)
        if not timed & (gone | {row.kind for row in self.started}):
            return
        owed = [row for row in self.started if row.kind in timed]
        if self.petition.due_at is not None and not timed <= gone:
            owed += Deadline.objects.owed().filter(petition=self.petition, kind__in=timed)
        first = min(owed, key=lambda row: row.due_at, default=None)
        self.petition.due_at = first.due_at if first else None
        self.petition.soon_at = first.remind_at if first else None
        self.petition.is_due_provisional = bool(first and first.is_provisional)

    def _insert_deadlines(self) -> None:
        for row in self.started:
            row.petition_id = self.petition.pk
        if self.started:
            Deadline.objects.bulk_create(self.started)

    def event_row(self) -> Event:
        """Return the unsaved event: the state after the step, and the escalation it raised."""
        petition = self.petition
        if self.raised:
            self.data["escalation"] = self.raised.pk
        return Event(
            petition=petition,
            version=petition.version,
            verb=self.verb,
            actor=self.actor,
            user=self.user,
            acting_for_id=permissions.acting_for(self.by, petition, self.actor),
            from_status=self._from,
            to_status=petition.status,
            organisation_id=petition.organisation_id,
            holder_id=petition.holder_id,
            supervisor_id=petition.supervisor_id,
            level=petition.level,
            at=self.now,
            data=self.data,
        )

    def _write_photos(self, event: Event) -> None:
        if not self._photos:
            return
        Photo.objects.bulk_create(
            Photo(
                petition=self.petition,
                event=event,
                kind=self._photo_kind,
                name=stored.name,
                sha256=stored.sha256,
                size=stored.size,
                width=stored.width,
                height=stored.height,
                is_public=self._photos_public,
            )
            for stored in self._photos
        )


def close_deadlines(
    petition_ids: Sequence[int], ended: Mapping[DeadlineState, set[str]], now: dt.datetime
) -> None:
    """End each limit of these kinds that these cases still owe: as met, cancelled or fired."""
    ends = [
        When(state=DeadlineState.OPEN, kind__in=kinds, then=Value(state))
        for state, kinds in ended.items()
    ]
    gone = set().union(*ended.values())
    Deadline.objects.owed().filter(petition__in=petition_ids, kind__in=gone).update(
        state=Case(*ends, default=F("state")),
        ended_at=Coalesce(F("ended_at"), Value(now)),
        settled_at=now,
    )


def check_allowed(verb: Verb, petition: Petition, by: By) -> Actor:
    """Return what `by` acts as, or refuse: wrong person, or wrong moment."""
    verdict = permissions.may(verb, petition, by)
    if verdict and verdict.actor is not None:
        return verdict.actor
    if verdict.code == "wrong_actor":
        raise NotPermitted(verdict.code, verdict.reason)
    raise WrongState(verdict.code, verdict.reason)


@contextmanager
def transition(
    petition: Petition, verb: Verb, *, by: By, now: dt.datetime, expected_version: int | None = None
) -> Iterator[Transition]:
    """Lock the case, check the verb, let the body change it, then write everything at once.

    `expected_version` is the version the actor saw; a newer one refuses a verb that decides.
    """
    with transaction.atomic():
        locked = (
            Petition.objects.select_for_update(of=("self",))
            .select_related("contact", "place", "group")
            .get(pk=petition.pk)
        )
        if (
            expected_version is not None
            and RULE_OF[verb].checks_version
            and locked.version != expected_version
        ):
            raise StaleVersion(locked.version)
        actor = check_allowed(verb, locked, by)
        under_way = Transition(locked, verb, by, actor, now)
        yield under_way
        under_way.finish()
