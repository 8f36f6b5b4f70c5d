"""Supervisor of `make run`: restart with back-off, stop with a timeout."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.local import supervisor
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
