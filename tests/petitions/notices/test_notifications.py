"""Who hears of which event, in which words, and how often."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from members.inbox.wording import message
from members.models import Delivery, InboxMessage, Post
from members.workflow import end_post
from petitions.enums import VERBS, AnswerKind, DeadlineKind, Outcome, Status, Verb
from petitions.models import Deadline, Event, Outbox, Petition, ResidentMessage
from petitions.notices import notification_rules, outbox
from petitions.rules.contacts import ContactDetails
from petitions.workflow import contact, deadline_sweep, escalation, handling, rerouting, resolution
from tests.support.cast import PHONE, Stage

NOW = timezone.now()
HOUR = dt.timedelta(hours=1)
Case = Petition
Act = Callable[[Stage, Petition], object]
Heard = set[tuple[str, str]]


def _last(petition: Petition) -> Event:
    return Event.objects.filter(petition=petition).latest("version")


def _heard(event: Event) -> Heard:
    """Announce one event and return who was told what."""
    assert outbox.publish([event.pk])
    told = InboxMessage.objects.filter(key__startswith=f"event:{event.pk}:").select_related("user")
    return {(message.kind, message.user.username) for message in told}


def _resolve(s: Stage, p: Petition, by: str = "secretary") -> Petition:
    return resolution.resolve(
        petition=p,
        by=s.cast[by],
        now=NOW,
        outcome=Outcome.RESOLVED,
        cause="",
        public_answer="已更换楼内铁管。",
    )


def _escalated(s: Stage, p: Petition) -> Petition:
    return escalation.escalate(petition=p, by=s.cast["secretary"], now=NOW, reason="要换主管")


def _answer(s: Stage, p: Petition, kind: AnswerKind) -> object:
    given = {"department": s.town.orgs["water"]} if kind == AnswerKind.DEPARTMENT else {}
    p = _escalated(s, p)
    return escalation.answer(
        petition=p,
        by=s.cast["community"],
        now=NOW,
        kind=kind,
        text="同意",
        **given,  # type: ignore[arg-type]
    )


def _dispute(s: Stage, p: Petition) -> Petition:
    return resolution.dispute(petition=p, by=s.petitioner(p), now=NOW, reason="还是浑")


# Filed at the desk by "clerk"; the status the case stands in before; the act; who hears of it.
ACTS: list[tuple[str, Status, Act, Heard]] = [
    (
        "accept",
        Status.SUBMITTED,
        lambda s, p: handling.accept(petition=p, by=s.cast["secretary"], now=NOW),
        {("note", "clerk")},
    ),
    (
        "decline",
        Status.SUBMITTED,
        lambda s, p: handling.decline(petition=p, by=s.cast["secretary"], now=NOW, reason="无"),
        {("closed", "clerk")},
    ),
    (
        "redirect",
        Status.ACCEPTED,
        lambda s, p: handling.redirect(petition=p, by=s.cast["secretary"], now=NOW, reason="诉讼"),
        {("closed", "clerk")},
    ),
    (
        "decline by a coordinator",
        Status.SUBMITTED,
        lambda s, p: handling.decline(petition=p, by=s.cast["community"], now=NOW, reason="无"),
        {("closed", "clerk"), ("closed", "secretary")},
    ),
    (
        "redirect by a coordinator",
        Status.ACCEPTED,
        lambda s, p: handling.redirect(petition=p, by=s.cast["community"], now=NOW, reason="诉讼"),
        {("closed", "clerk"), ("closed", "secretary")},
    ),
    (
        "dispatch to a group",
        Status.ACCEPTED,
        lambda s, p: handling.dispatch(
            petition=p, by=s.cast["secretary"], now=NOW, group=s.town.orgs["group"]
        ),
        {("assigned", "leader")},
    ),
    (
        "dispatch to a person",
        Status.ACCEPTED,
        lambda s, p: handling.dispatch(
            petition=p, by=s.cast["secretary"], now=NOW, users=[s.cast["member"]]
        ),
        {("assigned", "member")},
    ),
    (
        "dispatch to both, each once",
        Status.ACCEPTED,
        lambda s, p: handling.dispatch(
            petition=p,
            by=s.cast["secretary"],
            now=NOW,
            group=s.town.orgs["group"],
            users=[s.cast["leader"], s.cast["member"]],
        ),
        {("assigned", "leader"), ("assigned", "member")},
    ),
    (
        "start",
        Status.ACCEPTED,
        lambda s, p: handling.start(petition=p, by=s.cast["secretary"], now=NOW),
        set(),
    ),
    (
        "note by the desk",
        Status.ACCEPTED,
        lambda s, p: handling.note(petition=p, by=s.cast["clerk"], now=NOW, body="来过"),
        {("note", "secretary")},
    ),
    (
        "note by the handler",
        Status.ACCEPTED,
        lambda s, p: handling.note(petition=p, by=s.cast["secretary"], now=NOW, body="来过"),
        set(),
    ),
    (
        "return",
        Status.SUBMITTED,
        lambda s, p: rerouting.return_(petition=p, by=s.cast["secretary"], now=NOW, reason="非我"),
        {("returned", "community"), ("returned", "clerk")},
    ),
    (
        "reassign",
        Status.RETURNED,
        lambda s, p: rerouting.reassign(
            petition=p, by=s.cast["clerk"], now=NOW, organisation=s.town.orgs["yingbin"], reason="x"
        ),
        {("to_accept", "community")},
    ),
    (
        "escalate by hand",
        Status.IN_PROGRESS,
        _escalated,
        {("escalated", "community")},
    ),
    (
        "answer with resources",
        Status.IN_PROGRESS,
        lambda s, p: _answer(s, p, AnswerKind.RESOURCES),
        {("answered", "secretary")},
    ),
    (
        "order a department",
        Status.IN_PROGRESS,
        lambda s, p: _answer(s, p, AnswerKind.DEPARTMENT),
        {("answered", "secretary"), ("assigned", "department")},
    ),
    ("resolve", Status.IN_PROGRESS, _resolve, {("resolved", "clerk")}),
    ("dispute", Status.RESOLVED, _dispute, {("reopened", "secretary")}),
    (
        "dispute again",
        Status.REOPENED,
        lambda s, p: _dispute(s, _resolve(s, p)),
        {("reopened", "secretary"), ("escalated", "community")},
    ),
    (
        "confirm",
        Status.RESOLVED,
        lambda s, p: resolution.confirm(petition=p, by=s.petitioner(p), now=NOW),
        {("closed", "secretary"), ("closed", "clerk")},
    ),
    (
        "close by the desk that filed it",
        Status.RESOLVED,
        lambda s, p: resolution.close(petition=p, by=s.cast["clerk"], now=NOW, reason="已回访"),
        {("closed", "secretary")},
    ),
    (
        "rate",
        Status.RESOLVED,
        lambda s, p: resolution.rate(petition=p, by=s.petitioner(p), now=NOW, rating=5),
        set(),
    ),
    (
        "reopen",
        Status.CLOSED,
        lambda s, p: resolution.reopen(petition=p, by=s.cast["clerk"], now=NOW, reason="又浑了"),
        {("reopened", "secretary")},
    ),
    (
        "withdraw",
        Status.ACCEPTED,
        lambda s, p: resolution.withdraw(petition=p, by=s.petitioner(p), now=NOW),
        {("closed", "secretary")},
    ),
    (
        "reveal",
        Status.ACCEPTED,
        lambda s, p: contact.reveal(petition=p, by=s.cast["clerk"], now=NOW, reason="回访"),
        set(),
    ),
]


@pytest.mark.parametrize(
    ("status", "act", "heard"), [row[1:] for row in ACTS], ids=[r[0] for r in ACTS]
)
def test_who_hears_what(stage: Stage, status: Status, act: Act, heard: Heard) -> None:
    petition = stage.at(status)
    Petition.objects.filter(pk=petition.pk).update(filed_by=stage.cast["clerk"])
    act(stage, Petition.objects.get(pk=petition.pk))
    assert _heard(_last(petition)) == heard


def test_every_verb_is_tried_here_or_silent() -> None:
    silent = {Verb.START, Verb.VISIT, Verb.PHOTO, Verb.RATE, Verb.REVEAL, Verb.ACKNOWLEDGE}
    assert set(notification_rules.RULES) == set(VERBS) - silent


@pytest.mark.parametrize(
    ("by", "heard"),
    [
        (None, {("to_accept", "secretary")}),
        ("clerk", {("to_accept", "secretary")}),
        ("secretary", set()),
    ],
)
def test_filing_tells_the_holder_and_nobody_of_the_own_act(
    stage: Stage, by: str | None, heard: Heard
) -> None:
    assert _heard(_last(stage.file(by=by).petition)) == heard


def test_deputy_hears_while_the_post_is_vacant(stage: Stage) -> None:
    post = Post.objects.get(user=stage.cast["secretary"])
    end_post(post=post, on=timezone.localdate() - dt.timedelta(days=1), by=None)
    assert _heard(_last(stage.file().petition)) == {("to_accept", "deputy")}


def test_accusation_and_own_cause_never_reach_those_they_are_about(stage: Stage) -> None:
    about = stage.file(about=stage.town.orgs["branch"]).petition
    heard = {name for _kind, name in _heard(_last(about))}
    assert heard == {"community"}


def test_passed_limit_tells_the_handler_and_whoever_must_answer(stage: Stage) -> None:
    petition = stage.file().petition
    deadline = Deadline.objects.open().get(petition=petition, kind=DeadlineKind.CONTACT)
    deadline_sweep.expire(deadline_id=deadline.pk, now=deadline.due_at + HOUR)
    assert _heard(_last(petition)) == {("overdue", "secretary"), ("escalated", "community")}


def test_vacant_post_on_the_way_up_is_reported_to_whoever_got_it_instead(stage: Stage) -> None:
    post = Post.objects.get(user=stage.cast["community"])
    end_post(post=post, on=timezone.localdate() - dt.timedelta(days=1), by=None)
    petition = stage.at(Status.IN_PROGRESS)
    _escalated(stage, petition)
    assert _heard(_last(petition)) == {("escalated", "official"), ("data_quality", "official")}


def test_at_the_top_the_city_and_the_handler_hear_it_is_overdue(stage: Stage) -> None:
    petition = stage.file().petition
    for kind in (DeadlineKind.CONTACT, *[DeadlineKind.ANSWER] * 3):
        row = Deadline.objects.open().get(petition=petition, kind=kind)
        deadline_sweep.expire(deadline_id=row.pk, now=row.due_at + HOUR)
    assert _heard(_last(petition)) == {("overdue", "city"), ("overdue", "secretary")}


@pytest.mark.parametrize(
    ("kind", "heard"),
    [
        (DeadlineKind.CONTACT, {("reminder", "secretary")}),
        (DeadlineKind.RESOLUTION, {("reminder", "secretary")}),
        (DeadlineKind.ANSWER, {("reminder", "community")}),
        (DeadlineKind.CONFIRMATION, set()),
    ],
)
def test_reminder_goes_to_whoever_owes_it(stage: Stage, kind: DeadlineKind, heard: Heard) -> None:
    petition = stage.at(Status.RESOLVED if kind == DeadlineKind.CONFIRMATION else Status.SUBMITTED)
    if kind == DeadlineKind.ANSWER:
        _escalated(stage, petition)
    row = Deadline.objects.open().get(petition=petition, kind=kind)
    assert deadline_sweep.remind(deadline_id=row.pk, now=row.remind_at)
    assert _heard(_last(petition)) == heard


# --- Once, and with nothing personal ----------------------------------------------------------


def test_announced_twice_is_told_once(stage: Stage) -> None:
    event = _last(stage.file(by="clerk").petition)
    assert outbox.publish([event.pk])
    first = list(InboxMessage.objects.values_list("pk", "key"))
    ways = Delivery.objects.count()
    assert not outbox.publish([event.pk])
    # A worker killed before its commit, or a row set back by hand: the keys still hold.
    Outbox.objects.filter(event=event).update(done_at=None)
    assert outbox.publish([event.pk])
    assert list(InboxMessage.objects.values_list("pk", "key")) == first
    assert Delivery.objects.count() == ways
    assert ResidentMessage.objects.count() <= 1


def test_titles_links_and_letters_hold_nothing_personal(stage: Stage) -> None:
    secret = ("示例居民", "19000001234", "1234", PHONE, "发浑", "还是浑", "换主管", "楼内铁管")
    petition = stage.at(Status.REOPENED, contact=ContactDetails(name="示例居民", phone=PHONE))
    _escalated(stage, petition)
    for event in Event.objects.filter(petition=petition):
        outbox.publish([event.pk])
    words = [f"{row.title} {row.url} {row.key}" for row in InboxMessage.objects.all()]
    for row in Delivery.objects.select_related("message", "user"):
        words += [str(message(row, NOW + dt.timedelta(days=9))), row.key]
    for owed in ResidentMessage.objects.select_related("event", "petition"):
        words.append(notification_rules.text_for_resident(owed.petition, Verb(owed.event.verb)))
    assert len(words) > 4
    assert petition.number in " ".join(words)
    assert [one for one in words if any(part in one for part in secret)] == []


def test_longest_name_of_a_place_still_fits(stage: Stage) -> None:
    place = stage.town.building
    place.full_name = "长" * 200
    place.save(update_fields=["full_name"])
    petition = stage.file(place=place).petition
    assert _heard(_last(petition)) == {("to_accept", "secretary")}
    assert petition.number in InboxMessage.objects.get().title


def test_urgent_is_shown_at_once_the_rest_waits_for_the_office(stage: Stage) -> None:
    urgent = stage.file(urgency="urgent").petition
    normal = stage.file(urgency="normal").petition
    for petition in (urgent, normal):
        outbox.publish([_last(petition).pk])
    rows = {row.url: row for row in InboxMessage.objects.all()}
    first, second = rows[urgent.get_absolute_url()], rows[normal.get_absolute_url()]
    assert first.is_urgent
    assert first.show_from == first.created_at
    assert not second.is_urgent
    assert second.show_from >= second.created_at


# --- The resident -----------------------------------------------------------------------------


def test_resident_is_owed_a_text_about_steps_that_matter(stage: Stage) -> None:
    petition = stage.at(Status.REOPENED)
    for event in Event.objects.filter(petition=petition):
        outbox.publish([event.pk])
    owed = ResidentMessage.objects.values_list("event__verb", flat=True).order_by("event")
    assert list(owed) == ["accept", "resolve", "dispute"]


def test_without_a_contact_nothing_is_owed(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, contact=ContactDetails())
    for event in Event.objects.filter(petition=petition):
        outbox.publish([event.pk])
    assert not ResidentMessage.objects.exists()


@pytest.mark.parametrize("verb", sorted(notification_rules.TO_RESIDENT))
def test_text_for_the_resident_names_the_number_only(stage: Stage, verb: Verb) -> None:
    petition = stage.file().petition
    text = notification_rules.text_for_resident(petition, verb)
    assert petition.number in text
    assert petition.place_name not in text
    assert len(text) <= 70  # one text message
