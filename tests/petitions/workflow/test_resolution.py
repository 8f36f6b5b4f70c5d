"""The answer and what the resident makes of it: confirm, dispute, rate, reopen, silence, doors."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from petitions.enums import DeadlineKind, DoorResult, Outcome, Status, Verb
from petitions.models import Contact, Deadline, DoorVisit, Event, Feedback, Petition
from petitions.workflow import contact, escalation, handling, rerouting, resolution
from petitions.workflow.transitions import NotPermitted, StaleVersion, WrongState
from tests.support.cast import Stage

NOW = timezone.now()


def _fresh(petition: Petition) -> Petition:
    return Petition.objects.get(pk=petition.pk)


def test_resolving_stops_the_handlers_clock_and_asks_the_resident(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    assert petition.due_at is None
    open_kinds = Deadline.objects.open().filter(petition=petition).values_list("kind", flat=True)
    assert list(open_kinds) == [DeadlineKind.CONFIRMATION]
    assert petition.resolution_level == "grid"


def test_yes_closes_at_grid_level(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    resolution.confirm(petition=petition, by=stage.petitioner(petition), now=NOW, rating=5)
    petition = _fresh(petition)
    assert (petition.status, petition.closed_by) == (Status.CLOSED, "confirmed")
    assert petition.resolution_level == "grid"
    assert Feedback.objects.get().rating == 5


def test_first_no_reopens_by_itself_second_also_climbs(stage: Stage) -> None:
    petition = stage.at(Status.REOPENED)
    assert petition.disputes == 1
    assert not petition.is_answer_owed
    resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=NOW,
        outcome="resolved",  # type: ignore[arg-type]
        cause="",
        public_answer="又修了一次",
    )
    resolution.dispute(petition=petition, by=stage.petitioner(petition), now=NOW)
    petition = _fresh(petition)
    assert petition.status == Status.REOPENED
    assert petition.is_answer_owed
    assert petition.supervisor == stage.town.orgs["yingbin"]


def test_one_answer_per_round(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    resident = stage.petitioner(petition)
    resolution.rate(petition=petition, by=resident, now=NOW, rating=4)
    with pytest.raises(WrongState, match="评价过"):
        resolution.rate(petition=petition, by=resident, now=NOW, rating=1)
    resolution.confirm(petition=petition, by=resident, now=NOW)
    assert Feedback.objects.get().rating == 4


def test_call_back_is_made_by_somebody_other_than_the_handler(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    with pytest.raises(NotPermitted):
        resolution.confirm(petition=petition, by=stage.cast["secretary"], now=NOW)
    resolution.confirm(petition=petition, by=stage.cast["clerk"], now=NOW)
    assert _fresh(petition).closed_by == "follow_up"
    assert Feedback.objects.get().is_by_phone


@pytest.mark.parametrize(("days", "is_open"), [(1, True), (30, False)])
def test_reopening_window_runs_from_resolved_at(stage: Stage, days: int, is_open: bool) -> None:
    petition = stage.at(Status.CLOSED)
    later = NOW + dt.timedelta(days=days)
    resident = stage.petitioner(petition)
    if is_open:
        resolution.reopen(petition=petition, by=resident, now=later, reason="又浑了")
        assert _fresh(petition).status == Status.REOPENED
    else:
        with pytest.raises(WrongState, match="期限已过"):
            resolution.reopen(petition=petition, by=resident, now=later, reason="又浑了")


def test_a_decision_makes_an_open_form_stale(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    seen = petition.version
    secretary = stage.cast["secretary"]
    escalation.escalate(petition=petition, by=secretary, now=NOW, reason="难")
    with pytest.raises(StaleVersion) as refusal:
        handling.start(petition=petition, by=secretary, now=NOW, expected_version=seen)
    assert refusal.value.version == seen + 1
    handling.note(petition=petition, by=secretary, now=NOW, body="好的")


def test_a_note_does_not_make_an_open_form_stale(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    seen = petition.version
    handling.note(petition=petition, by=stage.cast["clerk"], now=NOW, body="已电话联系")
    handling.start(petition=petition, by=stage.cast["secretary"], now=NOW, expected_version=seen)
    assert _fresh(petition).status == Status.IN_PROGRESS


def test_a_visit_that_starts_the_work_makes_an_open_form_stale(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    seen = petition.version
    secretary = stage.cast["secretary"]
    doors = {(1, 1, 1): DoorResult.AFFECTED}
    handling.visit(
        petition=petition, by=secretary, now=NOW, building=stage.town.building, results=doors
    )
    with pytest.raises(StaleVersion):
        handling.dispatch(
            petition=petition,
            by=secretary,
            now=NOW,
            users=[stage.cast["member"]],
            expected_version=seen,
        )


def test_a_version_that_does_not_exist_yet_is_stale(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    with pytest.raises(StaleVersion):
        handling.start(
            petition=petition,
            by=stage.cast["secretary"],
            now=NOW,
            expected_version=petition.version + 1,
        )


def test_refused_step_leaves_no_trace(stage: Stage) -> None:
    petition = stage.at(Status.SUBMITTED)
    with pytest.raises(WrongState):
        handling.start(petition=petition, by=stage.cast["secretary"], now=NOW)
    assert _fresh(petition).version == 1
    assert Event.objects.filter(petition=petition).count() == 1


def test_doors_are_counted_replaced_and_erased_with_the_case(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    secretary, building = stage.cast["secretary"], stage.town.building
    first = {(1, 1, 1): DoorResult.NO_ANSWER, (1, 1, 2): DoorResult.AFFECTED}
    handling.visit(petition=petition, by=secretary, now=NOW, building=building, results=first)
    again = {(1, 1, 1): DoorResult.AFFECTED}
    handling.visit(petition=petition, by=secretary, now=NOW, building=building, results=again)
    assert list(DoorVisit.objects.values_list("result", flat=True)) == ["affected", "affected"]
    resolution.withdraw(petition=petition, by=stage.petitioner(petition), now=NOW)
    assert not DoorVisit.objects.exists()
    event = Event.objects.get(petition=petition, verb=Verb.WITHDRAW)
    assert event.data["doors"] == {"affected": 2}


@pytest.mark.parametrize("door", [(5, 1, 1), (1, 7, 1), (1, 1, 3), (0, 1, 1)])
def test_only_doors_the_building_has(stage: Stage, door: tuple[int, int, int]) -> None:
    petition = stage.at(Status.ACCEPTED)
    with pytest.raises(WrongState, match="没有这个门"):
        handling.visit(
            petition=petition,
            by=stage.cast["secretary"],
            now=NOW,
            building=stage.town.building,
            results={door: DoorResult.AFFECTED},
        )


def test_dispatch_stays_inside_the_own_organisation(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    secretary = stage.cast["secretary"]
    with pytest.raises(WrongState, match="本支部"):
        handling.dispatch(petition=petition, by=secretary, now=NOW, group=stage.town.orgs["other"])
    with pytest.raises(WrongState, match="本组织"):
        handling.dispatch(petition=petition, by=secretary, now=NOW, users=[stage.cast["outsider"]])
    handling.dispatch(petition=petition, by=secretary, now=NOW, users=[stage.cast["member"]])
    assert Petition.objects.visible_to(stage.cast["member"]).get() == petition


def test_return_then_reassign_is_final(stage: Stage) -> None:
    petition = stage.at(Status.RETURNED)
    rerouting.reassign(
        petition=petition,
        by=stage.cast["community"],
        now=NOW,
        organisation=stage.town.orgs["fuxin"],
        reason="由街道办理",
    )
    petition = _fresh(petition)
    assert (petition.status, petition.is_route_final) == (Status.SUBMITTED, True)
    assert petition.route_text == "送 阜新街道党工委：由 迎宾路社区党委 改派。"
    assert petition.organisation == stage.town.orgs["fuxin"]
    assert Petition.objects.visible_to(stage.cast["official"]).get() == petition
    with pytest.raises(WrongState, match="终局"):
        rerouting.return_(petition=petition, by=stage.cast["official"], now=NOW, reason="也不归我")


def test_organisation_complained_about_never_becomes_the_handler(stage: Stage) -> None:
    petition = stage.file(about=stage.town.orgs["branch"]).petition
    with pytest.raises(WrongState, match="被反映"):
        rerouting.reassign(
            petition=petition,
            by=stage.cast["official"],
            now=NOW,
            organisation=stage.town.orgs["branch"],
            reason="",
        )


def test_reveal_needs_a_reason_kept_for_the_resident(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    reach = contact.reveal(
        petition=petition, by=stage.cast["secretary"], now=NOW, reason="约时间上门"
    )
    assert reach.phone == "19000001234"
    note = petition.notes.get(event__verb=Verb.REVEAL)
    assert (note.body, note.is_public) == ("约时间上门", True)
    assert reach.phone[:7] not in str(note.event.data)


@pytest.mark.parametrize(("days", "is_kept"), [(179, True), (181, False)])
def test_contact_is_forgotten_180_days_after_the_end(
    stage: Stage, days: int, is_kept: bool
) -> None:
    ended = stage.at(Status.CLOSED)
    running = stage.at(Status.ACCEPTED)
    contact.delete_expired(now=timezone.now() + dt.timedelta(days=days))
    assert Contact.objects.filter(petition=ended).exists() is is_kept
    assert Contact.objects.filter(petition=running).exists()


@pytest.mark.parametrize(("days", "is_kept"), [(179, True), (181, False)])
def test_a_reveal_after_the_end_does_not_keep_the_contact(
    stage: Stage, days: int, is_kept: bool
) -> None:
    ended = stage.at(Status.CLOSED)
    later = timezone.now() + dt.timedelta(days=100)
    contact.reveal(petition=ended, by=stage.cast["secretary"], now=later, reason="回访情况")
    contact.delete_expired(now=timezone.now() + dt.timedelta(days=days))
    assert Contact.objects.filter(petition=ended).exists() is is_kept


def test_a_case_that_ends_a_second_time_keeps_its_contact_from_then(stage: Stage) -> None:
    petition = stage.at(Status.CLOSED)
    later = timezone.now() + dt.timedelta(days=2)
    petition = resolution.reopen(
        petition=petition, by=stage.cast["clerk"], now=later, reason="又浑了"
    )
    contact.delete_expired(now=timezone.now() + dt.timedelta(days=181))
    assert Contact.objects.filter(petition=petition).exists()


def test_earlier_answers_stay_in_the_story(stage: Stage) -> None:
    petition = stage.at(Status.REOPENED)
    resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=NOW,
        outcome=Outcome.RESOLVED,
        cause="",
        public_answer="第二次的答复",
    )
    answers = petition.notes.filter(event__verb=Verb.RESOLVE).order_by("id")
    assert [note.body for note in answers] == ["已更换楼内铁管，水已变清。", "第二次的答复"]


def test_reassigning_stays_in_the_own_line(stage: Stage) -> None:
    """Whatever door it comes by: a community's desk cannot give a case to its neighbour."""
    petition = stage.at(Status.RETURNED)
    other = stage.town.orgs["other"]
    with pytest.raises(WrongState):
        rerouting.reassign(
            petition=petition, by=stage.cast["clerk"], now=NOW, organisation=other, reason="给隔壁"
        )
    assert _fresh(petition).status == Status.RETURNED
