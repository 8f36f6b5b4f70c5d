"""HTTP clients on plain sockets, which can disconnect at any point of a request."""

from __future__ import annotations

import io
import json
import random
import re
import socket
import struct
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from PIL import Image

TIMEOUT = 90.0  # seconds
RESET = struct.pack("ii", 1, 0)  # closing disconnects the line instead of saying goodbye
DISCONNECTS = ("after the headers", "within the body", "before the response")
HONEST = ("尚未受理", "还没有收下")
NO_RESPONSE = 0  # status of a broken connection or a timeout
AGAIN = {NO_RESPONSE, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE}
RETRY_DELAY = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Response:
    """A response, and the seconds it took."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0

    @property
    def data(self) -> dict[str, Any]:
        """The body as JSON; empty when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def is_honest_refusal(self) -> bool:
        """Whether this is a 503 that says that nothing was accepted, with Retry-After."""
        if self.status != HTTPStatus.SERVICE_UNAVAILABLE or "retry-after" not in self.headers:
            return False
        page = self.body.decode(errors="replace")
        return self.data.get("code") == "service_unavailable" or any(
            text in page for text in HONEST
        )


def request(
    port: int,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    cut: str = "",
    delay: float = 0.0,
) -> Response:
    """Send one request; with `cut` the client disconnects at that point, without a response."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{port}", "Connection: close"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {is_}" for name, is_ in headers.items())]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    start = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as line:
            line.sendall(head)
            if cut != DISCONNECTS[0]:
                line.sendall(body[: len(body) // 2] if cut == DISCONNECTS[1] else body)
            if cut:
                time.sleep(delay)
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                return Response(NO_RESPONSE)
            raw = b"".join(iter(lambda: line.recv(1 << 16), b""))
    except OSError:
        return Response(NO_RESPONSE, seconds=time.monotonic() - start)
    return _read(raw, time.monotonic() - start)


def _read(raw: bytes, seconds: float) -> Response:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split()
    if len(words) < 2:
        return Response(NO_RESPONSE, seconds=seconds)
    pairs = (line.partition(": ") for line in lines)
    found: dict[str, str] = {}
    for name, _colon, value in pairs:
        known = found.get(name.lower())
        found[name.lower()] = f"{known}\n{value}" if known else value
    if "chunked" in found.get("transfer-encoding", ""):
        body = _joined(body)
    elif len(body) < int(found.get("content-length", 0)):
        return Response(NO_RESPONSE, seconds=seconds)  # the connection broke within the response
    return Response(int(words[1]), found, body, seconds)


def _joined(body: bytes) -> bytes:
    found = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size or b"0", 16)
        found, body = found + body[:length], body[length + 2 :]
    return found


def photo(rng: random.Random, side: int = 320) -> bytes:
    """Return a small unique photo."""
    out = io.BytesIO()
    noise = Image.frombytes("L", (side, side), rng.randbytes(side * side))
    noise.convert("RGB").save(out, "JPEG", quality=60)
    return out.getvalue()


@dataclass
class PartnerClient:
    """An API client that files reports."""

    ports: list[int]
    token: str
    place: int
    rng: random.Random = field(default_factory=lambda: random.Random(11))

    def report(self, text: str, photos: int = 0) -> tuple[dict[str, str], bytes]:
        """Return headers and body of a report; with photos as a multipart form."""
        words = json.dumps({"place": self.place, "category": "WS01", "text": text}).encode()
        headers = {"Authorization": f"Bearer {self.token}"}
        if not photos:
            return headers | {"Content-Type": "application/json"}, words
        mark = uuid.uuid4().hex
        parts = [b'name="report"\r\n\r\n' + words]
        for number in range(photos):
            name = f'name="photos"; filename="{number}.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
            parts.append(name.encode() + photo(self.rng))
        start = f"--{mark}\r\nContent-Disposition: form-data; ".encode()
        body = b"".join(start + part + b"\r\n" for part in parts) + f"--{mark}--\r\n".encode()
        return headers | {"Content-Type": f"multipart/form-data; boundary={mark}"}, body

    def submit(self, sent: tuple[dict[str, str], bytes], key: str, **how: Any) -> Response:
        """Send a report with an idempotency key to one of the web servers."""
        headers = sent[0] | {"Idempotency-Key": key}
        port = self.rng.choice(self.ports)
        return request(port, "POST", "/api/v1/petitions/", headers, sent[1], **how)

    def submit_until_accepted(
        self,
        sent: tuple[dict[str, str], bytes],
        key: str,
        responses: Counter[int],
        timeout: float = 60.0,
    ) -> Response:
        """Send until the report is accepted or refused for good; count every status."""
        until = time.monotonic() + timeout
        while True:
            response = self.submit(sent, key)
            responses[response.status] += 1
            waits = response.status in {
                NO_RESPONSE,
                HTTPStatus.CONFLICT,
                HTTPStatus.SERVICE_UNAVAILABLE,
            }
            if not waits or time.monotonic() > until:
                return response
            time.sleep(RETRY_DELAY)


class Browser:
    """A browser without JavaScript: cookies and forms."""

    def __init__(self, port: int, address: str) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.address = address

    def open(self, path: str, form: Mapping[str, str] | None = None, **how: Any) -> Response:
        """Request a page, or post a form."""
        headers = {"X-Forwarded-For": self.address}
        headers["Cookie"] = "; ".join(f"{name}={is_}" for name, is_ in self.cookies.items())
        body, method = b"", "GET"
        if form is not None:
            method = "POST"
            sent = {"csrfmiddlewaretoken": self.cookies.get("csrftoken", ""), **form}
            body = urlencode(sent).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        response = request(self.port, method, path, headers, body, **how)
        for line in response.headers.get("set-cookie", "").split("\n"):
            name, _, rest = line.partition("=")
            if name:
                self.cookies[name] = rest.partition(";")[0]
        return response

    def fill_in(self, place: int, category: int, text: str) -> dict[str, str]:
        """Fill in a report up to the check page; return the fields of its form."""
        self.open("/report/")
        self.open("/report/", {"place": str(place)})
        self.open("/report/what/", {"category": str(category)})
        self.open("/report/tell/", {"text": text, "since": ""})
        self.open("/report/reach/", {"anonymous": "1"})
        page = self.open("/report/check/").body.decode()
        return dict(re.findall(r'name="(key|seen|notice)" value="([^"]*)"', page))


@dataclass
class RecordedResponse:
    """One request of a client pool: its name, its start, its response."""

    what: str
    at: float
    response: Response


class ClientPool:
    """Threads that send requests until the context ends; their responses are recorded."""

    def __init__(
        self, acts: Mapping[str, Callable[[int], Response]], rest: float = RETRY_DELAY
    ) -> None:
        self.responses: list[RecordedResponse] = []
        self.rest = rest
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._go_on, args=(what, act), daemon=True)
            for what, act in acts.items()
        ]

    def __enter__(self) -> ClientPool:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_rest: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(TIMEOUT)

    def since(self, at: float) -> list[RecordedResponse]:
        """Return the responses to requests sent after an instant."""
        return [recorded for recorded in list(self.responses) if recorded.at >= at]

    def _go_on(self, what: str, act: Callable[[int], Response]) -> None:
        number = 0
        while not self._over.is_set():
            at = time.time()
            response = act(number)
            self.responses.append(RecordedResponse(what, at, response))
            number += 1
            self._over.wait(self.rest)
