"""Clients that file reports under faults: residents by page, other systems by API.

Each retries with the same key until its report is acknowledged. Every response is checked: a
refusal must say that nothing was accepted, and a connection may break only when a server was
killed.
"""

from __future__ import annotations

import http.client
import io
import itertools
import json
import random
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.checks import AcknowledgedReport

BOUNDARY = "a-line-between-parts"
TIMEOUT = 40.0  # seconds a client waits for an response
AGAIN = 0.15  # seconds until it tries again; sooner than it is told to
NOT_YET = "还没有收下"  # what the page says while nothing can be taken in
FAILURES = (OSError, http.client.HTTPException)
HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')
NUMBER = re.compile(r'code__value"[^>]*>\s*\d{4}-(\d+)\s*<')


@dataclass(frozen=True, slots=True)
class Disconnect:
    """A broken connection: server, start and end."""

    port: int
    start: float
    end: float
    what: str


@dataclass
class ReportLog:
    """The responses that the clients got, kept in the memory of the harness."""

    acked: list[AcknowledgedReport] = field(default_factory=list)
    filed: list[tuple[float, float]] = field(default_factory=list)  # tried, told
    told: Counter[str] = field(default_factory=Counter)
    disconnects: list[Disconnect] = field(default_factory=list)
    wrong_refusals: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ack(self, acked: AcknowledgedReport, start: float) -> None:
        """Record an acknowledgement."""
        with self.lock:
            self.acked.append(acked)
            self.filed.append((start, time.time()))

    def first_after(self, instant: float) -> float:
        """Return when the first report was filed that was tried after an instant."""
        with self.lock:
            return min((end for start, end in self.filed if start >= instant), default=0.0)


@dataclass(frozen=True, slots=True)
class Response:
    """A response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def where(self) -> str:
        """The last part of a redirect's path."""
        return self.headers.get("Location", "").removesuffix("/").rpartition("/")[2]


class Client:
    """One who reports, from an address of its own, to whichever server responses_by_key."""

    numbers = itertools.count(1)

    def __init__(self, ports: list[int], report_log: ReportLog, door: str) -> None:
        number = next(self.numbers)
        self.address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self.ports = ports
        self.report_log = report_log
        self.door = door
        self.key = str(uuid.uuid4())
        self.cookies: dict[str, str] = {}
        self.tried = 0.0

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Response | None:
        """Send one request; None when the connection broke, which is noted."""
        port = random.choice(self.ports)
        self.tried = time.time()
        sent = {"Host": "localhost", "X-Forwarded-For": self.address, **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        try:
            line.request(method, path, body or None, sent)
            found = line.getresponse()
            response = Response(found.status, found.headers, found.read())
        except FAILURES as error:
            broken = Disconnect(port, self.tried, time.time(), f"{type(error).__name__}: {error}")
            with self.report_log.lock:
                self.report_log.disconnects.append(broken)
            return None
        finally:
            line.close()
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response

    def retry_until(
        self, right: Callable[[Response], bool], *words: object, stop: threading.Event
    ) -> Response | None:
        """Ask until the response is right; None when the load ends before."""
        while not stop.is_set():
            response = self.ask(*words)  # type: ignore[arg-type]
            if response and right(response):
                self._count(f"{self.door} {response.status}")
                return response
            if response:
                self._judge(response)
            time.sleep(AGAIN)
        return None

    def _judge(self, response: Response) -> None:
        """Hold a refusal against what was promised."""
        self._count(f"{self.door} {response.status}")
        if response.status == 503:
            kind = response.headers.get("Content-Type", "")
            honest = response.headers.get("Retry-After", "").isdecimal() and (
                (kind == "application/problem+json" and '"service_unavailable"' in response.text)
                if self.door == "api"
                else NOT_YET in response.text
            )
        else:
            honest = response.status == 409  # its own lost attempt is still being handled
        if not honest:
            said = " ".join(re.sub(r"<[^>]+>|\s+", " ", response.text).split())
            self._note(f"{self.door} {response.status} {response.where} {said[:200]}")

    def _count(self, what: str) -> None:
        with self.report_log.lock:
            self.report_log.told[what] += 1

    def _note(self, what: str) -> None:
        with self.report_log.lock:
            self.report_log.wrong_refusals.append(what)


def by_api(client: Client, token: str, body: dict[str, object], stop: threading.Event) -> None:
    """File one report as a partner system, with one photo or two."""
    pictures = [picture() for _number in range(random.choice((1, 2)))]
    sent = _form({"report": json.dumps(body)}, pictures)
    headers = {
        "Authorization": f"Bearer {token}",
        "Idempotency-Key": client.key,
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    told = client.retry_until(
        lambda response: response.status == 201,
        *("POST", "/api/v1/petitions/", sent, headers),
        stop=stop,
    )
    if told:
        acked = AcknowledgedReport(json.loads(told.body)["id"], client.key, len(pictures))
        client.report_log.ack(acked, client.tried)


def by_page(client: Client, place: int, category: int, stop: threading.Event) -> None:
    """File one report as a resident does, page after page, with one photo."""
    told = client.retry_until(lambda response: response.status == 200, "GET", "/report/", stop=stop)
    fields = dict(HIDDEN.findall(told.text)) if told else {}
    photo = [picture()]
    for path, following, given, files in (
        ("", "what", {"place": str(place)}, []),
        ("what/", "tell", {"category": str(category)}, []),
        ("tell/", "reach", {"text": f"演练 {client.key}", "since": "", "about": ""}, photo),
        ("reach/", "check", {"anonymous": "1"}, []),
    ):
        told = told and _send(client, path, following, fields, given, files, stop)
    told = told and client.retry_until(
        lambda response: response.status == 200, "GET", "/report/check/", stop=stop
    )
    if not told:
        return
    seen = dict(HIDDEN.findall(told.text))
    client.key = seen["key"]
    if not _send(client, "check/", "receipt", fields, seen, [], stop):
        return
    start = client.tried
    told = client.retry_until(
        lambda response: response.status == 200, "GET", "/report/receipt/", stop=stop
    )
    if told:
        number = NUMBER.search(told.text)
        client.report_log.ack(
            AcknowledgedReport(int(number[1]) if number else 0, client.key, 1), start
        )


def _send(
    client: Client,
    path: str,
    following: str,
    fields: dict[str, str],
    given: dict[str, str],
    files: list[bytes],
    stop: threading.Event,
) -> Response | None:
    """Send one page of the report; right is the way to the next one."""
    sent = {"csrfmiddlewaretoken": fields.get("csrfmiddlewaretoken", "")} | given
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return client.retry_until(
        lambda response: response.status == 302 and response.where == following,
        *("POST", f"/report/{path}", _form(sent, files), headers),
        stop=stop,
    )


def picture() -> bytes:
    """Return a small unique photo."""
    from PIL import Image

    colour = tuple(random.randbytes(3))
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return out.getvalue()


def _form(fields: dict[str, str], files: list[bytes]) -> bytes:
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in fields.items()
    ]
    head = b'Content-Disposition: form-data; name="photos"; filename="p.jpg"\r\n'
    parts += [head + b"Content-Type: image/jpeg\r\n\r\n" + body for body in files]
    line = f"--{BOUNDARY}".encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
