"""A visitor of the running stack with cookies and an address of its own, and raw forms to send.

Every visitor comes from an address of its own in 127.0.0.0/8, which the server sees as it is: no
header has to be believed for that.
"""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from tests.privacy.hostile import Sent
from tests.support.browser_driver import PASSWORD
from tests.support.stack import Stack

FORM = "application/x-www-form-urlencoded"
BOUNDARY = b"qzx7boundary"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY.decode()}"
TIMEOUT = 60  # seconds
_numbers = itertools.count(2)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as words."""
        return self.body.decode(errors="replace")

    @property
    def where(self) -> str:
        """The path it leads on to."""
        return urlsplit(self.headers.get("location", "")).path


def fresh_address() -> str:
    """Return an address of this machine that nobody has used yet."""
    number = next(_numbers)
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{2 + number % 250}"


@dataclass
class Visitor:
    """Somebody with cookies of their own; a program has a bearer token instead."""

    stack: Stack
    address: str = field(default_factory=fresh_address)
    bearer: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, bytes]] | None = None  # everything that was answered, if it is kept

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Read an address."""
        return self.ask("GET", path, b"", dict(headers or {}))

    def post(
        self,
        path: str,
        form: Mapping[str, object] | bytes = b"",
        kind: str = FORM,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a form, with the token that came as a cookie."""
        body = form if isinstance(form, bytes) else urlencode(form, doseq=True).encode()
        more = {"Content-Type": kind, "X-CSRFToken": self.cookies.get("csrftoken", "")}
        return self.ask("POST", path, body, more | dict(headers or {}))

    def send_json(self, path: str, content: object, headers: Mapping[str, str]) -> Answer:
        """Send JSON."""
        return self.post(path, json.dumps(content).encode(), "application/json", headers)

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send one request on a connection of its own."""
        port = urlsplit(self.stack.address).port
        line = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=TIMEOUT, source_address=(self.address, 0)
        )
        headers["Host"] = urlsplit(self.stack.address).netloc
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer}"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={one}" for name, one in self.cookies.items())
        try:
            line.request(method, path, body, headers)
            got = line.getresponse()
            answer = Answer(
                got.status, {name.lower(): one for name, one in got.getheaders()}, got.read()
            )
            for cookie in got.headers.get_all("Set-Cookie") or []:
                self.cookies |= {one.key: one.value for one in SimpleCookie(cookie).values()}
        finally:
            line.close()
        if self.seen is not None:
            self.seen.append((path, answer.body))
        return answer

    def log_in(self, name: str) -> Visitor:
        """Log in as one of the demo people."""
        self.get("/account/login/")
        answer = self.post("/account/login/", {"login": name, "password": PASSWORD})
        assert answer.status == 302, (name, answer.status)
        return self


def form(fields: Iterable[tuple[str, object]], files: Iterable[tuple[str, Sent]] = ()) -> bytes:
    """Return a form with files as a browser would send it, whatever stands in the names."""
    parts = [
        b'Content-Disposition: form-data; name="%s"\r\n\r\n%s' % (name.encode(), _bytes(value))
        for name, value in fields
    ]
    parts += [
        b'Content-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s\r\n\r\n%s'
        % (name.encode(), sent.name, sent.kind, sent.body)
        for name, sent in files
    ]
    lines = [b"--" + BOUNDARY + b"\r\n" + part + b"\r\n" for part in parts]
    return b"".join(lines) + b"--" + BOUNDARY + b"--\r\n"


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
