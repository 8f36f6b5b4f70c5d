"""Load: reports with photos and contact details, filed without pause; responses are recorded."""

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
class AcknowledgedReport:
    """A report answered with 201: its id, tracking code, phone, time and latency."""

    pk: int
    code: str
    phone: str
    at: float
    seconds: float


@dataclass
class Residents:
    """Threads that file reports by API until stopped."""

    stack: Stack
    place: int
    token: str
    urgency: str = "urgent"
    acknowledged: list[AcknowledgedReport] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def file(self) -> AcknowledgedReport | None:
        """File one report with a unique photo and a telephone number."""
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
        data = json.loads(body)
        end = time.time()
        report_filed = AcknowledgedReport(
            data["id"], data["tracking_code"], phone, end, end - start
        )
        self.acknowledged.append(report_filed)
        return report_filed

    @contextmanager
    def running(self, threads: int = 2) -> Iterator[None]:
        """File reports while the body runs."""
        workers = [threading.Thread(target=self._work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        try:
            yield
        finally:
            self.stopped.set()
            for worker in workers:
                worker.join()

    def _work(self) -> None:
        while not self.stopped.is_set():
            self.file()


def picture() -> bytes:
    """Return a small unique photo."""
    out = io.BytesIO()
    colour = uuid.uuid4().int
    Image.new("RGB", (320, 240), (colour & 255, colour >> 8 & 255, colour >> 16 & 255)).save(
        out, "JPEG"
    )
    return out.getvalue()


def send(url: str, fields: dict[str, str], photo: bytes, headers: dict[str, str]) -> Any:
    """Send a form with one photo; return status and body."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="photos"; filename="p.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n".encode()
    )
    body = b"".join(parts) + photo + f"\r\n--{boundary}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(url, body, headers | kind)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def with_token(stack: Stack, where: str) -> Residents:
    """Return the load with an API token, for a building found by the building search."""
    token = stack.manage("issue_token", "partner").stdout.strip()
    request = urllib.request.Request(
        f"{stack.address}/api/v1/buildings/?q={where}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        data = json.load(response)
    return Residents(stack, int(data["results"][0]["id"]), token)


class Browser:
    """A browser without JavaScript: cookies and CSRF tokens."""

    def __init__(self, stack: Stack) -> None:
        self.home = stack.address
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> bytes:
        """Return a page; empty when refused."""
        return self._request(f"{self.home}{path}")[1]

    def post(self, page: str, path: str = "", **given: str) -> tuple[str, str]:
        """Post the form of a page; return the final path and the body."""
        token = TOKEN.search(self.get(page).decode())
        if token is None:
            return "", f"there is no form at {page}"
        form = urllib.parse.urlencode(given | {"csrfmiddlewaretoken": token[1]}).encode()
        there, body = self._request(f"{self.home}{path or page}", form)
        return urllib.parse.urlsplit(there).path, body.decode()

    def _request(self, url: str, form: bytes | None = None) -> tuple[str, bytes]:
        try:
            with self.opener.open(url, form, timeout=TIMEOUT) as response:
                return response.url, response.read()
        except urllib.error.HTTPError as error:
            return str(error.code), b""
