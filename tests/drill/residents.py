"""The load: reports with photos and contacts, filed without a pause, each answer kept."""

from __future__ import annotations

import http.cookiejar
import io
import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from tests.support.stack import Stack

CATEGORY = "WS01"
TIMEOUT = 30.0
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@dataclass(frozen=True)
class Acked:
    """A report that was answered with 201: what its sender knows, and when."""

    pk: int
    code: str
    phone: str
    at: float
    seconds: float


@dataclass
class Residents:
    """Threads that file reports through the API until told to stop."""

    stack: Stack
    place: int
    token: str
    urgency: str = "urgent"
    acked: list[Acked] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def file(self) -> Acked | None:
        """File one report with a photo and a telephone number that no other one has."""
        phone = f"1390000{uuid.uuid4().int % 10000:04d}"
        report = {
            "place": self.place,
            "category": CATEGORY,
            "text": "示例：打开水龙头，水是浑的。",
            "urgency": self.urgency,
            "contact": {"name": "示例居民", "phone": phone},
        }
        start = time.time()
        status, body = send(
            f"{self.stack.address}/api/v1/petitions/",
            {"report": json.dumps(report)},
            picture(),
            {"Authorization": f"Bearer {self.token}", "Idempotency-Key": str(uuid.uuid4())},
        )
        if status != 201:
            self.refused.append(f"{status} {body[:200]}")
            return None
        found = json.loads(body)
        end = time.time()
        one = Acked(found["id"], found["tracking_code"], phone, end, end - start)
        self.acked.append(one)
        return one

    @contextmanager
    def at_work(self, threads: int = 2) -> Iterator[None]:
        """Keep filing while the body runs."""
        crowd = [threading.Thread(target=self._work) for _ in range(threads)]
        for one in crowd:
            one.start()
        try:
            yield
        finally:
            self.over.set()
            for one in crowd:
                one.join()

    def _work(self) -> None:
        while not self.over.is_set():
            self.file()


def picture() -> bytes:
    """Return a small photo unlike any other."""
    out = io.BytesIO()
    tint = uuid.uuid4().int
    Image.new("RGB", (320, 240), (tint & 255, tint >> 8 & 255, tint >> 16 & 255)).save(out, "JPEG")
    return out.getvalue()


def send(url: str, fields: dict[str, str], photo: bytes, headers: dict[str, str]) -> Any:
    """Send a form with one photo; return status and body, whatever they are."""
    edge = uuid.uuid4().hex
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts.append(
        f'--{edge}\r\nContent-Disposition: form-data; name="photos"; filename="p.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n".encode()
    )
    body = b"".join(parts) + photo + f"\r\n--{edge}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    request = urllib.request.Request(url, body, headers | kind)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def prepared(stack: Stack, where: str) -> Residents:
    """Return residents with a token, at a building found as a clerk would find it."""
    token = stack.manage("issue_token", "partner").stdout.strip()
    request = urllib.request.Request(
        f"{stack.address}/api/v1/buildings/?q={where}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        found = json.load(answer)
    return Residents(stack, int(found["results"][0]["id"]), token)


class Browser:
    """Somebody at the pages: keeps cookies, sends the form's own token."""

    def __init__(self, stack: Stack) -> None:
        self.home = stack.address
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> bytes:
        """Return a page; empty when it is refused."""
        return self._ask(f"{self.home}{path}")[1]

    def post(self, page: str, path: str = "", **given: str) -> tuple[str, str]:
        """Send the form of a page; return where it has led and what is there."""
        token = TOKEN.search(self.get(page).decode())
        if token is None:
            return "", f"there is no form at {page}"
        form = urllib.parse.urlencode(given | {"csrfmiddlewaretoken": token[1]}).encode()
        there, body = self._ask(f"{self.home}{path or page}", form)
        return urllib.parse.urlsplit(there).path, body.decode()

    def _ask(self, url: str, form: bytes | None = None) -> tuple[str, bytes]:
        try:
            with self.opener.open(url, form, timeout=TIMEOUT) as answer:
                return answer.url, answer.read()
        except urllib.error.HTTPError as error:
            return str(error.code), b""
