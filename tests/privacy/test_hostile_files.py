"""Over a hundred hostile files by three upload paths: none is stored as sent or with metadata."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from PIL import Image
from pytest_django import Settings

from config.lib import register_cache
from members.models import User
from petitions.api.throttling import WriteThrottle
from petitions.models import Category
from tests.privacy import hostile, odd_forms
from tests.privacy.hostile import EITHER, KEPT, MARK, Sent
from tests.privacy.upload_paths import ApiUpload, DeskUpload, PageUpload, Upload
from tests.privacy.visitor import FORM, MULTIPART, Answer
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import login

SMALL = hostile.small()
LONGEST = 10.0  # seconds, judged in the full form only
PLAIN_INFO = {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
UPLOADS = {  # one function handles all three; desk and API share the files here
    "page": slice(None),
    "desk": slice(0, None, 2),
    "program": slice(1, None, 2),
}


class Inside:
    """A client in this process that uses another IP address for each request."""

    numbers = itertools.count()

    def __init__(self, client: Client, headers: Mapping[str, str] | None = None) -> None:
        self.client, self.headers = client, dict(headers or {})
        client.raise_request_exception = False

    def get(self, path: str) -> Answer:
        """Send a GET request."""
        return _answer(self.client.get(path, headers=self.headers))

    def post(
        self,
        path: str,
        form: Mapping[str, object] | bytes = b"",
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a form."""
        body = form if isinstance(form, bytes) else urlencode(form).encode()
        number = next(self.numbers)
        got = self.client.generic(
            "POST",
            path,
            body,
            content_type=kind or FORM,
            headers=self.headers | dict(headers or {}),
            REMOTE_ADDR=f"10.0.{number // 250}.{number % 250}",
        )
        return _answer(got)


def _answer(got: Any) -> Answer:
    headers = {name.lower(): value for name, value in got.headers.items()}
    return Answer(got.status_code, headers, got.content)


@pytest.fixture
def media(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.MEDIA_ROOT = tmp_path
    no_limit = dict.fromkeys(WriteThrottle.THROTTLE_RATES)
    monkeypatch.setattr(WriteThrottle, "THROTTLE_RATES", no_limit)
    register_cache.forget_version()
    return tmp_path


def _upload(stage: Stage, name: str) -> Upload:
    place, category = stage.town.building, Category.objects.get(code="WS01")
    if name == "page":
        return PageUpload(Inside(Client()), place.pk, category.pk)
    if name == "desk":
        return DeskUpload(Inside(login(stage, "clerk")), place.pk, category.pk, place.full_name)
    program = Program(User.objects.get(username="partner"))
    return ApiUpload(Inside(program.client, program.headers), place.pk, category.code)


def problems_in_file(file: Path, sent: bytes) -> list[str]:
    """Return what is wrong with a stored file."""
    body = file.read_bytes()
    with Image.open(file) as image:
        tags = set(image.info) - PLAIN_INFO
        shape = (image.format, image.mode, max(image.size) <= 2000)
    wrong = {
        "as sent": body == sent,
        "mark": MARK in body,
        "tags": b"Exif" in body or b"adobe" in body or b"8BIM" in body,
        "page": b"<script" in body or b"<?php" in body,
        "something behind": not body.endswith(b"\xff\xd9"),
        f"tells {tags}": bool(tags),
        f"is {shape}": shape != ("JPEG", "RGB", True),
        "name": file.suffix != ".jpg" or len(file.stem) != 32,
        "can be run": bool(file.stat().st_mode & 0o111),
    }
    return [f"{file.name}: {what}" for what, is_so in wrong.items() if is_so]


class PhotoFolder:
    """The photo folder, and the files each upload added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known = set(self._files())

    def _files(self) -> Iterator[Path]:
        return (path for path in self.folder.rglob("*") if path.is_file())

    def added(self) -> set[Path]:
        """Return the files added since the last call."""
        now = set(self._files())
        new, self.known = now - self.known, now
        return new


def problems_with(upload: Upload, folder: PhotoFolder, name: str, sent: Sent) -> list[str]:
    """Upload a file and return what is wrong with response and stored files."""
    began = time.monotonic()
    answer = upload.send(sent)
    seconds = time.monotonic() - began
    added = folder.added()
    wrong = [line for file in added for line in problems_in_file(file, sent.body)]
    if answer.status not in {200, 201, 302, 400, 413}:
        wrong.append(f"status {answer.status}")
    if MARK in answer.body or b"<img src=x" in answer.body:
        wrong.append("its mark in the answer")
    if sent.outcome != EITHER and len(added) != (2 if sent.outcome == KEPT else 0):
        wrong.append(f"{len(added)} files stored, expected to be {sent.outcome}")
    if seconds > LONGEST:
        wrong.append(f"answered after {seconds:.1f} s")
    return [f"{name}: {line}" for line in wrong]


def test_hostile_files_are_unique_and_enough() -> None:
    assert len(SMALL) >= 100
    assert len({sent.body + sent.name + sent.kind for sent in SMALL.values()}) == len(SMALL)


@pytest.mark.parametrize("name", UPLOADS)
def test_only_the_picture_of_a_hostile_file_is_stored(stage: Stage, media: Path, name: str) -> None:
    upload, folder = _upload(stage, name), PhotoFolder(media)
    files = list(SMALL.items())[UPLOADS[name]]
    wrong = [
        line for problem, sent in files for line in problems_with(upload, folder, problem, sent)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", UPLOADS)
def test_malformed_form_causes_no_server_error(stage: Stage, media: Path, name: str) -> None:
    upload, folder = _upload(stage, name), PhotoFolder(media)
    wrong = []
    for what, (body, kind) in odd_forms.bodies(upload.fields).items():
        answer = upload.send_raw(body, kind)
        wrong += [
            f"{what}: {problem}"
            for file in folder.added()
            for problem in problems_in_file(file, body)
        ]
        if answer.status >= 500:
            wrong.append(f"{what}: status {answer.status}")
    assert wrong == []


def test_oversized_body_is_refused_by_its_content_length(client: Client) -> None:
    for path in ("/report/tell/", "/petitions/new/", "/api/v1/petitions/"):
        answer = client.post(path, b"x", content_type=MULTIPART, CONTENT_LENGTH=str(2**30))
        assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["as sent", "mark", "tags", "page"])
def test_check_reports_a_planted_file(tmp_path: Path, kind: str) -> None:
    planted = {
        "as sent": hostile.JPEG,
        "mark": hostile.LADEN["comment"],
        "tags": hostile.LADEN["tags and position"],
        "page": hostile.LADEN["page in a comment"],
    }[kind]
    file = tmp_path / f"{'0' * 32}.jpg"
    file.write_bytes(planted)
    assert any(kind in line for line in problems_in_file(file, planted))
