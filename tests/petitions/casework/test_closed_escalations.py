"""A page closes what the workflow would refuse only after the form was sent."""

from __future__ import annotations

import pytest

from members.enums import Role
from members.models import User
from petitions import permissions
from petitions.casework import case_detail
from petitions.casework.actions import Actions, actions
from petitions.enums import CaseLevel, DeadlineKind, Status, Verb
from petitions.models import Category, Petition
from petitions.refusals import OWN_REQUEST
from petitions.verbs.table import SPEC_OF
from petitions.workflow import escalation, handling
from petitions.workflow.transitions import WorkflowError
from tests.support.cast import Stage
from tests.support.clients import counted, login
from tests.support.returned_cases import NOON, case_of, expire, give_post
from tests.support.verb_cases import escalated, post, url_of

AT_THE_TOP = "已在市级，不能再升级。"


def _asked_above(stage: Stage) -> Petition:
    """Return a case that the community escalated; the asking member has a post above as well."""
    petition = handling.accept(petition=case_of(stage, "branch"), by=stage.cast["deputy"], now=NOON)
    now = expire(petition, DeadlineKind.RESOLUTION)
    petition = escalation.escalate(
        petition=petition, by=stage.cast["clerk"], now=now, reason="要支援"
    )
    give_post(stage, "community", Role.SUBDISTRICT_OFFICIAL, "fuxin", is_deputy=True)
    stage.cast["community"] = User.objects.get(pk=stage.cast["community"].pk)
    return petition


def _buttons(petition: Petition, user: User) -> tuple[Actions, dict[str, str]]:
    """Return the buttons of the case page, and the closed verbs with their reasons."""
    found = actions(petition, user, list(petition.escalations.all()))
    return found, {button.label: button.reason for button in found.closed}


def _open_labels(found: Actions) -> list[str]:
    return [button.label for button in (*found.primary, *found.more)]


def test_an_answer_is_closed_for_who_asked_for_it(stage: Stage) -> None:
    petition = _asked_above(stage)
    label = SPEC_OF[Verb.ANSWER].label_on(petition)
    asking, other = stage.cast["community"], stage.cast["official"]
    assert permissions.may(Verb.ANSWER, petition, asking)  # the columns of the case do not tell
    found, closed = _buttons(petition, asking)
    assert label not in _open_labels(found)
    assert closed[label] == str(OWN_REQUEST)
    found, closed = _buttons(petition, other)
    assert label in _open_labels(found)
    assert label not in closed


def test_the_form_of_an_own_request_does_not_open(stage: Stage) -> None:
    petition = _asked_above(stage)
    url = url_of(petition, Verb.ANSWER)
    refused = login(stage, "community").get(url)
    assert refused.status_code == 403
    assert str(OWN_REQUEST) in refused.content.decode()
    assert login(stage, "official").get(url).status_code == 200


def test_a_typed_answer_to_an_own_request_is_shown(stage: Stage) -> None:
    petition = _asked_above(stage)
    data = {"version": petition.version, "kind": "overrule", "text": "请照办"}
    response = login(stage, "community").post(url_of(petition, Verb.ANSWER), data)
    assert response.status_code == 403
    assert " readonly>请照办</textarea>" in response.content.decode()
    assert str(OWN_REQUEST) in response.content.decode()


@pytest.mark.parametrize("name", ["community", "official", "city"])
def test_page_and_workflow_decide_alike_on_an_answer(stage: Stage, name: str) -> None:
    petition, user = _asked_above(stage), stage.cast[name]
    offered = bool(permissions.may(Verb.ANSWER, petition, user)) and bool(
        escalation.may(Verb.ANSWER, petition, user)
    )
    answer = {"kind": "overrule", "text": "请照办"}
    try:
        escalation.answer(petition=petition, by=user, now=NOON, **answer)  # type: ignore[arg-type]
    except WorkflowError:
        assert not offered
    else:
        assert offered


def test_the_newest_waiting_escalation_counts_among_those_loaded(stage: Stage) -> None:
    petition = _asked_above(stage)
    rows = list(petition.escalations.all())
    for user in (stage.cast["community"], stage.cast["official"]):
        for order in (rows, rows[::-1]):
            assert escalation.may(Verb.ANSWER, petition, user, order) == escalation.may(
                Verb.ANSWER, petition, user
            )


def test_only_an_answer_costs_a_query(stage: Stage) -> None:
    petition = escalated(stage)
    with counted() as asked:
        for verb in Verb:
            escalation.may(verb, petition, stage.cast["community"])
    assert len([sql for sql in asked if not sql.startswith("EXECUTE posts")]) == 1


def _at_the_top(stage: Stage) -> Petition:
    petition = stage.file(category=Category.objects.get(code="GV04")).petition
    assert petition.level == CaseLevel.CITY
    return handling.accept(petition=petition, by=stage.cast["city"], now=NOON)


def test_at_the_top_nothing_can_be_escalated(stage: Stage) -> None:
    petition = _at_the_top(stage)
    label = SPEC_OF[Verb.ESCALATE].label_on(petition)
    found, closed = _buttons(petition, stage.cast["city"])
    assert label not in _open_labels(found)
    assert closed[label] == AT_THE_TOP
    assert AT_THE_TOP in login(stage, "city").get(petition.get_absolute_url()).content.decode()
    opened = login(stage, "city").get(url_of(petition, Verb.ESCALATE))
    assert opened.status_code == 409
    assert AT_THE_TOP in opened.content.decode()


def test_below_the_top_it_can(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    label = SPEC_OF[Verb.ESCALATE].label_on(petition)
    found, _closed = _buttons(petition, stage.cast["secretary"])
    assert label in _open_labels(found)
    data = {"version": petition.version, "reason": "需要资金"}
    assert post(stage, petition, Verb.ESCALATE, data).status_code == 302


def test_the_case_page_uses_the_escalations_that_it_has_loaded(stage: Stage) -> None:
    petition = escalated(stage)
    loaded = case_detail.with_details().get(pk=petition.pk)
    detail = case_detail.load(loaded, stage.cast["community"], NOON)
    with counted() as asked:
        actions(loaded, stage.cast["community"], detail.escalations)
    assert not [sql for sql in asked if "petitions_escalation" in sql]


def test_the_api_does_not_list_the_verb_either(stage: Stage) -> None:
    petition = _asked_above(stage)
    url = f"/api/v1/petitions/{petition.pk}/"
    for name, is_listed in [("community", False), ("official", True)]:
        verbs = login(stage, name).get(url).json()["verbs"]
        assert (str(Verb.ANSWER) in verbs) is is_listed
