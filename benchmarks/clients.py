"""HTTP clients with kept connections: one to measure latency, eight at once for throughput."""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

CLIENTS = 8


class UnexpectedResponse(RuntimeError):
    """The status is not the expected one, so the measurement would be meaningless."""


@dataclass(frozen=True)
class Credentials:
    """The request headers of one user: a session cookie or an API token."""

    headers: dict[str, str]

    @classmethod
    def with_session(cls, name: str, key: str, csrf_name: str) -> Credentials:
        """Return the headers of a logged-in browser behind a proxy that terminates TLS."""
        token = "benchmark" * 3 + "token"  # 32 characters, the length of Django's own tokens
        return cls(
            {
                "Cookie": f"{name}={key}; {csrf_name}={token}",
                "X-CSRFToken": token,
                "Referer": "https://localhost/",
                "X-Forwarded-Proto": "https",
            }
        )

    @classmethod
    def with_token(cls, token: str) -> Credentials:
        """Return the headers of an API client."""
        return cls({"Authorization": f"Bearer {token}", "X-Forwarded-Proto": "https"})


@dataclass
class Response:
    """A response, and the milliseconds from the first byte sent to the last byte read."""

    status: int
    body: bytes
    headers: dict[str, str]
    ms: float

    def json(self) -> Any:
        """Return the parsed body."""
        return json.loads(self.body)


class HttpConnection:
    """One kept connection to a server on this machine.

    It implements only the HTTP it needs, because server and client share the same cores.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._open()

    def get(self, path: str, credentials: Credentials, expected: int = 200) -> Response:
        """Fetch a page."""
        return self._send("GET", path, credentials, None, {}, expected)

    def form(
        self, path: str, credentials: Credentials, data: dict[str, Any], expected: int = 302
    ) -> Response:
        """Post a form."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", path, credentials, urlencode(data).encode(), headers, expected)

    def post(
        self, path: str, credentials: Credentials, data: Any, expected: int = 200, **headers: str
    ) -> Response:
        """Post JSON; an underscore in a header's name stands for a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps(data).encode()
        all_headers = {"Content-Type": "application/json"} | named
        return self._send("POST", path, credentials, body, all_headers, expected)

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()
        self._socket.close()

    def _open(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=600)
        self._reader = self._socket.makefile("rb")

    def _send(
        self,
        method: str,
        path: str,
        credentials: Credentials,
        body: bytes | None,
        headers: dict[str, str],
        expected: int,
    ) -> Response:
        sent = {"Host": "localhost", "Accept-Encoding": "identity"}
        sent |= credentials.headers | headers
        if body is not None:
            sent["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        message = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (body or b"")
        start = time.perf_counter()
        try:
            status, received, content = self._exchange(message)
        except (BrokenPipeError, ConnectionResetError):
            self.close()  # the server closed the idle connection; send once more on a new one
            self._open()
            start = time.perf_counter()
            status, received, content = self._exchange(message)
        ms = (time.perf_counter() - start) * 1000
        if status != expected:
            location = received.get("Location", "")
            raise UnexpectedResponse(
                f"{method} {path}: {status} {location}, not {expected}\n"
                f"{content[:600].decode(errors='replace')}"
            )
        return Response(status, content, received, ms)

    def _exchange(self, message: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send one request and read its response, which must have a Content-Length."""
        self._socket.sendall(message)
        status_line = self._reader.readline()
        if not status_line:
            raise ConnectionResetError
        headers = {}
        for line in iter(self._reader.readline, b"\r\n"):
            name, _colon, value = line.decode("latin-1").partition(":")
            headers[name] = value.strip()
        status = int(status_line.split()[1])
        length = headers.get("Content-Length", "0" if status == 304 else "")
        if not length:
            raise UnexpectedResponse(f"a response without Content-Length: {status_line!r}")
        return status, headers, self._reader.read(int(length))


def quoted(path: str) -> str:
    """Percent-encode the Chinese characters of a path with query, as browsers do."""
    return quote(path, safe="/?&=,%")


def percentiles(times: Iterable[float]) -> dict[str, float]:
    """Return p50, p95 and p99 of times in milliseconds, and their number."""
    ordered = sorted(times)
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
class LoadResult:
    """The requests that several clients sent at once: seconds, number, milliseconds of each."""

    seconds: float
    done: int
    times: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """The throughput."""
        return self.done / self.seconds

    def figures(self) -> dict[str, float]:
        """Return throughput and percentiles."""
        return {"per_second": round(self.per_second, 1), **percentiles(self.times)}


def merged(results: Iterable[LoadResult]) -> LoadResult:
    """Return several load results as one."""
    results = list(results)
    times = [ms for result in results for ms in result.times]
    seconds = sum(result.seconds for result in results)
    return LoadResult(seconds, sum(result.done for result in results), times)


def run_load(
    port: int,
    send: Callable[[HttpConnection, int], Response],
    count: int,
    clients: int = CLIENTS,
) -> LoadResult:
    """Let `clients` send `count` requests in all, each on its own kept connection.

    `send` gets the connection and the number of the request. The first failure ends the run.
    """
    numbers = iter(range(count))
    lock = threading.Lock()
    times: list[float] = []
    failures: list[Exception] = []

    def work() -> None:
        connection = HttpConnection(port)
        try:
            while not failures:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                times.append(send(connection, number).ms)
        except Exception as error:  # noqa: BLE001 - raised again by the calling thread
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _client in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if failures:
        raise failures[0]
    return LoadResult(seconds, len(times), times)
