"""The web server as docker compose starts it: its environment, its command, its health check.

Only what a test cannot have is replaced: the port by a free one, and the folders of the container
by temporary ones. The database is not there, as while it is being restarted.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.local import paths

REQUIRED = {
    "SECRET_KEY": secrets.token_urlsafe(50),
    "CONTACT_KEYS": "1:" + urlsafe_b64encode(os.urandom(32)).decode(),
    "TRACKING_SECRET": secrets.token_urlsafe(50),
    "POSTGRES_PASSWORD": "a-password",
    "APPLICATION_DB_PASSWORD": "another-password",
    "ALLOWED_HOSTS": "zhibu.example.org",
}
"""The variables that .env.example calls required, filled in as it says."""

_VARIABLE = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")
SECONDS_TO_START = 60


def interpolate(text: str, variables: dict[str, str]) -> str:
    """Replace `${NAME}`, `${NAME:-default}` and `${NAME:?message}` as docker compose does."""

    def value(found: re.Match[str]) -> str:
        name, operator, rest = found.groups()
        if variables.get(name):
            return variables[name]
        if operator == ":?":
            raise ValueError(f"{name}: {rest}")
        return rest if operator == ":-" else ""

    return _VARIABLE.sub(value, text)


@dataclass
class Running:
    """The running server and what compose says about it."""

    port: int
    health_check: list[str]
    environment: dict[str, str]
    health_interval: float

    def check(self) -> subprocess.CompletedProcess[str]:
        """Run the health check of the compose file."""
        return subprocess.run(
            self.health_check, env=self.environment, capture_output=True, text=True, check=False
        )

    def ask(self, path: str, host: str) -> tuple[int, str]:
        """Return status and body of a request with a Host header."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Host": host}
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _environment(part: dict[str, Any], folder: Path, port: int) -> dict[str, str]:
    given = {name: interpolate(str(text), REQUIRED) for name, text in part["environment"].items()}
    assert given["BIND"] == "0.0.0.0:8000"
    moved = {name: re.sub(r"^/(data|tmp)\b", rf"{folder}/\1", text) for name, text in given.items()}
    programs = f"{Path(sys.executable).parent}:{os.defpath}"
    return moved | {"BIND": f"127.0.0.1:{port}", "PATH": programs}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    part = yaml.safe_load((paths.ROOT / "docker-compose.yml").read_text())["services"]["web"]
    folder, port = tmp_path_factory.mktemp("container"), _free_port()
    environment = _environment(part, folder, port)
    kind, *health_check = part["healthcheck"]["test"]
    assert kind == "CMD"
    command = [text.replace(":8000/", f":{port}/") for text in health_check]
    assert command != health_check
    interval = float(part["healthcheck"]["interval"].removesuffix("s"))
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        part["command"], cwd=paths.ROOT, env=environment, stdout=log, stderr=log
    )
    running = Running(port, command, environment, interval)
    try:
        ends = time.monotonic() + SECONDS_TO_START
        while running.check().returncode and time.monotonic() < ends and process.poll() is None:
            time.sleep(0.5)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def test_health_check_of_the_compose_file_succeeds(server: Running) -> None:
    done = server.check()
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("host", ["127.0.0.1", "web:8000", "10.1.2.3", "evil.example"])
def test_health_pages_answer_whatever_the_host(server: Running, host: str) -> None:
    assert server.ask("/livez", host) == (200, "ok\n")
    status, body = server.ask("/readyz", host)
    assert status == 503  # no database here
    assert json.loads(body)["checks"]["database"] == {"ok": False}
    assert server.ask("/metrics", host)[0] == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
def test_other_pages_answer_their_own_hosts_only(server: Running, host: str) -> None:
    for path in ("/", "/account/login/", "/livez/"):
        assert server.ask(path, host)[0] == 400, path


def test_missing_variable_is_named() -> None:
    with pytest.raises(ValueError, match=r"SECRET_KEY: set it in \.env"):
        interpolate("${SECRET_KEY:?set it in .env}", {})
    assert interpolate("a${X:-b}${Y}c", {"X": ""}) == "abc"
