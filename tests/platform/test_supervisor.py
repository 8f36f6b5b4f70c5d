"""Supervisor of `make run`: restart with back-off, stop with a timeout."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.local import paths, supervisor
from config.local.embedded import Server


@pytest.fixture
def process(tmp_path: Path) -> Iterator[supervisor.SupervisedProcess]:
    started = supervisor.SupervisedProcess(
        "nap", ["timeit", "-n1", "-r1", "__import__('time').sleep(60)"], 5, tmp_path / "log"
    )
    started.start()
    yield started
    started.kill()


def wait_until(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


def server_of(process: supervisor.SupervisedProcess) -> Server:
    assert process.server
    return process.server


def restarted(process: supervisor.SupervisedProcess) -> bool:
    process.restart_if_ended()
    return process.server is not None


def test_running_process_is_not_restarted(process: supervisor.SupervisedProcess) -> None:
    before = server_of(process).pid
    process.restart_if_ended()
    assert server_of(process).pid == before


def test_ended_process_is_restarted(
    process: supervisor.SupervisedProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    before = server_of(process).pid
    process.kill()
    assert wait_until(lambda: not server_of(process).is_alive())
    process.restart_if_ended()
    assert "nap has ended; restarting it in 0.5 s" in capsys.readouterr().out
    assert wait_until(lambda: restarted(process))
    assert server_of(process).pid != before


def test_backoff_grows_and_is_reset(process: supervisor.SupervisedProcess) -> None:
    delays = []
    for _ in range(8):
        process.kill()
        assert wait_until(lambda: not server_of(process).is_alive())
        process.restart_if_ended()
        delays.append(process.backoff)
        process.start()
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30]
    process.kill()
    assert wait_until(lambda: not server_of(process).is_alive())
    process.started_at -= supervisor.STABLE_SECONDS + 1
    process.restart_if_ended()
    assert process.backoff == 0.5
    process.start()


def test_process_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    ignoring = (
        "__import__('signal').signal(15, 1); print('ignoring', flush=True);"
        "[__import__('time').sleep(1) for _ in range(60)]"
    )
    log = tmp_path / "log"
    process = supervisor.SupervisedProcess("ignoring", ["timeit", "-n1", "-r1", ignoring], 0.2, log)
    process.start()
    assert wait_until(lambda: "ignoring" in log.read_text())
    process.stop()
    assert not server_of(process).is_alive()


def test_process_ends_with_its_supervisor(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent has died")
    reader, writer = os.pipe()
    supervisor_pid = os.fork()
    if not supervisor_pid:
        nap = ["timeit", "-n1", "-r1", "__import__('time').sleep(60)"]
        process = supervisor.SupervisedProcess("nap", nap, 5, tmp_path / "log")
        process.start()
        os.write(writer, str(server_of(process).pid).encode())
        time.sleep(60)
    pid = int(os.read(reader, 20))
    os.kill(supervisor_pid, signal.SIGKILL)
    os.waitpid(supervisor_pid, 0)
    os.close(reader)
    os.close(writer)
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists())


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A socket of another program that listens on a port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other


def port_of(listener: socket.socket | None) -> int:
    assert listener
    return int(listener.getsockname()[1])


def test_next_free_port_is_chosen(taken: socket.socket, capsys: pytest.CaptureFixture[str]) -> None:
    port = port_of(taken)
    listener = supervisor.listen("127.0.0.1", port, tries=20)
    assert listener
    with closing(listener):
        assert port < port_of(listener) < port + 20
        words = f"Port {port} is in use by another program; using {port_of(listener)}."
        assert words in capsys.readouterr().out


def test_port_of_the_user_is_not_replaced(taken: socket.socket) -> None:
    assert supervisor.listen("127.0.0.1", port_of(taken), tries=1) is None


def test_port_of_a_program_on_the_ipv6_loopback_is_not_chosen() -> None:
    try:
        other = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("there is no IPv6 here")
    with closing(other):
        assert supervisor.listen("127.0.0.1", port_of(other), tries=1) is None


def test_port_is_held_from_the_choice_on() -> None:
    listener = supervisor.listen("127.0.0.1", 0, tries=1)
    assert listener
    with closing(listener), socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port_of(listener)))


def test_web_server_gets_the_held_port_again_after_each_end(tmp_path: Path) -> None:
    listener = supervisor.listen("127.0.0.1", 0, tries=1)
    assert listener
    with closing(listener):
        run = supervisor.Supervisor(paths.find(tmp_path), "127.0.0.1", listener)
        assert run.address == f"http://localhost:{port_of(listener)}/"
        web = run.processes[0]
        assert f"fd://{listener.fileno()}" in web.command
        answer = r"c.recv(9999), c.sendall(b'HTTP/1.0 200 OK\r\n\r\nok'), c.close()"
        accept = f"__import__('socket').socket(fileno={listener.fileno()}).accept"
        serve = f"[({answer}) for c, _ in iter({accept}, 0)]"
        web.log, web.command = tmp_path / "log", ["timeit", "-n1", "-r1", serve]
        assert not supervisor._answers(run.address)  # the port is held, and nothing accepts
        for _ in range(2):
            web.start()
            run._wait_for_web()
            web.kill()
            assert wait_until(lambda: not server_of(web).is_alive())
