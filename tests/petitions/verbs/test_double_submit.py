"""A form with an idempotency key: a second submit performs the verb once. No script is needed."""

from __future__ import annotations

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from petitions.enums import Status, Verb
from petitions.models import IdempotencyKey, Petition
from petitions.states import RULE_OF
from petitions.verbs.spec import PageKind
from petitions.verbs.table import SPEC_OF
from petitions.workflow import idempotency
from petitions.workflow.idempotency import IdempotencyRequest
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.pictures import jpeg
from tests.support.verb_cases import CASE_OF, VERB_CASES, post, url_of

KEY = re.compile(r'name="key" value="([^"]+)"')
TOKEN = re.compile(r'name="kept"\s+value="([^"]+)"')
WITH_KEY = [
    verb
    for verb in CASE_OF
    if SPEC_OF[verb].page in (PageKind.FORM, PageKind.OWN_PAGE) and not RULE_OF[verb].checks_version
]


def _key(response: Any) -> str:
    (key,) = KEY.findall(response.content.decode())
    return str(uuid.UUID(key))


def _opened(client: Client, petition: Petition, verb: Verb) -> str:
    return _key(client.get(url_of(petition, verb)))


def _verbs_of(petition: Petition) -> list[str]:
    return list(petition.events.order_by("version").values_list("verb", flat=True))


@pytest.mark.parametrize("case", VERB_CASES, ids=lambda case: str(case.verb))
def test_a_form_has_a_key_unless_the_version_protects_it(stage: Stage, case: Any) -> None:
    petition = case.case(stage)
    page = login(stage, case.by).get(url_of(petition, case.verb)).content.decode()
    assert bool(KEY.search(page)) is (case.verb in WITH_KEY)
    assert {Verb.VISIT, Verb.NOTE, Verb.PHOTO} <= set(WITH_KEY)


@pytest.mark.parametrize("verb", WITH_KEY)
def test_a_second_submit_performs_the_verb_once(stage: Stage, verb: Verb) -> None:
    case = CASE_OF[verb]
    petition, client = case.case(stage), login(stage, case.by)
    key = _opened(client, petition, verb)
    answers = [
        client.post(url_of(petition, verb), case.form_data(stage, petition) | {"key": key})
        for _press in range(2)
    ]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert _verbs_of(petition).count(verb) == 1
    if verb == Verb.NOTE:
        assert petition.notes.filter(body=case.form_data(stage, petition)["body"]).count() == 1
    if verb == Verb.PHOTO:
        assert petition.photos.count() == 2


def test_the_remark_of_a_door_sheet_is_written_once(stage: Stage) -> None:
    petition, client = stage.at(Status.ASSIGNED), login(stage, "secretary")
    key = _opened(client, petition, Verb.VISIT)
    for _press in range(2):
        data = {"key": key, "d-1-1-1": "affected", "remark": "楼道潮湿", "palette": "affected"}
        assert client.post(url_of(petition, Verb.VISIT), data).status_code == 302
    assert petition.notes.filter(body="楼道潮湿").count() == 1


def test_two_keys_write_two_notes(stage: Stage) -> None:
    petition, client = stage.at(Status.IN_PROGRESS), login(stage, "clerk")
    for _form in range(2):
        key = _opened(client, petition, Verb.NOTE)
        client.post(url_of(petition, Verb.NOTE), {"key": key, "body": "已联系"})
    assert petition.notes.filter(body="已联系").count() == 2


def test_the_key_of_another_user_or_case_is_another_key(stage: Stage) -> None:
    petition, key = stage.at(Status.IN_PROGRESS), str(uuid.uuid4())
    for name in ("clerk", "secretary"):
        data = {"key": key, "body": "已联系"}
        assert login(stage, name).post(url_of(petition, Verb.NOTE), data).status_code == 302
    assert petition.notes.filter(body="已联系").count() == 2
    other = stage.at(Status.IN_PROGRESS)
    answer = login(stage, "clerk").post(url_of(other, Verb.NOTE), {"key": key, "body": "已联系"})
    assert answer.status_code == 409


