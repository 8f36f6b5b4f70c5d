"""The three upload paths of photos, used in this process and over the network."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Protocol

from tests.privacy.hostile import Sent
from tests.privacy.visitor import MULTIPART, Answer, form


class HttpClient(Protocol):
    """A visitor of the stack, or a client in this process."""

    def get(self, path: str) -> Answer:
        """Send a GET request."""
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
    """The public form of a report, without log-in."""

    fields: list[tuple[str, object]] = [("text", "水管漏水"), ("since", "今天"), ("add", "1")]

    def __init__(self, client: HttpClient, place: int, category: int) -> None:
        self.client = client
        client.get("/report/")
        client.post("/report/", {"place": place})
        client.post("/report/what/", {"category": category})
        client.get("/report/tell/")

    def send(self, sent: Sent) -> Answer:
        """Add a photo and remove earlier ones, because six are allowed."""
        page = self.client.get("/report/tell/").text
        removed = [("remove", key) for key in re.findall(r'name="remove" value="(\w+)"', page)]
        return self.send_raw(form([*self.fields, *removed], [("photos", sent)]), MULTIPART)

    def send_raw(self, body: bytes, kind: str) -> Answer:
        """Send a raw body."""
        return self.client.post("/report/tell/", body, kind)


class DeskUpload:
    """The desk form of the staff, previewed and not filed."""

    path = "/petitions/new/"

    def __init__(self, client: HttpClient, place: int, category: int, name: str) -> None:
        self.client = client
        client.get(self.path)
        self.fields: list[tuple[str, object]] = [
            *(("key", uuid.uuid4()), ("where", name), ("place", place), ("what", "水")),
            *(("category", category), ("text", "水管漏水"), ("channel", "desk"), ("look", "1")),
        ]

    def send(self, sent: Sent) -> Answer:
        """Send an empty form with a photo."""
        return self.send_raw(form(self.fields, [("photos", sent)]), MULTIPART)

    def send_raw(self, body: bytes, kind: str) -> Answer:
        """Send a raw body."""
        return self.client.post(self.path, body, kind)


class ApiUpload:
    """The API: each accepted photo files a case."""

    path = "/api/v1/petitions/"

    def __init__(self, client: HttpClient, place: int, code: str) -> None:
        self.client = client
        report = {"place": place, "category": code, "text": "水管漏水"}
        self.fields: list[tuple[str, object]] = [("report", json.dumps(report))]

    def send(self, sent: Sent) -> Answer:
        """File a report with a photo."""
        return self.send_raw(form(self.fields, [("photos", sent)]), MULTIPART)

    def send_raw(self, body: bytes, kind: str) -> Answer:
        """Send a raw body."""
        return self.client.post(self.path, body, kind, {"Idempotency-Key": str(uuid.uuid4())})


Upload = PageUpload | DeskUpload | ApiUpload
