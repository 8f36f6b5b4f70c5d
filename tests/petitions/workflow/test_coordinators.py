"""Coordinators decide only for organisations below them, and never after one above them."""

from __future__ import annotations

from typing import Any

import pytest

from members.enums import Role
from members.models import User
from petitions import permissions
from petitions.enums import Status, Verb
from petitions.models import Petition
from petitions.workflow import handling, rerouting
from petitions.workflow.transitions import NotPermitted
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.returned_cases import NOON, case_of, decide, expire, give_post, may, returned
from tests.support.verb_cases import latest_event, url_of

DECISIONS = (Verb.ACCEPT, Verb.DECLINE, Verb.REDIRECT, Verb.REASSIGN, Verb.ESCALATE)
REASON: dict[str, Any] = {"now": NOON, "reason": "说明"}


def _taken_over(stage: Stage) -> Petition:
    """Return a case of a building that the subdistrict has taken over from the branch."""
    petition = case_of(stage, "branch")
    return decide(stage, petition, "fuxin", by="official")


@pytest.mark.parametrize("verb", DECISIONS)
@pytest.mark.parametrize("who", ["clerk", "community"])
def test_nobody_below_the_responsible_organisation_decides(
    stage: Stage, who: str, verb: Verb
) -> None:
    petition = _taken_over(stage)
    decision = may(verb, petition, stage.cast[who])
    assert (decision.code, decision.is_wrong_person) == ("wrong_actor", True)
    assert "阜新街道党工委" in decision.reason
    assert url_of(petition, verb) not in _offered(stage, who, petition)


def _offered(stage: Stage, who: str, petition: Petition) -> str:
    page = login(stage, who).get(petition.get_absolute_url()).content.decode()
    return "".join(part for part in page.split('"') if part.startswith("/petitions/"))


def test_page_and_api_refuse_to_decline_for_a_superior(stage: Stage) -> None:
    petition = _taken_over(stage)
    sent = {"version": petition.version, "reason": "不是我们的事", "way": "hotline"}
    assert login(stage, "clerk").post(url_of(petition, Verb.DECLINE), sent).status_code == 403
    answer = Program(stage.cast["clerk"]).act(
        petition.pk, "decline", {"reason": "不是我们的事"}, version=petition.version
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_actor")
    with pytest.raises(NotPermitted):
        rerouting.reassign(
            petition=petition,
            by=stage.cast["clerk"],
            organisation=stage.town.orgs["branch"],
            **REASON,
        )
    petition.refresh_from_db()
    assert (petition.status, petition.organisation.short_name) == ("submitted", "阜新街道党工委")


@pytest.mark.parametrize("verb", [Verb.NOTE, Verb.WITHDRAW, Verb.REVEAL])
def test_other_verbs_of_the_desk_stay(stage: Stage, verb: Verb) -> None:
    assert may(verb, _taken_over(stage), stage.cast["community"])


def test_coordinators_above_decide(stage: Stage) -> None:
    petition = case_of(stage, "branch")
    for who in ("clerk", "community", "official"):
        for verb in (Verb.ACCEPT, Verb.DECLINE, Verb.REDIRECT, Verb.REASSIGN, Verb.ESCALATE):
            assert may(verb, petition, stage.cast[who]), (who, verb)


def test_staff_of_the_responsible_organisation_decides(stage: Stage) -> None:
    """Staff of a subdistrict is no handler of its cases, but coordinates them."""
    give_post(stage, "clerk", Role.STAFF, "fuxin")
    petition = _taken_over(stage)
    assert may(Verb.ACCEPT, petition, stage.cast["clerk"])
    clerk = User.objects.get(pk=stage.cast["clerk"].pk)
    petition = handling.accept(petition=petition, by=clerk, now=NOON)
    event = latest_event(petition)
    assert (event.actor, event.acting_for) == ("coordinator", stage.town.orgs["fuxin"])


@pytest.mark.parametrize(
    ("who", "code"), [("clerk", "wrong_actor"), ("community", "wrong_actor"), ("official", "")]
)
def test_nobody_below_the_arbiter_ends_a_case_that_it_decided(
    stage: Stage, who: str, code: str
) -> None:
    """The community did not decide in time; the subdistrict left the case with the branch."""
    petition = returned(stage, "branch")
    now = expire(petition)
    petition = decide(stage, petition, "branch", by="official", now=now)
    for verb in (Verb.DECLINE, Verb.REDIRECT):
        assert may(verb, petition, stage.cast[who]).code == code
    assert may(Verb.ACCEPT, petition, stage.cast[who])


@pytest.mark.parametrize("verb", [Verb.DECLINE, Verb.REDIRECT])
@pytest.mark.parametrize(("body", "who"), [("branch", "secretary"), ("yingbin", "clerk")])
def test_the_handler_does_not_end_what_an_arbiter_gave_it_for_good(
    stage: Stage, body: str, who: str, verb: Verb
) -> None:
    """It may not return the case again; ending it would be the stronger verb."""
    by = {"branch": "clerk", "yingbin": "official"}[body]
    petition = decide(stage, returned(stage, body), body, by=by)
    assert may(verb, petition, stage.cast[who]).code == "final_route"
    assert may(Verb.ACCEPT, petition, stage.cast[who])
    assert may(verb, petition, stage.cast["official"])


@pytest.mark.parametrize("verb", DECISIONS)
def test_a_community_does_not_decide_for_a_branch_of_another_one(stage: Stage, verb: Verb) -> None:
    """The subdistrict gave a case of its area to a branch elsewhere."""
    petition = decide(stage, case_of(stage, "branch"), "other", by="official")
    assert may(verb, petition, stage.cast["clerk"]).code == "wrong_actor"
    assert may(verb, petition, stage.cast["official"])


def test_the_arbiter_itself_may_end_a_case_that_it_decided(stage: Stage) -> None:
    petition = decide(stage, returned(stage, "branch"), "branch")
    assert may(Verb.DECLINE, petition, stage.cast["clerk"])


def test_a_returned_case_is_decided_by_the_arbiter(stage: Stage) -> None:
    petition = returned(stage, "branch")
    assert petition.status == Status.RETURNED
    assert permissions.may(Verb.REASSIGN, petition, stage.cast["clerk"])
    assert "由迎宾路社区党委决定" in may(Verb.REASSIGN, petition, stage.cast["official"]).reason
