from __future__ import annotations

import re
from typing import Any

from petitions.enums import Status, Verb
from petitions.models import Petition
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.pictures import jpeg
from tests.support.verb_cases import VerbQuestions


class TestResolve(VerbQuestions):
    verb = Verb.RESOLVE
    source, target = Status.IN_PROGRESS, Status.RESOLVED
    wrong = "leader"
    sent = {
        "step": "send",
        "outcome": "resolved",
        "cause": "老旧铁管",
        "public_answer": "已更换楼内铁管。",
    }

    def test_the_answer_is_looked_at_before_it_is_sent(self, stage: Stage) -> None:
        petition = self.bring(stage)
        data = self.data(stage, petition) | {"step": "preview"}
        answer = login(stage, self.by).post(self.url(petition), data)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "已更换楼内铁管。" in page
        assert 'value="send"' in page
        assert Petition.objects.get(pk=petition.pk).status == self.source

    def test_photos_survive_the_look(self, stage: Stage) -> None:
        petition = self.bring(stage)
        client = login(stage, self.by)
        data: dict[str, Any] = self.data(stage, petition) | {"step": "preview"}
        page = client.post(self.url(petition), data | {"photos": [jpeg("a.jpg")]}).content.decode()
        kept = re.findall(r'name="kept" value="([^"]+)"', page)
        client.post(self.url(petition), self.data(stage, petition) | {"kept": kept})
        assert petition.photos.get().is_public

    def test_a_photo_of_another_case_is_dropped(self, stage: Stage) -> None:
        first, second = self.bring(stage), self.bring(stage)
        client = login(stage, self.by)
        data: dict[str, Any] = self.data(stage, first) | {"step": "preview"}
        page = client.post(self.url(first), data | {"photos": [jpeg("a.jpg")]}).content.decode()
        kept = re.findall(r'name="kept" value="([^"]+)"', page)
        client.post(self.url(second), self.data(stage, second) | {"kept": kept})
        assert not second.photos.exists()

    def test_going_back_keeps_every_word(self, stage: Stage) -> None:
        petition = self.bring(stage)
        data = self.data(stage, petition) | {"step": "edit"}
        page = login(stage, self.by).post(self.url(petition), data).content.decode()
        assert "已更换楼内铁管。</textarea>" in page

    def test_a_stale_answer_shows_what_changed_and_keeps_the_words(self, stage: Stage) -> None:
        petition = self.bring(stage)
        data = self.data(stage, petition)
        login(stage, "clerk").post(
            self.url(petition).replace("resolve", "note"), {"body": "居民又来电"}
        )
        client = login(stage, self.by)
        answer = client.post(self.url(petition), data)
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "居民又来电" in page
        assert "示例clerk" in page
        assert "已更换楼内铁管。</textarea>" in page
        assert f'name="version" value="{petition.version + 1}"' in page
        data["version"] = petition.version + 1
        assert client.post(self.url(petition), data).status_code == 302

    def test_what_was_left_empty_is_named_on_top_and_at_the_field(self, stage: Stage) -> None:
        petition = self.bring(stage)
        answer = login(stage, self.by).post(self.url(petition), {"version": petition.version})
        page = answer.content.decode()
        for said in ("请选择“办理结果”。", "请填写“原因”。", "请填写“给居民的答复”。"):
            assert page.count(said) == 2