@pytest.mark.parametrize("verb", [Verb.NOTE, Verb.VISIT])
def test_a_changed_form_is_shown_again_with_a_new_key(stage: Stage, verb: Verb) -> None:
    petition, client = stage.at(Status.ASSIGNED), login(stage, "secretary")
    name = "body" if verb == Verb.NOTE else "remark"
    key = _opened(client, petition, verb)
    client.post(url_of(petition, verb), {"key": key, name: "已联系"})
    changed = client.post(url_of(petition, verb), {"key": key, name: "已联系物业"})
    page = changed.content.decode()
    assert changed.status_code == 409
    assert "这张表刚才已经提交过" in page
    assert "已联系物业" in page
    assert petition.notes.count() == 1
    again = {"key": _key(changed), name: "已联系物业"}
    assert client.post(url_of(petition, verb), again).status_code == 302
    assert petition.notes.count() == 2


def test_a_changed_form_does_not_send_the_photos_of_the_first_submit_again(stage: Stage) -> None:
    petition, client = stage.at(Status.IN_PROGRESS), login(stage, "clerk")
    url, key = url_of(petition, Verb.NOTE), _opened(client, petition, Verb.NOTE)
    refused = client.post(url, {"key": key, "body": "", "photos": [jpeg("a.jpg")]})
    assert _key(refused) == key
    sent = {"key": key, "body": "已联系", "kept": TOKEN.findall(refused.content.decode())}
    assert len(sent["kept"]) == 1
    assert client.post(url, sent).status_code == 302
    changed = client.post(url, sent | {"body": "已联系物业"})
    assert TOKEN.findall(changed.content.decode()) == []
    again = {"key": _key(changed), "body": "已联系物业"}
    assert client.post(url, again).status_code == 302
    assert (petition.photos.count(), petition.notes.count()) == (1, 2)


def test_a_refused_form_leaves_its_key_unused(stage: Stage) -> None:
    petition, key = stage.at(Status.WITHDRAWN), str(uuid.uuid4())
    answer = post(stage, petition, Verb.NOTE, key=key)
    assert answer.status_code == 409
    assert _key(answer) == key
    assert not IdempotencyKey.objects.filter(key=key).exists()


def test_an_invalid_key_is_refused_and_none_is_not_needed(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    assert post(stage, petition, Verb.NOTE, key="x").status_code == 400
    assert post(stage, petition, Verb.NOTE).status_code == 302


def test_nothing_typed_is_stored_with_the_key(stage: Stage) -> None:
    key = str(uuid.uuid4())
    post(stage, stage.at(Status.IN_PROGRESS), Verb.NOTE, key=key)
    row = IdempotencyKey.objects.get(key=key)
    assert (row.body, len(row.request_hash)) == ({"json": "null"}, 64)


@pytest.mark.django_db(transaction=True)
def test_a_submit_that_is_still_running_is_explained(stage: Stage) -> None:
    petition, client = stage.at(Status.IN_PROGRESS), login(stage, "clerk")
    key = _opened(client, petition, Verb.NOTE)
    request = IdempotencyRequest(f"form:{stage.cast['clerk'].pk}", key, "")

    def submit() -> Any:
        try:
            return client.post(url_of(petition, Verb.NOTE), {"key": key, "body": "已联系"})
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        idempotency.lock(request)
        answer = pool.submit(submit).result()
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "同一提交正在处理，请稍候再试。" in page
    assert "已联系" in page
    assert _key(answer) == key
    assert submit().status_code == 302


def test_only_a_form_with_a_key_stores_one(stage: Stage) -> None:
    post(stage, stage.at(Status.SUBMITTED), Verb.ACCEPT, key=str(uuid.uuid4()))
    post(stage, stage.at(Status.IN_PROGRESS), Verb.REVEAL, key=str(uuid.uuid4()))
    assert not IdempotencyKey.objects.filter(client__startswith="form:").exists()
