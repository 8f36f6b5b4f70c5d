"""A program with a token, and how the tests call the door for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from members.models import User

ROOT = "/api/v1"
JSON = "application/json"
PROBLEM = "application/problem+json"
MOST_QUERIES = 12


class Program:
    """Whoever calls with a token."""

    def __init__(self, user: User | None) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers: dict[str, str] = {}
        if user is not None:
            _row, token = AuthToken.objects.create(user=user)
            self.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: Any) -> Any:
        """Read an address below the root."""
        headers = self.headers | query.pop("headers", {})
        return self.client.get(f"{ROOT}{path}", query, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Send JSON; header names are written with underscores."""
        return self.client.post(
            f"{ROOT}{path}",
            "" if body is None else json.dumps(body),
            content_type=JSON,
            headers=self.headers | _named(headers),
        )

    def send(self, path: str, form: Mapping[str, Any], **headers: str) -> Any:
        """Send a form with files."""
        return self.client.post(f"{ROOT}{path}", form, headers=self.headers | _named(headers))

    def act(self, pk: int, verb: str, body: Any = None, version: int | None = None) -> Any:
        """Do a verb on a case, on the version given."""
        headers = {"If_Match": f'"v{version}"'} if version is not None else {}
        return self.post(f"/petitions/{pk}/{verb}/", body, **headers)


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def unnumbered(answer: Any) -> Any:
    """Return an answer without the number of its request, to be compared with another."""
    number = answer.headers["X-Request-ID"].encode()
    del answer.headers["X-Request-ID"]
    answer.content = answer.content.replace(number, b"")
    return answer


def upload(body: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    """Return a file as a form sends it."""
    return SimpleUploadedFile(name, body, "image/jpeg")


def statements(caught: CaptureQueriesContext) -> list[str]:
    """Return what went to the database; savepoints stand only where a test wraps everything."""
    return [query["sql"] for query in caught.captured_queries if "SAVEPOINT" not in query["sql"]]


def watching() -> CaptureQueriesContext:
    """Count the queries of what happens inside."""
    return CaptureQueriesContext(connection)
