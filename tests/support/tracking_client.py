"""Requests to the tracking pages, for tests."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from config.lib import register_cache
from petitions.models import Petition
from petitions.rules import photos, tracking_codes
from petitions.tracking import case_reference

WRONG = "没有找到。请核对查询码"


@pytest.fixture(autouse=True)
def fresh(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    register_cache.forget_version()


def code_of(petition: Petition) -> str:
    return tracking_codes.code_for(petition.uuid)


def enter_code(client: Client, code: str, digits: str = "1234", **more: Any) -> Any:
    return client.post("/track/", {"code": code, "digits": digits}, **more)


def open_case(client: Client, petition: Petition, digits: str = "1234") -> str:
    assert enter_code(client, code_of(petition), digits)["Location"] == "/track/case/"
    return str(client.get("/track/case/").content.decode())


def send_feedback(client: Client, verb: str, petition: Petition, **fields: Any) -> Any:
    petition.refresh_from_db()
    seen: dict[str, Any] = {"version": petition.version, "round": petition.round}
    seen["case"] = case_reference.reference(petition.pk)  # also of a page opened long ago
    return client.post(f"/track/{verb}/", seen | fields)


def shown_case(client: Client) -> dict[str, str]:
    """Return the hidden field by which the forms of the open page name their case, if any."""
    page = client.get("/track/case/").content.decode()
    found = re.search(r'name="case" value="([^"]+)"', page)
    return {"case": found[1]} if found else {}


def post_form(client: Client, path: str, fields: dict[str, Any]) -> Any:
    """Send a form of the tracking page that is open now."""
    return client.post(path, shown_case(client) | fields)


def store_photo(colour: str = "brown") -> photos.StoredPhoto:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(out, "JPEG")
    return photos.store(io.BytesIO(out.getvalue()))
