"""A visitor of the running stack with its own cookies and IP address, and raw form bodies.

Each visitor connects from its own address in 127.0.0.0/8, so no forwarding header is involved.
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
    """A response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def where(self) -> str:
        """The path of the redirect."""
        return urlsplit(self.headers.get("location", "")).path


def fresh_address() -> str:
    """Return an unused loopback address."""
    number = next(_numbers)
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{2 + number % 250}"


@dataclass
class Visitor:
    """A client with its own cookies, or with a bearer token."""

    stack: Stack
    address: str = field(default_factory=fresh_address)
    bearer: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, bytes]] | None = None  # path and body of each response, if recorded

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a GET request."""
        return self.ask("GET", path, b"", dict(headers or {}))

    def post(
        self,
        path: str,
        form: Mapping[str, object] | bytes = b"",
        kind: str = FORM,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a form with the CSRF token of the cookie."""
        body = form if isinstance(form, bytes) else urlencode(form, doseq=True).encode()
        more = {"Content-Type": kind, "X-CSRFToken": self.cookies.get("csrftoken", "")}
        return self.ask("POST", path, body, more | dict(headers or {}))

    def send_json(self, path: str, content: object, headers: Mapping[str, str]) -> Answer:
        """Send JSON."""
        return self.post(path, json.dumps(content).encode(), "application/json", headers)

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send one request on a new connection."""
        port = urlsplit(self.stack.address).port
        request = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=TIMEOUT, source_address=(self.address, 0)
        )
        headers["Host"] = urlsplit(self.stack.address).netloc
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer}"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            request.request(method, path, body, headers)
            got = request.getresponse()
            answer = Answer(
                got.status, {name.lower(): value for name, value in got.getheaders()}, got.read()
            )
            for cookie in got.headers.get_all("Set-Cookie") or []:
                self.cookies |= {
                    morsel.key: morsel.value for morsel in SimpleCookie(cookie).values()
                }
        finally:
            request.close()
        if self.seen is not None:
            self.seen.append((path, answer.body))
        return answer

    def log_in(self, name: str) -> Visitor:
        """Log in with a demo account."""
        self.get("/account/login/")
        answer = self.post("/account/login/", {"login": name, "password": PASSWORD})
        assert answer.status == 302, (name, answer.status)
        return self


def form(fields: Iterable[tuple[str, object]], files: Iterable[tuple[str, Sent]] = ()) -> bytes:
    """Return a multipart body; names are not escaped."""
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
