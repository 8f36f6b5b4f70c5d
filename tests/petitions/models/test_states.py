"""Status × verb × actor: allowed exactly where the table says, for everybody of the cast."""

from __future__ import annotations

import itertools

import pytest

from petitions import permissions, states
from petitions.actors import SYSTEM, By, actors_of
from petitions.enums import STATUSES, Actor, Status, Verb
from petitions.models import LegalTransition, Petition
from petitions.refusals import MAX_RETURNS
from tests.support.cast import Stage

A = Actor

# What each of the cast is to a case of building 46 that its branch answers for.
RELATIONS: dict[str, set[Actor]] = {
    "clerk": {A.COORDINATOR},
    "secretary": {A.HANDLER},
    "deputy": {A.HANDLER},
    "leader": set(),
    "member": set(),
    "community": {A.COORDINATOR},
    "official": {A.COORDINATOR},
    "city": set(),
    "department": set(),
    "outsider": set(),
    "sibling": set(),
    "partner": {A.PARTNER},
    "auditor": set(),
    "sysadmin": set(),
    "secadmin": set(),
}


def _expected(verb: Verb, status: Status, held: set[Actor]) -> bool:
    """Read the table the plain way: some row of the verb has this source and one of the actors."""
    return any(
        move.verb == verb and status in move.sources and held & set(move.actors_in(status))
        for move in states.VERB_RULES
    )


def _by(stage: Stage, petition: Petition, name: str) -> By:
    if name == "petitioner":
        return stage.petitioner(petition)
    return SYSTEM if name == "clock" else stage.cast[name]


# Refusals that come from a rule of the verb itself, not from the table.
GUARDED = {
    (Verb.WITHDRAW, "owes_answer"),
    (Verb.ANSWER, "nothing_to_answer"),
    (Verb.REOPEN, "wrong_state"),
    (Verb.CONFIRM, "own_work"),
    (Verb.DISPUTE, "own_work"),
}


@pytest.mark.parametrize("status", STATUSES)
def test_every_verb_is_open_exactly_where_the_table_says(stage: Stage, status: Status) -> None:
    petition = Petition.objects.select_related("contact").get(pk=stage.at(status).pk)
    everybody = {**RELATIONS, "petitioner": {A.PETITIONER}, "clock": {A.CLOCK}}
    if petition.assigned_group_id:
        everybody["leader"] = {A.ASSIGNEE}
    if status == Status.RETURNED:
        everybody |= {name: {A.COORDINATOR, A.ARBITER} for name in ("clerk", "community")}
    wrong = []
    for (name, held), verb in itertools.product(everybody.items(), Verb):
        if verb == Verb.FILE:
            continue
        verdict = permissions.may(verb, petition, _by(stage, petition, name))
        if verdict.ok != _expected(verb, status, held) and (verb, verdict.code) not in GUARDED:
            wrong.append((name, verb, verdict))
    assert wrong == []


def test_everybody_is_to_the_case_what_their_post_makes_them(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    found = {name: set(actors_of(user, petition)) for name, user in stage.cast.items()}
    assert found == RELATIONS


def test_supervisor_department_and_group_join_by_what_happened(stage: Stage) -> None:
    petition = stage.at(Status.ASSIGNED)
    petition.supervisor = stage.town.orgs["fuxin"]
    petition.doer_ids = [stage.town.orgs["water"].pk]
    assert A.SUPERVISOR in actors_of(stage.cast["official"], petition)
    assert A.DEPARTMENT in actors_of(stage.cast["department"], petition)
    assert actors_of(stage.cast["leader"], petition) == {A.ASSIGNEE}


def test_nobody_has_a_part_in_their_own_cause(stage: Stage) -> None:
    """A case about the branch goes to the community; the branch and its groups have no relation."""
    petition = stage.file(about=stage.town.orgs["branch"]).petition
    assert petition.organisation == stage.town.orgs["yingbin"]
    for name in ("secretary", "deputy", "leader", "member"):
        assert actors_of(stage.cast[name], petition) == frozenset()
    assert A.HANDLER in actors_of(stage.cast["community"], petition)


def test_a_planned_verb_is_closed_to_everybody(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    petition.supervisor = stage.town.orgs["fuxin"]
    assert not permissions.may(Verb.SUSPEND, petition, stage.cast["official"])


def test_every_status_can_be_reached_and_left_or_is_final() -> None:
    reached = {target for _verb, _source, target in states.legal_transitions()}
    left = {
        source
        for _verb, source, target in states.legal_transitions()
        if source and source != target
    }
    assert reached == set(Status)
    assert set(Status) - left <= set(states.FINAL)


def test_database_knows_the_same_steps(db: None) -> None:
    rows = set(LegalTransition.objects.values_list("verb", "from_status", "to_status"))
    assert rows == {(str(a), str(b), str(c)) for a, b, c in states.legal_transitions()}


def test_reason_is_given_for_each_verb_that_is_ones_own_but_closed(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    reasons = dict(permissions.refused_verbs(petition, stage.cast["secretary"]))
    assert Verb.RESOLVE in reasons
    assert "待居民确认" in reasons[Verb.RESOLVE]


def test_return_is_open_twice_and_not_after_a_final_route(stage: Stage) -> None:
    petition = stage.at(Status.SUBMITTED)
    secretary = stage.cast["secretary"]
    petition.returns = MAX_RETURNS
    assert permissions.may(Verb.RETURN, petition, secretary).code == "too_many_returns"
    petition.returns, petition.is_route_final = 1, True
    assert permissions.may(Verb.RETURN, petition, secretary).code == "final_route"


def test_confidential_contact_opens_for_the_desk_only(stage: Stage) -> None:
    reach = stage.report().contact
    hidden = type(reach)(name=reach.name, phone=reach.phone, is_confidential=True)
    petition = stage.file(contact=hidden).petition
    petition = Petition.objects.select_related("contact").get(pk=petition.pk)
    assert permissions.may(Verb.REVEAL, petition, stage.cast["secretary"]).code == "confidential"
    assert permissions.may(Verb.REVEAL, petition, stage.cast["clerk"])


def test_may_file_follows_the_area_of_the_post(stage: Stage) -> None:
    path = stage.town.building.path
    allowed = {name for name, user in stage.cast.items() if permissions.may_file(user, path)}
    assert allowed == {
        *("clerk", "secretary", "deputy", "leader", "community", "official", "city", "partner")
    }
