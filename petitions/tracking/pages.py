"""The pages on which a resident follows a case: the code, then the case with its promise on top."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import clock
from petitions import permissions
from petitions.enums import Outcome, PhotoKind, Status, Verb
from petitions.models import Feedback, Petition, Photo
from petitions.permissions import Petitioner
from petitions.rules import catalogue, contacts, promises, rate_limits, service_terms
from petitions.rules.contacts import ContactDetails
from petitions.tracking import timeline, tracking_lookup
from petitions.tracking.forms import (
    ContactCorrectionForm,
    FeedbackForm,
    RatingForm,
    ResidentReopenForm,
    TrackForm,
)
from petitions.tracking.tracking_lookup import TrackedCase
from petitions.web import rate_limiting
from petitions.web.photo_responses import photo_response
from petitions.web.rate_limiting import rate_limited
from petitions.web.session_keys import RECEIPT

SESSION = "track"
OPEN_FOR = dt.timedelta(minutes=30)
STATES = {"waiting": "soon", "done": "met"}  # of a promise, as the promise line knows them


@dataclass(frozen=True, slots=True)
class TrackedSession:
    """A case opened by its code in this browser, and whether by somebody who only joined it."""

    petition: Petition
    is_joined: bool

    @property
    def by(self) -> Petitioner:
        """The resident as the one who acts; whoever only joined is nobody to the case."""
        return Petitioner(0 if self.is_joined else self.petition.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited
def track(request: HttpRequest) -> HttpResponse:
    """Ask for the code; a wrong code and wrong digits get the same answer, and are counted."""
    form = TrackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = _try(request, form.cleaned_data["code"], form.cleaned_data["digits"])
        if found is not None:
            remember(request, found)
            return redirect("petitions:track_case")
        form.add_error(None, _("没有找到。请核对查询码和电话后四位，没有留电话的后四位不用填。"))
    return render(request, "petitions/tracking/enter_code.html", {"form": form})


def _try(request: HttpRequest, code: str, digits: str) -> TrackedCase | None:
    """Look a code up; only what was wrong is counted, and what is right is never refused."""
    now = clock.now()
    found = tracking_lookup.find(code, digits, now)
    if found is None:
        rate_limiting.hit(rate_limits.TRACK, request, now)
    return found


def remember(request: HttpRequest, found: TrackedCase) -> None:
    """Open a case in this browser for half an hour."""
    until = (clock.now() + OPEN_FOR).isoformat()
    request.session[SESSION] = [found.petition_id, found.is_joined, until]


def requires_tracking(
    view: Callable[..., HttpResponse], *, by_joined: bool = False
) -> Callable[..., HttpResponse]:
    """Let a page open for the case this browser follows; otherwise ask for the code again."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        following = _tracked_session(request)
        if following is None or (following.is_joined and not by_joined):
            messages.info(request, _("请输入查询码，再继续。"))
            return redirect("petitions:track")
        return view(request, following, *args, **kwargs)

    return never_cache(guarded)


def _tracked_session(request: HttpRequest) -> TrackedSession | None:
    kept = request.session.get(SESSION)
    if not kept or dt.datetime.fromisoformat(kept[2]) < clock.now():
        return None
    cases = Petition.objects.with_parts().select_related("contact", "category__parent")
    petition = cases.filter(pk=kept[0]).first()
    return TrackedSession(petition, kept[1]) if petition else None


def _case(request: HttpRequest, following: TrackedSession) -> HttpResponse:
    return show(request, following)


case = require_safe(requires_tracking(_case, by_joined=True))


def show(
    request: HttpRequest, following: TrackedSession, *, status: int = 200, **changed: Any
) -> HttpResponse:
    """Render the case page; `changed` are a form that came back, or a `problem` to say on top."""
    now, petition = clock.now(), following.petition
    promise = promises.promise(petition, now, petition.deadlines.owed())
    story = timeline.public_history(petition, now, is_joined=following.is_joined)
    context: dict[str, Any] = {
        "petition": petition,
        "is_joined": following.is_joined,
        "category": catalogue.full_label(petition.category),
        "status_label": Status(petition.status).label,
        "promise": promise,
        "promise_state": STATES.get(promise.state, promise.state),
        "due_in": promise.due.relative if promise.due else "",
        "story": story,
        "outcome": Outcome(petition.outcome).label if petition.outcome else "",
        "version": petition.version,
        "problem": "",
        "news": (),
    }
    if not following.is_joined:
        context |= _own(petition, now)
    context |= changed
    return render(request, "petitions/tracking/case.html", context, status=status)


def _own(petition: Petition, now: dt.datetime) -> dict[str, Any]:
    """What only the petitioner may do and see: forms for the verbs open now, and the contact."""
    by, version = Petitioner(petition.pk), {"version": petition.version}
    given = Feedback.objects.filter(petition=petition, round=petition.round).first()
    return {
        "may_confirm": bool(permissions.may(Verb.CONFIRM, petition, by)),
        "may_rate": bool(permissions.may(Verb.RATE, petition, by))
        and (given is None or given.rating is None),
        "may_reopen": _may_reopen(petition, by, now),
        "may_withdraw": bool(permissions.may(Verb.WITHDRAW, petition, by)),
        "verdict_form": FeedbackForm(initial=version),
        "rating_form": RatingForm(),
        "reopen_form": ResidentReopenForm(initial=version),
        "contact_form": ContactCorrectionForm(),
        "contact": _masked(petition),
    }


def _may_reopen(petition: Petition, by: Petitioner, now: dt.datetime) -> bool:
    if not permissions.may(Verb.REOPEN, petition, by) or petition.resolved_at is None:
        return False
    return service_terms.for_petition(petition).may_reopen(petition.resolved_at, now)


def _masked(petition: Petition) -> dict[str, Any] | None:
    """Return the petitioner's own contact, masked: enough to recognise it, not to learn it."""
    row = getattr(petition, "contact", None)
    if row is None:
        return None
    try:
        found = contacts.decrypt(petition.uuid, bytes(row.cipher), row.key_id)
    except contacts.DecryptionFailed:
        found = ContactDetails(
            phone="****", name="*"
        )  # the page still opens; correcting it mends it
    return {
        "phone": f"***{found.last4}" if found.last4 else "",
        "name": f"{found.name[:1]}**" if found.name else "",
        "is_confidential": row.is_confidential,
    }


def since(petition: Petition, version: int, now: dt.datetime) -> list[str]:
    """Say what happened to a case after the version a resident had before the eyes."""
    newer = timeline.public_history(petition, now).steps
    count = max(0, petition.version - version)
    return [f"{step.when} {step.label}" for step in newer[:count]]


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Close the case in this browser, for a telephone or counter shared with others.

    The receipt goes with it: it shows the code to whoever takes the telephone next.
    """
    for kept in (SESSION, RECEIPT):
        request.session.pop(kept, None)
    return redirect("petitions:track")


def _picture(request: HttpRequest, uuid: UUID, *, is_thumb: bool) -> HttpResponse:
    """Send a public photo of the case this browser follows; any other does not exist."""
    following = _tracked_session(request)
    photos = Photo.objects.none()
    if following is not None:
        photos = Photo.objects.filter(petition=following.petition, is_public=True)
    if following is not None and following.is_joined:
        photos = photos.exclude(kind=PhotoKind.REPORT)
    return photo_response(get_object_or_404(photos, uuid=uuid).name, is_thumb=is_thumb)


@require_safe
def photo(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show a photo in full size."""
    return _picture(request, uuid, is_thumb=False)


@require_safe
def thumb(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show a photo small."""
    return _picture(request, uuid, is_thumb=True)
