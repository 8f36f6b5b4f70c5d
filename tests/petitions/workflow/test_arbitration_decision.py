"""The decision on a returned case, and what happens while there is none."""

from __future__ import annotations

import pytest

from petitions.actors import actors_of
from petitions.casework import timeline as staff_timeline
from petitions.enums import Actor, DeadlineKind, DeadlineState, Status, Verb
from petitions.models import Deadline, Petition
from petitions.ops import integrity
from petitions.tracking import timeline as public_timeline
from petitions.workflow import deadline_sweep, handling, rerouting, resolution
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.returned_cases import (
    MINUTE,
    NOON,
    arbitration_deadline,
    case_of,
    decide,
    expire,
    may,
    notified,
    returned,
)
from tests.support.verb_cases import url_of

# --- The decision -----------------------------------------------------------------------------


def test_a_decision_settles_the_deadline_and_is_final(stage: Stage) -> None:
    petition = decide(stage, returned(stage), "yingbin")
    row = Deadline.objects.get(petition=petition, kind=DeadlineKind.ARBITRATION)
    assert (row.state, row.settled_at) == (DeadlineState.MET, NOON)
    assert (petition.status, petition.is_route_final) == (Status.SUBMITTED, True)
    event = petition.events.latest("version")
    assert (event.actor, event.data["final"]) == (Actor.ARBITER, True)
    assert may(Verb.RETURN, petition, stage.cast["clerk"]).code == "final_route"


def test_a_return_can_be_refused(stage: Stage) -> None:
    petition = decide(stage, returned(stage), "branch")
    branch = stage.town.orgs["branch"]
    assert (petition.organisation, petition.is_route_final) == (branch, True)
    assert may(Verb.RETURN, petition, stage.cast["secretary"]).code == "final_route"
    assert handling.accept(petition=petition, by=stage.cast["secretary"], now=NOON)
    history = staff_timeline.load_history(petition)
    titles = [entry.title for entry in staff_timeline.staff_timeline(history, NOON)]
    assert "退单不成立，仍由 第三网格党支部 办理" in titles
    steps = [step.label for step in public_timeline.public_history(petition, NOON).steps]
    assert "已确定仍由第三网格党支部负责" in steps


def test_the_page_offers_the_returner_too(stage: Stage) -> None:
    petition, branch = returned(stage), stage.town.orgs["branch"]
    client = login(stage, "clerk")
    page = client.get(url_of(petition, Verb.REASSIGN))
    assert f'<option value="{branch.pk}"' in page.content.decode()
    data = {"version": petition.version, "organisation": branch.pk, "reason": "属于本网格"}
    assert client.post(url_of(petition, Verb.REASSIGN), data).status_code == 302
    petition.refresh_from_db()
    assert petition.status == Status.SUBMITTED
    other = stage.file().petition
    page = client.get(url_of(other, Verb.REASSIGN))
    assert f'<option value="{branch.pk}"' not in page.content.decode()


def test_a_final_decision_stays_final(stage: Stage) -> None:
    """The community must handle it: it can pass it on neither itself nor through a post above."""
    petition = decide(stage, returned(stage, "yingbin"), "yingbin", by="official")
    for name in ("clerk", "community"):
        assert not may(Verb.REASSIGN, petition, stage.cast[name])
    petition = decide(stage, petition, "branch", by="official")
    assert petition.is_route_final
    for name in ("clerk", "community"):
        decision = may(Verb.REASSIGN, petition, stage.cast[name])
        assert (decision.ok, decision.code) == (False, "not_arbiter")
    assert may(Verb.RETURN, petition, stage.cast["secretary"]).code == "final_route"


def test_an_organisation_that_takes_over_supervises_itself_no_more(stage: Stage) -> None:
    petition = case_of(stage, "branch")
    at = expire(petition, DeadlineKind.CONTACT)
    assert petition.is_answer_owed
    petition = rerouting.return_(
        petition=petition, by=stage.cast["secretary"], now=at, reason="不归我管"
    )
    petition = decide(stage, petition, "yingbin", now=at)
    assert (petition.supervisor, petition.is_answer_owed) == (None, False)
    answers = Deadline.objects.filter(petition=petition, kind=DeadlineKind.ANSWER)
    assert not answers.owed().exists()
    assert Actor.SUPERVISOR not in actors_of(stage.cast["community"], petition)


def test_withdrawing_settles_the_deadline(stage: Stage) -> None:
    petition = returned(stage)
    resolution.withdraw(petition=petition, by=stage.petitioner(petition), now=NOON)
    assert not Deadline.objects.owed().filter(petition=petition).exists()


# --- Time passes ------------------------------------------------------------------------------


