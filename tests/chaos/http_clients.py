"""Those who call: requests written byte by byte, so that a line can be cut at any moment."""

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

PATIENCE = 90.0  # seconds after which a caller calls it a hang
RESET = struct.pack("ii", 1, 0)  # closing breaks the line instead of saying goodbye
CUTS = ("after the headers", "within the body", "before the answer")
HONEST = ("尚未受理", "还没有收下")
UNANSWERED = 0  # the status of a line that broke or stayed silent
AGAIN = {UNANSWERED, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE}
REST = 0.05  # seconds between two tries


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and after how many seconds."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0

    @property
    def said(self) -> dict[str, Any]:
        """The body as JSON; empty when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def is_honest(self) -> bool:
        """Tell whether a refusal for lack of a service says so, and when to come again."""
        if self.status != HTTPStatus.SERVICE_UNAVAILABLE or "retry-after" not in self.headers:
            return False
        page = self.body.decode(errors="replace")
        return self.said.get("code") == "service_unavailable" or any(one in page for one in HONEST)


def call(
    port: int,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    cut: str = "",
    delay: float = 0.0,
) -> Answer:
    """Ask a server of ours once; with `cut` the line is broken at that moment and nothing heard."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{port}", "Connection: close"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {is_}" for name, is_ in headers.items())]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    start = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
            line.sendall(head)
            if cut != CUTS[0]:
                line.sendall(body[: len(body) // 2] if cut == CUTS[1] else body)
            if cut:
                time.sleep(delay)
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                return Answer(UNANSWERED)
            raw = b"".join(iter(lambda: line.recv(1 << 16), b""))
    except OSError:
        return Answer(UNANSWERED, seconds=time.monotonic() - start)
    return _read(raw, time.monotonic() - start)


def _read(raw: bytes, seconds: float) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split()
    if len(words) < 2:
        return Answer(UNANSWERED, seconds=seconds)
    pairs = (line.partition(": ") for line in lines)
    found: dict[str, str] = {}
    for name, _colon, value in pairs:
        known = found.get(name.lower())
        found[name.lower()] = f"{known}\n{value}" if known else value
    if "chunked" in found.get("transfer-encoding", ""):
        body = _joined(body)
    elif len(body) < int(found.get("content-length", 0)):
        return Answer(UNANSWERED, seconds=seconds)  # broken off within the answer
    return Answer(int(words[1]), found, body, seconds)


def _joined(body: bytes) -> bytes:
    found = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size or b"0", 16)
        found, body = found + body[:length], body[length + 2 :]
    return found


def photo(chance: random.Random, side: int = 320) -> bytes:
    """Return a small photo that nobody has sent before."""
    out = io.BytesIO()
    noise = Image.frombytes("L", (side, side), chance.randbytes(side * side))
    noise.convert("RGB").save(out, "JPEG", quality=60)
    return out.getvalue()


@dataclass
class Partner:
    """A system with a token that files reports."""

    ports: list[int]
    token: str
    place: int
    chance: random.Random = field(default_factory=lambda: random.Random(11))

    def report(self, text: str, photos: int = 0) -> tuple[dict[str, str], bytes]:
        """Return one report as it is sent, headers and body; with photos as a form."""
        words = json.dumps({"place": self.place, "category": "WS01", "text": text}).encode()
        headers = {"Authorization": f"Bearer {self.token}"}
        if not photos:
            return headers | {"Content-Type": "application/json"}, words
        mark = uuid.uuid4().hex
        parts = [b'name="report"\r\n\r\n' + words]
        for number in range(photos):
            name = f'name="photos"; filename="{number}.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
            parts.append(name.encode() + photo(self.chance))
        start = f"--{mark}\r\nContent-Disposition: form-data; ".encode()
        body = b"".join(start + part + b"\r\n" for part in parts) + f"--{mark}--\r\n".encode()
        return headers | {"Content-Type": f"multipart/form-data; boundary={mark}"}, body

    def file(self, sent: tuple[dict[str, str], bytes], key: str, **how: Any) -> Answer:
        """Send a report under a key, to any of the web servers."""
        headers = sent[0] | {"Idempotency-Key": key}
        port = self.chance.choice(self.ports)
        return call(port, "POST", "/api/v1/petitions/", headers, sent[1], **how)

    def file_until(
        self,
        sent: tuple[dict[str, str], bytes],
        key: str,
        heard: Counter[int],
        patience: float = 60.0,
    ) -> Answer:
        """Send until it is accepted, as a patient client does; every answer is counted."""
        until = time.monotonic() + patience
        while True:
            answer = self.file(sent, key)
            heard[answer.status] += 1
            waits = answer.status in {
                UNANSWERED,
                HTTPStatus.CONFLICT,
                HTTPStatus.SERVICE_UNAVAILABLE,
            }
            if not waits or time.monotonic() > until:
                return answer
            time.sleep(REST)


class Browser:
    """A resident's browser without script: it keeps cookies and fills in forms."""

    def __init__(self, port: int, address: str) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.address = address

    def open(self, path: str, form: Mapping[str, str] | None = None, **how: Any) -> Answer:
        """Open a page, or send a form."""
        headers = {"X-Forwarded-For": self.address}
        headers["Cookie"] = "; ".join(f"{name}={is_}" for name, is_ in self.cookies.items())
        body, method = b"", "GET"
        if form is not None:
            method = "POST"
            sent = {"csrfmiddlewaretoken": self.cookies.get("csrftoken", ""), **form}
            body = urlencode(sent).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = call(self.port, method, path, headers, body, **how)
        for line in answer.headers.get("set-cookie", "").split("\n"):
            name, _, rest = line.partition("=")
            if name:
                self.cookies[name] = rest.partition(";")[0]
        return answer

    def fill_in(self, place: int, category: int, text: str) -> dict[str, str]:
        """Fill in a report up to the check page; return what its button sends."""
        self.open("/report/")
        self.open("/report/", {"place": str(place)})
        self.open("/report/what/", {"category": str(category)})
        self.open("/report/tell/", {"text": text, "since": ""})
        self.open("/report/reach/", {"anonymous": "1"})
        page = self.open("/report/check/").body.decode()
        return dict(re.findall(r'name="(key|seen|notice)" value="([^"]*)"', page))


@dataclass
class Heard:
    """One request of a crowd: what was asked, when, and what came."""

    what: str
    at: float
    answer: Answer


class Crowd:
    """Threads that call again and again until told to stop; what they heard is kept."""

    def __init__(self, acts: Mapping[str, Callable[[int], Answer]], rest: float = REST) -> None:
        self.heard: list[Heard] = []
        self.rest = rest
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._go_on, args=(what, act), daemon=True)
            for what, act in acts.items()
        ]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_rest: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def since(self, at: float) -> list[Heard]:
        """Return what was asked after an instant and answered by now."""
        return [one for one in list(self.heard) if one.at >= at]

    def _go_on(self, what: str, act: Callable[[int], Answer]) -> None:
        number = 0
        while not self._over.is_set():
            at = time.time()
            answer = act(number)
            self.heard.append(Heard(what, at, answer))
            number += 1
            self._over.wait(self.rest)
