from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from petitions.enums import Status, Verb
from petitions.models import Petition
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.pictures import jpeg
from tests.support.verb_cases import VerbQuestions


class TestPhoto(VerbQuestions):
    verb = Verb.PHOTO
    source = Status.IN_PROGRESS

    def data(self, stage: Stage, petition: Petition) -> dict[str, Any]:
        return {"photos": [jpeg("a.jpg"), jpeg("b.jpg")]}

    wrong = "city"

    def test_both_photos_are_kept(self, stage: Stage) -> None:
        petition, _answer = self.done(stage)
        assert petition.photos.count() == 2

    def test_without_a_photo_it_is_refused(self, stage: Stage) -> None:
        petition = self.bring(stage)
        assert login(stage, self.by).post(self.url(petition)).status_code == 400

    def test_a_file_that_is_no_photo_loses_no_other(self, stage: Stage) -> None:
        petition = self.bring(stage)
        bad = SimpleUploadedFile("x.jpg", b"not a photo", content_type="image/jpeg")
        answer = login(stage, self.by).post(self.url(petition), {"photos": [jpeg("a.jpg"), bad]})
        page = answer.content.decode()
        assert answer.status_code == 400
        assert page.count('name="kept"') == 1
