"""What dies is started again, after a growing pause; what is asked to stop is given its time."""

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
def part(tmp_path: Path) -> Iterator[supervisor.SupervisedProcess]:
    made = supervisor.SupervisedProcess(
        "nap", ["timeit", "-n1", "-r1", "__import__('time').sleep(60)"], 5, tmp_path / "log"
    )
    made.start()
    yield made
    made.kill()


def wait_until(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    return true()


def server_of(part: supervisor.SupervisedProcess) -> Server:
    assert part.running
    return part.running


def test_living_part_is_left_alone(part: supervisor.SupervisedProcess) -> None:
    before = server_of(part).pid
    part.revive()
    assert server_of(part).pid == before


def test_dead_part_is_started_again(
    part: supervisor.SupervisedProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    before = server_of(part).pid
    part.kill()
    assert wait_until(lambda: not server_of(part).is_alive())
    part.revive()
    assert "nap has ended; starting it again in 0.5 s" in capsys.readouterr().out
    assert wait_until(lambda: part.revive() or part.running is not None)  # type: ignore[func-returns-value]
    assert server_of(part).pid != before


def test_pauses_grow_and_are_forgotten(part: supervisor.SupervisedProcess) -> None:
    pauses = []
    for _ in range(8):
        part.kill()
        assert wait_until(lambda: not server_of(part).is_alive())
        part.revive()
        pauses.append(part.pause)
        part.start()
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]
    part.kill()
    assert wait_until(lambda: not server_of(part).is_alive())
    part.started_at -= supervisor.CALM_SECONDS + 1
    part.revive()
    assert part.pause == 0.5
    part.start()


def test_part_that_will_not_end_is_ended(tmp_path: Path) -> None:
    deaf = (
        "__import__('signal').signal(15, 1); print('deaf', flush=True);"
        "[__import__('time').sleep(1) for _ in range(60)]"
    )
    log = tmp_path / "log"
    part = supervisor.SupervisedProcess("deaf", ["timeit", "-n1", "-r1", deaf], 0.2, log)
    part.start()
    assert wait_until(lambda: "deaf" in log.read_text())
    part.stop()
    assert not server_of(part).is_alive()


def test_part_ends_with_its_supervisor(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent has died")
    reader, writer = os.pipe()
    supervisor_pid = os.fork()
    if not supervisor_pid:
        nap = ["timeit", "-n1", "-r1", "__import__('time').sleep(60)"]
        part = supervisor.SupervisedProcess("nap", nap, 5, tmp_path / "log")
        part.start()
        os.write(writer, str(server_of(part).pid).encode())
        time.sleep(60)
    pid = int(os.read(reader, 20))
    os.kill(supervisor_pid, signal.SIGKILL)
    os.waitpid(supervisor_pid, 0)
    os.close(reader)
    os.close(writer)
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists())
