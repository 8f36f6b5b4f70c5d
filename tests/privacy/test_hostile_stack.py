"""Hostile files against the running stack: response times and memory stay bounded."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.privacy import hostile, odd_forms
from tests.privacy.flows import PLACE, WHAT
from tests.privacy.hostile import KEPT, Sent
from tests.privacy.scale import IS_FULL
from tests.privacy.test_hostile_files import (
    LONGEST,
    SMALL,
    PhotoFolder,
    problems_in_file,
    problems_with,
)
from tests.privacy.upload_paths import ApiUpload, DeskUpload, PageUpload, Upload
from tests.privacy.visitor import Answer, Visitor, fresh_address
from tests.support.stack import Stack

pytestmark = pytest.mark.skipif(not IS_FULL, reason="takes minutes; `make canaries` runs it")

MOST_GROWTH = 300  # MB of any web process
MB = 1024  # kB


class ChangingAddressVisitor(Visitor):
    """A visitor that uses another IP address for each request."""

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send one request."""
        self.address = fresh_address()
        return super().ask(method, path, body, headers)


def web_processes(stack: Stack) -> list[int]:
    """Return the process ids of this stack's web server."""
    ours = f"VAR_DIR={stack.at.var}".encode()
    processes = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_web = b"gunicorn" in (folder / "cmdline").read_bytes()
            if is_web and ours in (folder / "environ").read_bytes().split(b"\0"):
                processes.append(int(folder.name))
        except OSError:
            continue
    return processes


def memory(pid: int, what: str) -> float:
    """Return the memory of a process in MB: `VmRSS` is the current, `VmHWM` the peak size."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / MB
    return 0.0


def _uploads(stack: Stack, token: str) -> dict[str, Upload]:
    place, category = _ids(stack)
    desk = DeskUpload(ChangingAddressVisitor(stack).log_in("staff"), place, category, PLACE)
    desk.fields = [(name, WHAT if name == "what" else value) for name, value in desk.fields]
    return {
        "page": PageUpload(ChangingAddressVisitor(stack), place, category),
        "desk": desk,
        "program": ApiUpload(ChangingAddressVisitor(stack, bearer=token), place, "WS01"),
    }


def _ids(stack: Stack) -> tuple[int, int]:
    return (
        stack.value("SELECT id FROM grids_area WHERE full_name = %s", PLACE),
        stack.value("SELECT id FROM petitions_category WHERE code = 'WS01'"),
    )


def test_every_file_and_form_by_every_upload_path(stack: Stack, token: str) -> None:
    folder, wrong, slowest, count = PhotoFolder(stack.at.var / "media"), list[str](), 0.0, 0
    processes = web_processes(stack)
    assert len(processes) >= 2, "a server and its worker"
    before = {pid: memory(pid, "VmRSS") for pid in processes}
    everything = SMALL | hostile.large()
    for upload_name, upload in _uploads(stack, token).items():
        for name, sent in everything.items():
            began = time.monotonic()
            _keep_pace(upload, count)
            wrong += [f"{upload_name} {line}" for line in problems_with(upload, folder, name, sent)]
            slowest, count = max(slowest, time.monotonic() - began), count + 1
        for name, (body, kind) in odd_forms.bodies(upload.fields).items():
            answer = upload.send_raw(body, kind)
            count += 1
            for file in folder.added():
                wrong += [
                    f"{upload_name} {name}: {problem}" for problem in problems_in_file(file, body)
                ]
            if answer.status >= 500:
                wrong.append(f"{upload_name} {name}: {answer.status}")
    assert web_processes(stack) == processes, "a process has died"
    growth = max(memory(pid, "VmHWM") - before[pid] for pid in processes)
    print(
        f"\nhostile: {count} sent by 3 upload paths, {len(wrong)} wrong, slowest {slowest:.1f} s,"
        f" highest growth of a web process {growth:.0f} MB"
    )
    assert not wrong, "\n".join(wrong)
    assert growth <= MOST_GROWTH


def _keep_pace(upload: Upload, count: int) -> None:
    """Stay below the API's rate limit, which is not tested here."""
    if isinstance(upload, ApiUpload) and count % 2:
        time.sleep(0.6)


def test_largest_files_concurrently(stack: Stack) -> None:
    heavy = [sent for sent in hostile.large().values() if sent.outcome == KEPT] * 2
    processes = web_processes(stack)
    before = {pid: memory(pid, "VmRSS") for pid in processes}

    def attempt(sent: Sent) -> tuple[int, float]:
        other = PageUpload(ChangingAddressVisitor(stack), *_ids(stack))
        began = time.monotonic()
        return other.send(sent).status, time.monotonic() - began

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(attempt, heavy))
    growth = max(memory(pid, "VmHWM") - before[pid] for pid in processes)
    longest = max(seconds for _status, seconds in answers)
    print(f"\nhostile, 4 at once: longest {longest:.1f} s, highest growth {growth:.0f} MB")
    assert {status for status, _seconds in answers} == {302}
    assert longest <= LONGEST
    assert growth <= MOST_GROWTH
