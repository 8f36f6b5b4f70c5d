import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from petitions.enums import Status
from petitions.models import Photo
from petitions.rules import photos
from petitions.workflow import handling
from tests.support.cast import Stage
from tests.support.clients import BUDGET, counted, login
from tests.support.pictures import jpeg

NAMES = ["photo_file", "thumb"]


@pytest.fixture(autouse=True)
def _demo(settings: Any, tmp_path: Any) -> None:
    settings.DEMO = True
    settings.MEDIA_ROOT = tmp_path
    settings.PHOTOS_BY_ACCEL = False


def taken(stage: Stage) -> Photo:
    """Return a photo of a case in progress."""
    petition = stage.at(Status.IN_PROGRESS)
    handling.photo(
        petition=petition,
        by=stage.cast["secretary"],
        now=timezone.now(),
        photos=[photos.store(jpeg(size=(1200, 900)))],
    )
    return petition.photos.get()


def url(name: str, photo: Photo) -> str:
    return reverse(f"petitions:{name}", args=[photo.uuid])


@pytest.mark.parametrize("name", NAMES)
def test_a_photo_is_sent_and_not_cached(stage: Stage, name: str) -> None:
    answer = login(stage, "clerk").get(url(name, taken(stage)))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer.content.startswith(b"\xff\xd8")


@pytest.mark.parametrize("name", NAMES)
def test_nginx_sends_the_file_if_configured(stage: Stage, settings: Any, name: str) -> None:
    settings.PHOTOS_BY_ACCEL = True
    photo = taken(stage)
    answer = login(stage, "clerk").get(url(name, photo))
    assert answer["X-Accel-Redirect"].endswith(photo.name)
    assert answer.content == b""


@pytest.mark.parametrize("who", ["outsider", "sibling", "department", "member"])
@pytest.mark.parametrize("name", NAMES)
def test_photo_out_of_scope_is_not_found(stage: Stage, name: str, who: str) -> None:
    client = login(stage, who)
    assert client.get(url(name, taken(stage))).status_code == 404
    unknown = reverse(f"petitions:{name}", args=[uuid.uuid4()])
    assert client.get(unknown).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_administrators_and_visitors_get_no_photo(stage: Stage, name: str) -> None:
    address = url(name, taken(stage))
    assert login(stage, "auditor").get(address).status_code == 403
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize("name", NAMES)
def test_post_is_refused(stage: Stage, name: str) -> None:
    assert login(stage, "clerk").post(url(name, taken(stage))).status_code == 405


def test_number_of_queries_is_bounded(stage: Stage) -> None:
    client, photo = login(stage, "clerk"), taken(stage)
    with counted() as asked:
        client.get(url("thumb", photo))
    assert len(asked) <= BUDGET
