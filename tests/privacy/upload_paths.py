"""The three doors a photo may come in by, the same in this process and over the network."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Protocol

from tests.privacy.hostile import Sent
from tests.privacy.visitor import MULTIPART, Answer, form


class HttpClient(Protocol):
    """Whoever sends: a visitor of the stack, or a client in this process."""

    def get(self, path: str) -> Answer:
        """Read an address."""
        ...

    def post(
        self,
        path: str,
        form: Mapping[str, object] | bytes = b"",
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a form."""
        ...


class PageUpload:
    """The public page: a report being written, without login."""

    fields: list[tuple[str, object]] = [("text", "水管漏水"), ("since", "今天"), ("add", "1")]

    def __init__(self, client: HttpClient, place: int, category: int) -> None:
        self.client = client
        client.get("/report/")
        client.post("/report/", {"place": place})
        client.post("/report/what/", {"category": category})
        client.get("/report/tell/")

    def send(self, sent: Sent) -> Answer:
        """Add one photo; those added before are taken out, since six are the most."""
        page = self.client.get("/report/tell/").text
        kept = [("remove", one) for one in re.findall(r'name="remove" value="(\w+)"', page)]
        return self.send_raw(form([*self.fields, *kept], [("photos", sent)]), MULTIPART)

    def send_raw(self, body: bytes, kind: str) -> Answer:
        """Send whatever it is."""
        return self.client.post("/report/tell/", body, kind)


class DeskUpload:
    """The desk form of the staff, only looked at, not filed."""

    path = "/petitions/new/"

    def __init__(self, client: HttpClient, place: int, category: int, name: str) -> None:
        self.client = client
        client.get(self.path)
        self.fields: list[tuple[str, object]] = [
            *(("key", uuid.uuid4()), ("where", name), ("place", place), ("what", "水")),
            *(("category", category), ("text", "水管漏水"), ("channel", "desk"), ("look", "1")),
        ]

    def send(self, sent: Sent) -> Answer:
        """Add one photo to an empty form."""
        return self.send_raw(form(self.fields, [("photos", sent)]), MULTIPART)

    def send_raw(self, body: bytes, kind: str) -> Answer:
        """Send whatever it is."""
        return self.client.post(self.path, body, kind)


class ApiUpload:
    """The door for programs: each good photo files a case."""

    path = "/api/v1/petitions/"

    def __init__(self, client: HttpClient, place: int, code: str) -> None:
        self.client = client
        report = {"place": place, "category": code, "text": "水管漏水"}
        self.fields: list[tuple[str, object]] = [("report", json.dumps(report))]

    def send(self, sent: Sent) -> Answer:
        """File a report with one photo."""
        return self.send_raw(form(self.fields, [("photos", sent)]), MULTIPART)

    def send_raw(self, body: bytes, kind: str) -> Answer:
        """Send whatever it is."""
        return self.client.post(self.path, body, kind, {"Idempotency-Key": str(uuid.uuid4())})


Upload = PageUpload | DeskUpload | ApiUpload
