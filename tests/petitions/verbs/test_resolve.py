from __future__ import annotations

import re

from petitions.enums import Status, Verb
from petitions.models import Petition
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.pictures import jpeg
from tests.support.verb_cases import CASE_OF, post, url_of

KEPT = re.compile(r'name="kept" value="([^"]+)"')


def test_the_answer_is_previewed_before_it_is_sent(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    response = post(stage, petition, Verb.RESOLVE, step="preview")
    page = response.content.decode()
    assert response.status_code == 200
    assert "已更换楼内铁管。" in page
    assert 'value="send"' in page
    assert Petition.objects.get(pk=petition.pk).status == Status.IN_PROGRESS


def test_photos_survive_the_preview(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    response = post(stage, petition, Verb.RESOLVE, step="preview", photos=[jpeg("a.jpg")])
    post(stage, petition, Verb.RESOLVE, kept=KEPT.findall(response.content.decode()))
    assert petition.photos.get().is_public


def test_a_photo_of_another_case_is_dropped(stage: Stage) -> None:
    first, second = stage.at(Status.IN_PROGRESS), stage.at(Status.IN_PROGRESS)
    response = post(stage, first, Verb.RESOLVE, step="preview", photos=[jpeg("a.jpg")])
    kept = KEPT.findall(response.content.decode())
    assert kept
    post(stage, second, Verb.RESOLVE, kept=kept)
    assert Petition.objects.get(pk=second.pk).status == Status.RESOLVED
    assert not second.photos.exists()


def test_going_back_keeps_the_text(stage: Stage) -> None:
    response = post(stage, stage.at(Status.IN_PROGRESS), Verb.RESOLVE, step="edit")
    assert "已更换楼内铁管。</textarea>" in response.content.decode()


def test_a_stale_form_shows_what_changed_and_keeps_the_text(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    data = CASE_OF[Verb.RESOLVE].form_data(stage, petition)
    reason = {"reason": "居民又来电", "version": petition.version}
    login(stage, "clerk").post(url_of(petition, Verb.ESCALATE), reason)
    response = post(stage, petition, Verb.RESOLVE, data)
    page = response.content.decode()
    assert response.status_code == 409
    assert "居民又来电" in page
    assert "示例clerk" in page
    assert "已更换楼内铁管。</textarea>" in page
    assert f'name="version" value="{petition.version + 1}"' in page
    data["version"] = petition.version + 1
    assert post(stage, petition, Verb.RESOLVE, data).status_code == 302


def test_a_note_by_somebody_else_is_shown_and_refuses_nothing(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    data = CASE_OF[Verb.RESOLVE].form_data(stage, petition)
    login(stage, "clerk").post(url_of(petition, Verb.NOTE), {"body": "居民又来电"})
    preview = post(stage, petition, Verb.RESOLVE, data | {"step": "preview"})
    page = preview.content.decode()
    assert preview.status_code == 200
    assert "居民又来电" in page
    assert f'name="version" value="{petition.version + 1}"' in page
    assert post(stage, petition, Verb.RESOLVE, data).status_code == 302


def test_missing_fields_are_named_above_the_form_and_at_the_field(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    response = post(stage, petition, Verb.RESOLVE, {"version": petition.version})
    page = response.content.decode()
    for message in ("请选择“办理结果”。", "请填写“原因”。", "请填写“给居民的答复”。"):
        assert page.count(message) == 2
