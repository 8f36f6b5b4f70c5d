"""What every test leans on: the test cluster and a browser."""

import fcntl
import os
from collections.abc import Generator, Iterator
from io import TextIOWrapper
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from config.lib import clock
from config.local import embedded, paths
from tests.mutants import runner
from tests.support.db_connections import terminate_connections
from tests.support.run_report import pytest_terminal_summary, report_figure
from tests.support.stack import Stack, shared

__all__ = ["pytest_terminal_summary", "report_figure"]  # found here by pytest

CHROMIUM = Path("/usr/bin/chromium")
_QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_USERS = pytest.StashKey[TextIOWrapper]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the test cluster when nobody else has, and count ourselves among its users."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the browser's driver runs an event loop
    if hasattr(config, "workerinput") or config.option.help or config.option.collectonly:
        return
    at = paths.find(Path(os.environ["VAR_DIR"]))
    at.var.mkdir(parents=True, exist_ok=True)
    users = (at.var / "users.lock").open("w")
    fcntl.flock(users, fcntl.LOCK_SH)
    config.stash[_USERS] = users
    try:
        embedded.start(at, durable=False, broker=False)
    except embedded.ServiceError as error:
        pytest.exit(f"The test database does not start. {error}", returncode=3)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each test named for a planted mistake run once more, with the mistake."""
    runner.add_to(items)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a test; one with a planted mistake is wanted to fail."""
    return (yield from runner.call(pyfuncitem))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster when nobody else is testing."""
    users = config.stash.get(_USERS, None)
    if users is None:
        return
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        embedded.stop(paths.find(Path(os.environ["VAR_DIR"])))
    except BlockingIOError:
        pass  # another run of the tests still needs it
    finally:
        users.close()


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Let the database go at the end: a thread of a test may have left a connection behind.

    Our own is opened anew: while a browser's loop runs Django uses another one, and the one from
    before may have been ended meanwhile by a test that copies the database.
    """
    yield
    with django_db_blocker.unblock():
        connection.close()
        terminate_connections(connection.settings_dict["NAME"])


@pytest.fixture(autouse=True)
def own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test that travels in time not be called back by a new line to the database."""
    monkeypatch.setattr(clock, "synchronise", lambda _theirs: None)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The running stack of this run of the tests, for all who need one.

    Whoever starts it waits at the end until every other process has let go of it. So it is held
    to the very end, and once in a process: held twice, or let go early, it would wait for itself.
    """
    with shared(os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; without one the test is skipped."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}; `make test` installs it as root on Debian")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        yield running
        running.close()
