"""The services of a run are its own, survive a kill, and say what is wrong."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config.local import embedded, paths, supervisor
from config.local.embedded import postgres, valkey


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[paths.DataPaths]:
    """A second cluster, far from the first."""
    found = paths.find(tmp_path_factory.mktemp("second") / "var")
    yield found
    embedded.stop(found)
    for folder in {found.services, found.sockets.parent}:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def services(at: paths.DataPaths) -> Iterator[embedded.Services]:
    running = embedded.start(at, durable=False)
    yield running
    running.stop()


def ask(at: paths.DataPaths, sql: str) -> object:
    connection = postgres.connect(at)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            row = cursor.fetchone()
            assert row
            return row[0]
    finally:
        connection.close()


def test_they_are_proved_to_be_ours(at: paths.DataPaths, services: embedded.Services) -> None:
    recorded = (postgres.data_folder(at) / "postmaster.pid").read_text().splitlines()
    assert int(recorded[0]) == services.postgres.pid
    assert ask(at, "SHOW data_directory") == str(postgres.data_folder(at))
    assert services.valkey
    client = redis.Redis(unix_socket_path=str(at.broker))
    assert client.info("server")["process_id"] == services.valkey.pid
    client.close()


def test_they_listen_on_no_port(at: paths.DataPaths, services: embedded.Services) -> None:
    assert ask(at, "SHOW listen_addresses") == ""
    assert at.sockets.stat().st_mode & 0o077 == 0


def test_chinese_can_be_searched(at: paths.DataPaths, services: embedded.Services) -> None:
    assert ask(at, "SELECT cardinality(show_trgm('路灯'))") == 3
    assert ask(at, "SELECT lower('ҚАЗАҚ')") == "қазақ"


def test_application_is_no_superuser(at: paths.DataPaths, services: embedded.Services) -> None:
    assert ask(at, "SELECT rolsuper FROM pg_roles WHERE rolname = 'zhaozhibu'") is False


def test_second_start_finds_the_first(at: paths.DataPaths, services: embedded.Services) -> None:
    again = embedded.start(at)
    assert [server.pid for server in again.servers] == [server.pid for server in services.servers]
    again.stop()
    assert all(server.is_alive() for server in services.servers)


def test_killed_servers_start_again(at: paths.DataPaths, services: embedded.Services) -> None:
    for server in services.servers:
        os.kill(server.pid, signal.SIGKILL)
        assert server.child
        server.child.wait()
    assert postgres.running(at) is None
    assert valkey.running(at) is None
    again = embedded.start(at, durable=False)
    assert all(server.started_here for server in again.servers)
    again.stop()


def test_process_number_taken_by_a_stranger_is_seen_through(at: paths.DataPaths) -> None:
    embedded.start(at, durable=False, broker=False).stop()
    lock = postgres.data_folder(at) / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{postgres.data_folder(at)}\n0\n5432\n{at.sockets}\n\n0\n")
    again = embedded.start(at, durable=False, broker=False)
    assert again.postgres.pid != os.getpid()
    again.stop()


def test_bound_servers_end_with_a_killed_supervisor(at: paths.DataPaths) -> None:
    code = (
        "import sys, time; from config.local import embedded, paths; from pathlib import Path;"
        "s = embedded.start(paths.find(Path(sys.argv[1])), durable=False, bound=True);"
        "print(*(x.pid for x in s.servers), flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(at.var)], cwd=paths.ROOT, stdout=subprocess.PIPE
    )
    assert holder.stdout
    pids = [int(word) for word in holder.stdout.readline().split()]
    holder.kill()
    holder.wait()
    holder.stdout.close()
    until = time.monotonic() + 20
    while (postgres.running(at) or valkey.running(at)) and time.monotonic() < until:
        time.sleep(0.05)
    assert len(pids) == 2
    assert postgres.running(at) is None
    assert valkey.running(at) is None


def test_long_path_gets_short_sockets(tmp_path: Path) -> None:
    found = paths.find(tmp_path / ("long" * 40) / "var")
    assert len(os.fsencode(found.sockets / paths.POSTGRES_SOCKET)) <= paths.SOCKET_PATH_LIMIT


def test_full_disk_is_told_before_anything_starts(
    at: paths.DataPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "MIN_FREE_BYTES", 2**62)
    with pytest.raises(embedded.ServiceError, match="Free some space"):
        embedded.start(at)


def test_missing_programs_are_told(at: paths.DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_bundled", lambda *_: [])
    monkeypatch.setattr(postgres, "_installed", lambda: [Path("/nowhere")])
    with pytest.raises(embedded.ServiceError, match="Install the package 'postgresql'"):
        embedded.start(at, broker=False)


def test_systems_own_postgres_serves_when_the_bundled_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not postgres._installed():
        pytest.skip("no PostgreSQL of the system's own here")
    found = paths.find(tmp_path / "var")
    monkeypatch.setattr(postgres, "_bundled", lambda *_: [Path("/nowhere")])
    running = embedded.start(found, durable=False, broker=False)
    assert ask(found, "SELECT cardinality(show_trgm('路灯'))") == 3
    running.stop()
    monkeypatch.undo()
    with pytest.raises(embedded.ServiceError, match="was made by PostgreSQL"):
        embedded.start(found, broker=False)
    shutil.rmtree(found.services)


def serve(var: Path, port: int) -> "subprocess.CompletedProcess[str]":
    surroundings = {**os.environ, "VAR_DIR": str(var), "PORT": str(port)}
    return subprocess.run(
        [sys.executable, "-m", "config.local.supervisor"],
        cwd=paths.ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_run_in_use_says_where(tmp_path: Path) -> None:
    found = paths.find(tmp_path)
    with found.lock.open("a+") as lock:
        assert supervisor._acquire(lock)
        supervisor._write(lock, {"pid": 1, "address": "http://localhost:8000/"})
        refused = serve(tmp_path, 8000)
    assert refused.returncode == 1
    assert "already running at http://localhost:8000/" in refused.stderr


def test_port_in_use_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = serve(tmp_path, port)
    assert refused.returncode == 1
    assert f"make run PORT={port + 1}" in refused.stderr
