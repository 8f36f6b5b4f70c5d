"""Fixtures of all tests: the test cluster, the stack and a browser."""

import fcntl
import gc
import itertools
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from functools import partial
from io import TextIOWrapper
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import translation
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from config.lib import clock, register_cache
from config.local import embedded, paths
from tests.mutants import runner
from tests.support import database_roles
from tests.support.db_connections import terminate_connections
from tests.support.run_report import pytest_terminal_summary, report_figure
from tests.support.stack import Stack, shared
from tests.support.stage_fixture import stage

__all__ = ["pytest_terminal_summary", "report_figure", "stage"]  # found here by pytest

CHROMIUM = Path("/usr/bin/chromium")
_QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_NUMBERS = itertools.count()
_USERS = pytest.StashKey[TextIOWrapper]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the test cluster if it is not running, and register as a user of it."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the browser's driver runs an event loop
    database_roles.install()
    if hasattr(config, "workerinput") or config.option.help or config.option.collectonly:
        return
    at = paths.find(Path(os.environ["VAR_DIR"]))
    at.var.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(at.var / "anchors", ignore_errors=True)
    users = (at.var / "users.lock").open("w")
    fcntl.flock(users, fcntl.LOCK_SH)
    config.stash[_USERS] = users
    try:
        embedded.start(at, durable=False, broker=False)
        database_roles.let_owner_act_as_application(at)
    except embedded.ServiceError as error:
        pytest.exit(f"The test database does not start. {error}", returncode=3)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Add a copy of each test that a mutant names; start with the files of slow tests.

    So no process is left alone with a slow file at the end.
    """
    runner.add_to(items)
    yield
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from visiting what was imported, which no test frees."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a test; a copy with a mutant must fail."""
    return (yield from runner.call(pyfuncitem))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster when no other test run uses it."""
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
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Create the test database as the owner of the tables."""
    database_roles.connect_as_owner()


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Let the tests act as the application; at the end drop the database as its owner.

    End all connections to the test database, so that it can be dropped.

    A thread of a test may have left one open. Our own is reopened: Django uses another one while a
    browser's event loop runs, and a test that copies the database may have ended the earlier one.
    """
    with django_db_blocker.unblock():
        database_roles.act_as_application()
    yield
    with django_db_blocker.unblock():
        database_roles.connect_as_owner()
        terminate_connections(connection.settings_dict["NAME"])


@pytest.fixture(autouse=True)
def own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a test's travelled time when a new database connection is opened."""
    monkeypatch.setattr(clock, "synchronise", lambda _theirs: None)


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """Undo the language that the request of a test has chosen for its thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def own_anchors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test an empty folder of anchors, which exists once something is written."""
    folder = Path(os.environ["VAR_DIR"]) / "anchors" / f"{os.getpid()}-{next(_NUMBERS)}"
    monkeypatch.setattr(settings, "ANCHOR_DIR", folder)


@pytest.fixture(autouse=True)
def own_register_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the transaction around a test for none: the process uses versions read in it at once."""
    when_committed = register_cache._when_committed

    def at_once_in_a_test_case(action: Callable[[], None]) -> None:
        is_test_case = any(
            getattr(block, "_from_testcase", False) for block in connection.atomic_blocks
        )
        (action if is_test_case else partial(when_committed, action))()

    monkeypatch.setattr(register_cache, "_when_committed", at_once_in_a_test_case)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The running stack of this test run.

    The process that starts it waits at the end until all others have released it. It is therefore
    acquired once per process and released at the end of the session.
    """
    with shared(os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; the test is skipped without one."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}; `make test` installs it as root on Debian")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        yield running
        running.close()
