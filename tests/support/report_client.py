"""A client that fills in the public report pages step by step, for tests."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from PIL import Image

from config.lib import register_cache
from petitions.models import Category
from tests.support.cast import Stage

TEXT = "自来水发浑，放一会儿还是黄的。"
PHONE = "190 0000 1234"


@pytest.fixture(autouse=True)
def fresh(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    register_cache.forget_version()


def photo_file(name: str = "楼道.jpg", colour: str = "brown") -> SimpleUploadedFile:
    out = io.BytesIO()
    image = Image.new("RGB", (640, 480), colour)
    exif = Image.Exif()
    exif[0x010E] = "somebody's flat"
    image.save(out, "JPEG", exif=exif)
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


def hidden_fields(page: HttpResponse) -> dict[str, str]:
    hidden_fields = re.findall(r'name="(key|seen|notice)" value="([^"]*)"', page.content.decode())
    return dict(hidden_fields)


class Resident:
    """A resident who fills in the report pages in order."""

    def __init__(self, client: Client, stage: Stage) -> None:
        self.client, self.stage = client, stage

    def choose_place(self, key: str = "b46") -> Any:
        return self.client.post("/report/", {"place": self.stage.town.areas[key].pk})

    def choose_category(self, code: str = "WS01") -> Any:
        return self.client.post("/report/what/", {"category": Category.objects.get(code=code).pk})

    def write_report(self, **fields: Any) -> Any:
        return self.client.post("/report/tell/", {"text": TEXT, "since": "今天早上"} | fields)

    def enter_contact(self, **fields: Any) -> Any:
        return self.client.post("/report/reach/", fields or {"anonymous": "1"})

    def open_check_page(self, code: str = "WS01", **contact: Any) -> Any:
        self.choose_place()
        self.choose_category(code)
        self.write_report()
        self.enter_contact(**contact)
        return self.client.get("/report/check/")

    def submit(self, page: HttpResponse, **changed: str) -> Any:
        return self.client.post("/report/check/", hidden_fields(page) | changed)


@pytest.fixture
def resident(client: Client, stage: Stage) -> Resident:
    return Resident(client, stage)
