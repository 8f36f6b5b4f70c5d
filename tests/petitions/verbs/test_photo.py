from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from petitions.enums import Status, Verb
from tests.support.cast import Stage
from tests.support.pictures import jpeg
from tests.support.verb_cases import perform, post


def test_both_photos_are_stored(stage: Stage) -> None:
    assert perform(stage, Verb.PHOTO).photos.count() == 2


def test_a_photo_is_required(stage: Stage) -> None:
    assert post(stage, stage.at(Status.IN_PROGRESS), Verb.PHOTO, {}).status_code == 400


def test_a_file_that_is_no_photo_loses_no_other(stage: Stage) -> None:
    bad = SimpleUploadedFile("x.jpg", b"not a photo", content_type="image/jpeg")
    petition = stage.at(Status.IN_PROGRESS)
    response = post(stage, petition, Verb.PHOTO, {"photos": [jpeg("a.jpg"), bad]})
    assert response.status_code == 400
    assert response.content.decode().count('name="kept"') == 1
