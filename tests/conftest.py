"""What every test leans on: the test cluster and a browser."""

import fcntl
import os
from io import TextIOWrapper
from pathlib import Path

import pytest

from config import embedded, places

_USERS = pytest.StashKey[TextIOWrapper]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the test cluster when nobody else has, and count ourselves among its users."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the browser's driver runs an event loop
    if hasattr(config, "workerinput") or config.option.help or config.option.collectonly:
        return
    at = places.find(Path(os.environ["VAR_DIR"]))
    at.var.mkdir(parents=True, exist_ok=True)
    users = (at.var / "users.lock").open("w")
    fcntl.flock(users, fcntl.LOCK_SH)
    config.stash[_USERS] = users
    try:
        embedded.start(at, durable=False, broker=False)
    except embedded.ServiceError as error:
        pytest.exit(f"The test database does not start. {error}", returncode=3)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster when nobody else is testing."""
    users = config.stash.get(_USERS, None)
    if users is None:
        return
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # another run of the tests still needs it
    embedded.stop(places.find(Path(os.environ["VAR_DIR"])))