def test_an_undecided_return_climbs_and_is_never_dropped(stage: Stage) -> None:
    petition = returned(stage)
    contact = Deadline.objects.get(petition=petition, kind=DeadlineKind.CONTACT)
    above = petition.supervisor, petition.level
    for before, after, head in (("yingbin", "fuxin", "official"), ("fuxin", "city", "city")):
        at = expire(petition)
        assert petition.arbiter == stage.town.orgs[after]
        assert arbitration_deadline(petition).started_at == at
        assert arbitration_deadline(petition).organisation == stage.town.orgs[after]
        event = petition.events.latest("version")
        assert (event.verb, event.actor, event.holder) == (
            Verb.ESCALATE,
            Actor.CLOCK,
            stage.town.orgs[after],
        )
        late = {"yingbin": "community", "fuxin": "official"}[before]
        assert notified(event) == {("returned", head), ("overdue", late)}
        assert not may(Verb.REASSIGN, petition, stage.cast[late])
        assert may(Verb.REASSIGN, petition, stage.cast[head])
    expire(petition)
    assert petition.arbiter == stage.town.orgs["city"]
    assert arbitration_deadline(petition).state == DeadlineState.FIRED
    event = petition.events.latest("version")
    assert event.data["top"]
    assert notified(event) == {("overdue", "city")}
    assert (petition.supervisor, petition.level) == above
    assert (petition.status, contact.pk) == (Status.RETURNED, contact.pk)
    decide(stage, petition, "yingbin", by="city")


def test_the_timelines_name_the_next_arbiter(stage: Stage) -> None:
    petition = returned(stage)
    at = expire(petition)
    history = staff_timeline.load_history(petition)
    entry = staff_timeline.staff_timeline(history, at)[-1]
    assert entry.title == "退单改由 阜新街道党工委 裁定"
    assert "裁定退单" in entry.text
    assert "由 迎宾路社区党委 裁定。" in staff_timeline.staff_timeline(history, at)[-2].text
    step = public_timeline.public_history(petition, at).steps[0]
    assert step.label == "正在由阜新街道党工委核对由谁负责"
    bars = {row.label: row.minutes for row in staff_timeline.holding_times(history, at, None)}
    assert bars["第三网格党支部"] == 60
    assert bars["迎宾路社区党委"] == (at - NOON) // MINUTE


@pytest.mark.parametrize("kind", [DeadlineKind.ARBITRATION, DeadlineKind.RESOLUTION])
def test_the_arbiter_is_reminded(stage: Stage, kind: DeadlineKind) -> None:
    """Also of what the responsible organisation owed the resident, and cannot do any more."""
    petition = returned(stage)
    row = Deadline.objects.open().get(petition=petition, kind=kind)
    assert deadline_sweep.remind(deadline_id=row.pk, now=row.remind_at + MINUTE)
    event = petition.events.latest("version")
    assert event.verb == Verb.REMIND
    assert notified(event) == {("reminder", "community")}


def test_an_overdue_promise_is_told_to_the_arbiter(stage: Stage) -> None:
    petition = returned(stage)
    expire(petition, DeadlineKind.CONTACT)
    event = petition.events.latest("version")
    assert ("overdue", "community") in notified(event)
    assert not any(name == "secretary" for _kind, name in notified(event))
    assert petition.arbiter == stage.town.orgs["yingbin"]


def test_return_without_deadline_is_found(stage: Stage) -> None:
    petition = returned(stage)
    assert integrity.check(NOON, with_photos=False)["return_without_limit"] == 0
    Deadline.objects.filter(petition=petition, kind=DeadlineKind.ARBITRATION).delete()
    assert integrity.check(NOON, with_photos=False)["return_without_limit"] == 1


def test_replay_agrees_with_a_returned_case(stage: Stage) -> None:
    petition = returned(stage)
    expire(petition)
    assert integrity.replay(petition) == integrity.ReplayedState.from_row(petition)


# --- Cases of earlier releases ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("returner", "deciding"),
    [("branch", {"clerk", "community", "official"}), ("yingbin", {"official"})],
)
def test_a_case_returned_before_there_were_arbiters_is_decided_above(
    stage: Stage, returner: str, deciding: set[str]
) -> None:
    petition = returned(stage, returner)
    Petition.objects.filter(pk=petition.pk).update(arbiter=None, returned_by=None)
    Deadline.objects.filter(petition=petition, kind=DeadlineKind.ARBITRATION).delete()
    petition.refresh_from_db()
    found = {name for name, user in stage.cast.items() if may(Verb.REASSIGN, petition, user).ok}
    assert found == deciding
    assert petition.holder_id == petition.organisation_id
    assert integrity.check(NOON, with_photos=False)["return_without_limit"] == 0
    by = "official" if returner == "yingbin" else "community"
    assert decide(stage, petition, "yingbin", by=by).is_route_final
