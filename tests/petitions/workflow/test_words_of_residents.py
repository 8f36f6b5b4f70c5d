"""Staff record what a resident says only if they could ask, and owe nothing that it would end."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.lib import clock
from members.enums import Role
from members.models import Post, User
from petitions import permissions, resident_words
from petitions.actors import Petitioner
from petitions.enums import AnswerKind, Outcome, Status, Verb
from petitions.models import Petition
from petitions.rules.contacts import ContactDetails
from petitions.web import list_items
from petitions.workflow import escalation, handling, resolution
from petitions.workflow.transitions import NotPermitted
from tests.support.api_client import Program
from tests.support.cast import PHONE, Stage, walk
from tests.support.clients import login
from tests.support.returned_cases import give_post, may
from tests.support.tracking_client import open_case
from tests.support.verb_cases import CASE_OF, url_of

NOW = timezone.now()
ENDING = (Verb.CONFIRM, Verb.CLOSE, Verb.WITHDRAW)
NOBODY_TO_CALL = [ContactDetails(), ContactDetails(name="示例居民")]
CONFIDENTIAL = ContactDetails(phone=PHONE, is_confidential=True)


def _is_refused(stage: Stage, petition: Petition, verb: Verb, who: str, words: str) -> None:
    """Check that page, list and API neither offer nor accept a verb, and say why."""
    petition.refresh_from_db()
    client, address = login(stage, who), f"/petitions/{petition.pk}/{verb}/"
    page = client.get(petition.get_absolute_url()).content.decode()
    assert f'href="{address}' not in page
    assert words in page
    for path in ("/", "/petitions/"):
        assert address not in client.get(path, follow=True).content.decode()
    answer = client.post(url_of(petition, verb), CASE_OF[verb].form_data(stage, petition))
    assert answer.status_code == 403
    assert words in answer.content.decode()
    program = Program(stage.cast[who])
    assert str(verb) not in program.get(f"/petitions/{petition.pk}/").json()["verbs"]
    assert program.act(petition.pk, str(verb), {}, version=petition.version).status_code == 403
    status = petition.status
    petition.refresh_from_db()
    assert petition.status == status


# --- Nobody can be called ---------------------------------------------------------------------


@pytest.mark.parametrize("verb", ENDING)
@pytest.mark.parametrize("contact", NOBODY_TO_CALL, ids=["anonymous", "name only"])
def test_only_the_resident_speaks_who_left_no_telephone(
    stage: Stage, contact: ContactDetails, verb: Verb
) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW, contact=contact)
    _is_refused(stage, petition, verb, "clerk", "居民没有留联系电话，没法问到本人")
    assert may(verb, petition, stage.cast["official"]).code == "only_resident"
    assert may(Verb.DISPUTE, petition, stage.cast["clerk"])


def test_the_resident_who_left_no_telephone_still_speaks(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW, contact=ContactDetails())
    by = Petitioner(petition.pk)
    assert resolution.confirm(petition=petition, by=by, now=NOW).status == Status.CLOSED


@pytest.mark.parametrize("verb", ENDING)
def test_a_case_logged_at_the_desk_is_followed_up_by_others(stage: Stage, verb: Verb) -> None:
    petition = stage.file(by="clerk", now=NOW, contact=ContactDetails()).petition
    petition = walk(stage, petition, Status.RESOLVED, NOW)
    assert may(verb, petition, stage.cast["community"])


# --- The contact is kept from this user -------------------------------------------------------


@pytest.mark.parametrize("verb", ENDING)
def test_who_may_not_open_the_contact_does_not_speak(stage: Stage, verb: Verb) -> None:
    petition = stage.at(Status.RESOLVED, now=NOW, contact=CONFIDENTIAL)
    _is_refused(stage, petition, verb, "official", "请由迎宾路社区党委问过居民后记录")
    assert may(verb, petition, stage.cast["clerk"])


def test_nobody_speaks_where_nobody_may_open_the_contact(stage: Stage) -> None:
    about = stage.town.orgs["yingbin"]
    petition = stage.file(contact=CONFIDENTIAL, about=about, now=NOW).petition
    petition = handling.accept(petition=petition, by=stage.cast["official"], now=NOW)
    assert resident_words.refusal(Verb.WITHDRAW, petition, stage.cast["sibling"].scope) == (
        "cannot_ask",
        "居民要求对承办组织保密，谁也不能打开联系方式，只能由居民凭查询码自己说。",
    )


# --- A withdrawal would end what the user owes ------------------------------------------------


def test_who_owes_an_answer_does_not_withdraw(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    petition = escalation.escalate(
        petition=petition, by=stage.cast["secretary"], now=NOW, reason="需要资金"
    )
    for name in ("community", "clerk"):
        _is_refused(stage, petition, Verb.WITHDRAW, name, "没有答复升级或裁定退单")
    assert may(Verb.WITHDRAW, petition, stage.cast["official"])
    petition = escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=NOW,
        kind=AnswerKind.RESOURCES,
        text="可以",
    )
    assert may(Verb.WITHDRAW, petition, stage.cast["clerk"])


def test_who_decides_on_a_return_does_not_withdraw(stage: Stage) -> None:
    petition = stage.at(Status.RETURNED, now=NOW)
    for name in ("community", "clerk"):
        _is_refused(stage, petition, Verb.WITHDRAW, name, "没有答复升级或裁定退单")
    assert may(Verb.WITHDRAW, petition, stage.cast["official"])


# --- Lists ------------------------------------------------------------------------------------


def _statements(stage: Stage, count: int) -> int:
    contacts = [ContactDetails(), CONFIDENTIAL, ContactDetails(phone=PHONE)]
    for number in range(count):
        stage.at(Status.RESOLVED, now=NOW, contact=contacts[number % 3])
    user = User.objects.get(pk=stage.cast["clerk"].pk)
    cases = list(list_items.for_list(Petition.objects.visible_to(user)))
    with CaptureQueriesContext(connection) as statements:
        rows = list_items.list_items(cases, clock.now(), by=user)
    offered = {row.id for row in rows if row.action_url}
    assert offered == {row.pk for row in cases if permissions.may(Verb.CONFIRM, row, user)}
    assert len(offered) == len(cases) * 2 // 3
    return len(statements)


def test_no_row_of_a_list_costs_a_query_more(stage: Stage) -> None:
    _statements(stage, 3)  # fills the caches
    assert _statements(stage, 3) == _statements(stage, 6)


# --- Who worked on the case -------------------------------------------------------------------


@pytest.mark.parametrize("verb", ENDING)
def test_who_was_assigned_and_stayed_idle_does_not_speak_after_a_move(
    stage: Stage, verb: Verb
) -> None:
    petition = stage.at(Status.ACCEPTED, now=NOW)
    for users in ([stage.cast["member"]], [stage.cast["leader"]]):
        petition = handling.dispatch(
            petition=petition, by=stage.cast["secretary"], now=NOW, users=users
        )
    petition = resolution.resolve(
        petition=petition,
        by=stage.cast["secretary"],
        now=NOW,
        outcome=Outcome.RESOLVED,
        cause="老旧",
        public_answer="已更换。",
    )
    Post.objects.filter(user=stage.cast["member"]).delete()
    give_post(stage, "member", Role.STAFF, "yingbin")
    _is_refused(stage, petition, verb, "member", "没有参与办理")
    assert may(verb, petition, stage.cast["clerk"])


@pytest.mark.parametrize("verb", ENDING)
def test_who_overruled_the_handlers_does_not_speak(stage: Stage, verb: Verb) -> None:
    def resolved(kind: AnswerKind) -> Petition:
        petition = stage.at(Status.IN_PROGRESS, now=NOW)
        by: dict[str, Any] = {"by": stage.cast["secretary"], "now": NOW}
        petition = escalation.escalate(petition=petition, reason="需要资金", **by)
        petition = escalation.answer(
            petition=petition, by=stage.cast["community"], now=NOW, kind=kind, text="照此办理"
        )
        return resolution.resolve(
            petition=petition,
            outcome=Outcome.RESOLVED,
            cause="老旧",
            public_answer="已更换。",
            **by,
        )

    assert may(verb, resolved(AnswerKind.RESOURCES), stage.cast["clerk"])
    petition = resolved(AnswerKind.OVERRULE)
    for name in ("clerk", "community"):
        _is_refused(stage, petition, verb, name, "没有参与办理")
    assert may(verb, petition, stage.cast["official"])


# --- What the resident reads ------------------------------------------------------------------


def test_a_withdrawal_recorded_by_staff_names_who_recorded_it(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS, now=NOW)
    resolution.withdraw(petition=petition, by=stage.cast["clerk"], now=NOW, reason="居民说不用了")
    page = open_case(Client(), petition)
    assert page.count("迎宾路社区党委记录：您要求撤回") == 2  # above, and in the history
    assert "已按您的要求撤回" not in page
    assert (
        "迎宾路社区党委记录：您要求撤回。"
        in login(stage, "secretary").get(petition.get_absolute_url()).content.decode()
    )


def test_a_withdrawal_by_the_resident_is_her_own(stage: Stage) -> None:
    page = open_case(Client(), stage.at(Status.WITHDRAWN, now=NOW))
    assert page.count("已按您的要求撤回") == 2
    assert "记录：" not in page


def test_the_workflow_refuses_as_the_pages_do(stage: Stage) -> None:
    petition = stage.at(Status.RETURNED, now=NOW, contact=ContactDetails())
    with pytest.raises(NotPermitted, match="居民没有留联系电话"):
        resolution.withdraw(petition=petition, by=stage.cast["official"], now=NOW, reason="不用了")
