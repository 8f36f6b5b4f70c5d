"""Clients that keep their connection: one that takes the time, and eight at once for throughput."""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

CLIENTS = 8


class Refused(RuntimeError):
    """The server answered otherwise than was expected; nothing measured so would mean anything."""


@dataclass(frozen=True)
class Person:
    """Somebody who asks: by a session as browsers do, or by a token as programs do."""

    headers: dict[str, str]

    @classmethod
    def with_session(cls, name: str, key: str, csrf_name: str) -> Person:
        """Return somebody logged in; the site is behind a proxy that speaks TLS."""
        token = "benchmark" * 3 + "token"  # 32 characters, as the site makes them itself
        return cls(
            {
                "Cookie": f"{name}={key}; {csrf_name}={token}",
                "X-CSRFToken": token,
                "Referer": "https://localhost/",
                "X-Forwarded-Proto": "https",
            }
        )

    @classmethod
    def with_token(cls, token: str) -> Person:
        """Return a program with a token."""
        return cls({"Authorization": f"Bearer {token}", "X-Forwarded-Proto": "https"})


@dataclass
class Answer:
    """What came back, and how long it took from the first byte sent to the last one read."""

    status: int
    body: bytes
    headers: dict[str, str]
    ms: float

    def json(self) -> Any:
        """Return the body as data."""
        return json.loads(self.body)


class Line:
    """One kept connection to one server.

    It speaks as little HTTP as is needed: what a client takes of the cores is missing to those who
    are measured.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._open()

    def get(self, path: str, person: Person, wanted: int = 200) -> Answer:
        """Fetch a page."""
        return self._send("GET", path, person, None, {}, wanted)

    def form(self, path: str, person: Person, data: dict[str, Any], wanted: int = 302) -> Answer:
        """Send a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", path, person, urlencode(data).encode(), kind, wanted)

    def post(
        self, path: str, person: Person, data: Any, wanted: int = 200, **headers: str
    ) -> Answer:
        """Send JSON; an underscore in a header's name stands for a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps(data).encode()
        return self._send(
            "POST", path, person, body, {"Content-Type": "application/json"} | named, wanted
        )

    def close(self) -> None:
        """Hang up."""
        self._answers.close()
        self._socket.close()

    def _open(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=600)
        self._answers = self._socket.makefile("rb")

    def _send(
        self,
        method: str,
        path: str,
        person: Person,
        body: bytes | None,
        headers: dict[str, str],
        wanted: int,
    ) -> Answer:
        sent = {"Host": "localhost", "Accept-Encoding": "identity", **person.headers, **headers}
        if body is not None:
            sent["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        message = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (body or b"")
        start = time.perf_counter()
        try:
            status, named, content = self._ask(message)
        except (BrokenPipeError, ConnectionResetError):
            self.close()  # kept too long for the server's liking: once more
            self._open()
            start = time.perf_counter()
            status, named, content = self._ask(message)
        ms = (time.perf_counter() - start) * 1000
        if status != wanted:
            where = named.get("Location", "")
            raise Refused(
                f"{method} {path}: {status} {where}, not {wanted}\n"
                f"{content[:600].decode(errors='replace')}"
            )
        return Answer(status, content, named, ms)

    def _ask(self, message: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send one request and read its answer, which must say its length."""
        self._socket.sendall(message)
        first = self._answers.readline()
        if not first:
            raise ConnectionResetError
        named = {}
        for line in iter(self._answers.readline, b"\r\n"):
            name, _colon, value = line.decode("latin-1").partition(":")
            named[name] = value.strip()
        status = int(first.split()[1])
        length = named.get("Content-Length", "0" if status == 304 else "")
        if not length:
            raise Refused(f"an answer without its length: {first!r}")
        return status, named, self._answers.read(int(length))


def percentiles(taken: Iterable[float]) -> dict[str, float]:
    """Return p50, p95 and p99 of times in milliseconds, and how many there were."""
    ordered = sorted(taken)
    count = len(ordered)

    def at(share: float) -> float:
        return ordered[min(count - 1, int(count * share))]

    return {
        "p50": round(statistics.median(ordered), 2),
        "p95": round(at(0.95), 2),
        "p99": round(at(0.99), 2),
        "n": count,
    }


@dataclass
class Rush:
    """What eight clients got done together."""

    seconds: float
    done: int
    taken: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Return the throughput."""
        return self.done / self.seconds

    def figures(self) -> dict[str, float]:
        """Return throughput and times."""
        return {"per_second": round(self.per_second, 1), **percentiles(self.taken)}


def together(parts: Iterable[Rush]) -> Rush:
    """Return several rushes as one."""
    parts = list(parts)
    taken = [ms for part in parts for ms in part.taken]
    return Rush(sum(part.seconds for part in parts), sum(part.done for part in parts), taken)


def rush(port: int, ask: Callable[[Line, int], Answer], count: int, clients: int = CLIENTS) -> Rush:
    """Let `clients` ask `count` times in all, each on a kept connection of its own.

    `ask` gets the connection and the number of the request. The first failure ends the rush.
    """
    numbers = iter(range(count))
    lock, taken, failures = threading.Lock(), [], []  # type: ignore[var-annotated]

    def work() -> None:
        line = Line(port)
        try:
            while not failures:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                answer = ask(line, number)
                taken.append(answer.ms)
        except Exception as error:  # noqa: BLE001 - told by the one who waits
            failures.append(error)
        finally:
            line.close()

    threads = [threading.Thread(target=work) for _client in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if failures:
        raise failures[0]
    return Rush(seconds, len(taken), taken)
