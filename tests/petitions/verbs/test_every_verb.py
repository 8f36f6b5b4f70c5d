"""The questions every verb is asked by its page; the answers are in tests/support/verb_cases.py."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import replace

import pytest
from django.utils import timezone

from petitions.enums import Verb
from petitions.models import Petition
from petitions.notices import notification_rules
from petitions.states import RULE_OF
from petitions.verbs.spec import PageKind, VerbSpec
from petitions.verbs.table import SPEC_OF, VERB_SPECS
from petitions.workflow import handling
from tests.support.cast import Stage
from tests.support.clients import BUDGET, counted, login
from tests.support.verb_cases import (
    CASE_OF,
    VERB_CASES,
    VerbCase,
    latest_event,
    perform,
    post,
    url_of,
)

every_verb = pytest.mark.parametrize("case", VERB_CASES, ids=lambda case: str(case.verb))


def test_every_verb_with_a_function_has_an_entry() -> None:
    assert set(CASE_OF) == {spec.verb for spec in VERB_SPECS if spec.function}


def unprotected_buttons(specs: Iterable[VerbSpec]) -> list[str]:
    """Verbs that a bare POST performs at once although no version is checked."""
    return [
        spec.verb
        for spec in specs
        if (spec.page == PageKind.BUTTON or spec.resident_button)
        and not RULE_OF[spec.verb].checks_version
    ]


def unexpected_version_arguments(specs: Iterable[VerbSpec]) -> list[str]:
    """Verbs whose function takes `expected_version` without checking it, or the reverse."""
    return [
        spec.verb
        for spec in specs
        if spec.function
        and ("expected_version" in inspect.signature(spec.function).parameters)
        != RULE_OF[spec.verb].checks_version
    ]


def test_verbs_of_a_button_check_the_version() -> None:
    assert unprotected_buttons(VERB_SPECS) == []
    planted = replace(SPEC_OF[Verb.NOTE], page=PageKind.BUTTON)
    assert unprotected_buttons([planted]) == [Verb.NOTE]


def test_functions_take_a_version_exactly_if_it_is_checked() -> None:
    assert unexpected_version_arguments(VERB_SPECS) == []
    without = replace(SPEC_OF[Verb.ACCEPT], function=handling.note)
    unneeded = replace(SPEC_OF[Verb.NOTE], function=handling.accept)
    assert unexpected_version_arguments([without, unneeded]) == [Verb.ACCEPT, Verb.NOTE]


@every_verb
def test_post_performs_the_verb(stage: Stage, case: VerbCase) -> None:
    petition = case.case(stage)
    response = post(stage, petition, case.verb)
    after = Petition.objects.get(pk=petition.pk)
    assert after.version == petition.version + 1, response.content.decode()[:4000]
    assert after.status == (case.target or case.source)
    page = SPEC_OF[case.verb].page
    if page in (PageKind.BUTTON, PageKind.FORM):
        assert response.status_code == 302
        assert response.url == f"{petition.get_absolute_url()}?done={case.verb}"


@every_verb
def test_get_changes_nothing(stage: Stage, case: VerbCase) -> None:
    petition = case.case(stage)
    response = login(stage, case.by).get(url_of(petition, case.verb))
    is_button = SPEC_OF[case.verb].page == PageKind.BUTTON
    assert response.status_code == (302 if is_button else 200)
    assert Petition.objects.get(pk=petition.pk).version == petition.version


@every_verb
def test_case_out_of_scope_is_not_found(stage: Stage, case: VerbCase) -> None:
    petition = case.case(stage)
    client, url = login(stage, "outsider"), url_of(petition, case.verb)
    assert client.post(url, case.form_data(stage, petition)).status_code == 404
    assert client.get(url).status_code == 404
    assert Petition.objects.get(pk=petition.pk).version == petition.version


@every_verb
def test_wrong_person_is_forbidden(stage: Stage, case: VerbCase) -> None:
    petition = case.case(stage)
    client = login(stage, case.refused)
    response = client.post(url_of(petition, case.verb), case.form_data(stage, petition))
    assert response.status_code == 403
    assert Petition.objects.get(pk=petition.pk).version == petition.version


@every_verb
def test_wrong_status_is_a_conflict(stage: Stage, case: VerbCase) -> None:
    petition = case.wrong_case(stage)
    response = post(stage, petition, case.verb)
    assert response.status_code == 409
    assert Petition.objects.get(pk=petition.pk).version == petition.version


@every_verb
def test_event_names_actor_and_status(stage: Stage, case: VerbCase) -> None:
    petition = perform(stage, case.verb)
    event = latest_event(petition)
    assert (event.verb, event.actor) == (case.verb, case.actor)
    assert event.user == stage.cast[case.by]
    assert (event.to_status, event.version) == (petition.status, petition.version)


@every_verb
def test_the_right_people_are_notified(stage: Stage, case: VerbCase) -> None:
    petition = perform(stage, case.verb)
    names = {user.pk: name for name, user in stage.cast.items()}
    today = notification_rules.RecipientDirectory(timezone.localdate())
    notified: dict[str, set[str]] = {}
    for group in notification_rules.recipients(latest_event(petition), today):
        if group.user_ids:
            notified.setdefault(group.kind, set()).update(names[pk] for pk in group.user_ids)
    assert notified == case.notified


@every_verb
def test_number_of_queries_is_bounded(stage: Stage, case: VerbCase) -> None:
    petition = case.case(stage)
    client, data = login(stage, case.by), case.form_data(stage, petition)
    client.get(petition.get_absolute_url())  # as everybody does before; fills the register cache
    with counted() as queries:
        client.post(url_of(petition, case.verb), data)
    assert len(queries) <= BUDGET, "\n".join(sql[:90] for sql in queries)
