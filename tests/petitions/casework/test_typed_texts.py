"""What staff typed is shown for copying when the case is no longer theirs."""

from __future__ import annotations

import re

import pytest
from django import forms
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.lib.form_fields import FreeTextField, LineField
from members.models import Post
from petitions.casework.door_sheet_form import DoorSheetForm
from petitions.enums import Status, Verb
from petitions.models import Petition
from petitions.verbs.table import SPEC_OF
from petitions.web.typed_texts import typed_texts
from petitions.workflow import rerouting
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.verb_cases import VERB_CASES, VerbCase, url_of

NOT_SAVED = "什么都没有记下来"
TYPED = "<b>三楼的水还是浑的</b>"
SHOWN = "&lt;b&gt;三楼的水还是浑的&lt;/b&gt;"


def _form_of(verb: Verb) -> type[forms.Form]:
    return DoorSheetForm if verb == Verb.VISIT else SPEC_OF[verb].form


def _text_names(verb: Verb) -> list[str]:
    return [
        name
        for name, field in _form_of(verb).base_fields.items()
        if isinstance(field, FreeTextField) and not field.widget.is_hidden
    ]


WITH_TEXT = [case for case in VERB_CASES if _text_names(case.verb)]


def _shown(body: str) -> list[tuple[str, str]]:
    """Return labels and texts of the boxes for copying."""
    box = r'<label for="typed-\d+">([^<]*)</label>\s*<textarea[^>]* readonly>([^<]*)</textarea>'
    return re.findall(box, body)


def test_the_verbs_with_text_are_known() -> None:
    verbs = {case.verb for case in WITH_TEXT}
    assert {Verb.NOTE, Verb.RESOLVE, Verb.ANSWER, Verb.VISIT, Verb.RETURN, Verb.REVEAL} <= verbs
    assert _text_names(Verb.RESOLVE) == ["cause", "public_answer"]


@pytest.mark.parametrize("who", ["refused", "outsider", "without a post"])
@pytest.mark.parametrize("case", WITH_TEXT, ids=lambda case: str(case.verb))
def test_every_typed_text_is_shown_to_whom_the_verb_is_refused(
    stage: Stage, case: VerbCase, who: str, caplog: pytest.LogCaptureFixture
) -> None:
    petition, names = case.case(stage), _text_names(case.verb)
    user = case.refused if who == "refused" else "outsider"
    client = login(stage, user)
    if who == "without a post":
        Post.objects.filter(user=stage.cast[user]).delete()
    data = case.form_data(stage, petition) | dict.fromkeys(names, TYPED)
    response = client.post(url_of(petition, case.verb), data)
    body = response.content.decode()
    assert response.status_code == (404 if who == "outsider" else 403)
    assert NOT_SAVED in body
    labels = [str(_form_of(case.verb).base_fields[name].label) for name in names]
    assert sorted(_shown(body)) == sorted((label, SHOWN) for label in labels)
    assert TYPED not in body
    assert TYPED not in caplog.text
    if who != "refused":
        assert petition.number not in body
        assert petition.place_name not in body
    assert Petition.objects.get(pk=petition.pk).version == petition.version


@pytest.mark.parametrize("verb", [Verb.RETURN, Verb.DECLINE])
def test_a_form_sent_after_the_case_was_reassigned(stage: Stage, verb: Verb) -> None:
    petition = stage.at(Status.SUBMITTED)
    client, url = login(stage, "secretary"), url_of(petition, verb)
    assert client.get(url).status_code == 200
    rerouting.reassign(
        petition=petition,
        by=stage.cast["clerk"],
        now=timezone.now(),
        reason="由社区办",
        organisation=stage.town.orgs["yingbin"],
    )
    response = client.post(url, {"version": petition.version, "reason": TYPED})
    assert response.status_code in (403, 404)
    assert SHOWN in [text for _label, text in _shown(response.content.decode())]


@pytest.mark.parametrize("user", ["leader", "outsider"])
def test_a_remark_of_a_door_sheet(stage: Stage, user: str) -> None:
    petition = stage.at(Status.ACCEPTED)
    url = reverse("petitions:visit", args=[petition.pk])
    response = login(stage, user).post(url, {"remark": TYPED, "before": "d-1-1-1=affected"})
    assert response.status_code in (403, 404)
    assert _shown(response.content.decode()) == [("备注", SHOWN)]


def test_a_page_that_was_only_opened_says_nothing_about_a_text(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    url = url_of(petition, Verb.RETURN)
    refused = login(stage, "leader").get(url, {"reason": TYPED})
    missing = login(stage, "outsider").post(url, {"reason": " "})
    assert [refused.status_code, missing.status_code] == [403, 404]
    for response in (refused, missing):
        assert NOT_SAVED not in response.content.decode()


def test_a_visitor_is_sent_to_the_login(client: Client, stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    response = client.post(url_of(petition, Verb.RETURN), {"reason": TYPED})
    assert response.status_code == 302


def test_passwords_and_hidden_fields_are_left_out() -> None:
    class SampleForm(forms.Form):
        text = FreeTextField(label="内容")
        secret = LineField(label="密码", widget=forms.PasswordInput)
        state = LineField(widget=forms.HiddenInput)
        number = forms.IntegerField(label="数")

    sent = {"text": "一", "secret": "二", "state": "三", "number": "4", "other": "五"}
    assert typed_texts(SampleForm, sent) == [("内容", "一")]
