"""Forked processes that each run tests with one module changed, on a database of their own.

The parent imports every library, but no module of the product: a child that changes a module before
its first import starts in a fraction of a second.
"""

from __future__ import annotations

import fcntl
import importlib
import importlib.abc
import importlib.util
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from importlib.machinery import ModuleSpec, SourceFileLoader
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from config.local import embedded, paths
from config.local.embedded import postgres

ROOT = paths.ROOT
STORE = ROOT / "var" / "mutation"
TEMPLATE = "mutation_template"
OPTIONS = (
    *("-q", "-n", "0", "-p", "no:randomly"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # of preloaded plugins
)
OWN_PACKAGES = ("config", "grids", "branches", "members", "petitions", "tests", "__main__")
_LIST_MODULES = "import django, json, sys; django.setup(); import tests.conftest; {}".format(
    "print(json.dumps(list(sys.modules)))"
)
_CREATE_TEMPLATE = """
import django; django.setup()
from django.db import connection
from tests.support import database_roles
database_roles.connect_as_owner()
connection.creation.create_test_db(verbosity=0, serialize=False)
"""


@contextmanager
def services() -> Iterator[None]:
    """Run the cluster with an empty database of the current migrations; preload the libraries."""
    os.environ |= {
        "TEST_VAR_DIR": str(STORE),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TEST_DATABASE": TEMPLATE,
    }
    STORE.mkdir(parents=True, exist_ok=True)
    with (STORE / "users.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)  # no child stops the cluster at its end
        cluster = embedded.start(_paths(), durable=False, broker=False, bound=True)
        try:
            _execute(
                f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)",
                # as tests/support/database_roles.py does, which cannot be imported here
                f"GRANT {postgres.APPLICATION_ROLE} TO {postgres.ROLE}",
            )
            subprocess.run([sys.executable, "-c", _CREATE_TEMPLATE], cwd=ROOT, check=True)
            _preload()
            yield
        finally:
            cluster.stop()


def _paths() -> paths.DataPaths:
    return paths.find(STORE)


def _preload() -> None:
    command = [sys.executable, "-c", _LIST_MODULES]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    from django.conf import settings

    assert settings.configured or settings.DATABASES
    plugins = [plugin.module for plugin in metadata.entry_points(group="pytest11")]
    for name in (*plugins, *json.loads(listed.stdout)):
        if name.partition(".")[0] not in OWN_PACKAGES:
            # A module with models can be imported only when the apps of the product are loaded.
            with suppress(Exception):
                importlib.import_module(name)


class _ChangedModule(SourceFileLoader):
    """Loads one module from a changed text, and finds it before all other finders."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        super().__init__(name, str(path))
        self.source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec", dont_inherit=True)

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)


class Selection:
    """Plugin that keeps the wanted tests, in their order, and new parameters of the same tests."""

    def __init__(self, wanted: Sequence[str], known: set[str]) -> None:
        self.order = {test: place for place, test in enumerate(wanted)}
        self.functions = {test.partition("[")[0] for test in wanted}
        self.known = known

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop what is not wanted; a copy that tests/mutants adds is unknown, and is dropped."""
        items[:] = [item for item in items if self._is_wanted(item.nodeid)]
        items.sort(key=lambda item: self.order.get(item.nodeid, len(self.order)))

    def _is_wanted(self, test: str) -> bool:
        is_new = test not in self.known and test.partition("[")[0] in self.functions
        return test in self.order or (is_new and "[mutant: " not in test)


@dataclass(slots=True)
class ChildRun:
    """A child that runs tests; `database` is a number that no other running child has."""

    child: ForkProcess
    log: Path
    until: float
    database: int

    def status(self) -> int | None:
        """Return the exit status of the child, None while it runs; kill it after its time."""
        if self.child.is_alive() and time.monotonic() > self.until:
            self.child.kill()
            self.child.join()
        return self.child.exitcode


def start(
    database: int,
    timeout: float,
    arguments: Sequence[str],
    plugins: Callable[[], list[Any]],
    change: tuple[str, str] | None = None,
) -> ChildRun:
    """Fork a child that runs pytest; `change` is the file of a module and its changed text."""
    _execute(
        f"DROP DATABASE IF EXISTS mutation_{database} WITH (FORCE)",
        f"CREATE DATABASE mutation_{database} OWNER {postgres.ROLE} TEMPLATE {TEMPLATE}",
    )
    log = STORE / f"process-{database}.log"
    child = multiprocessing.get_context("fork").Process(
        target=_run, args=(f"mutation_{database}", log, arguments, plugins, change), daemon=True
    )
    child.start()
    return ChildRun(child, log, time.monotonic() + timeout, database)


def _execute(*statements: str) -> None:
    connection = postgres.connect(_paths())
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


def _run(
    database: str,
    log: Path,
    arguments: Sequence[str],
    plugins: Callable[[], list[Any]],
    change: tuple[str, str] | None,
) -> None:
    with log.open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    if change:
        file, source = change
        name = file.removesuffix(".py").replace("/", ".")
        sys.meta_path.insert(0, _ChangedModule(name, ROOT / file, source))
    from django.conf import settings
    from django.test import utils

    os.environ["TEST_DATABASE"] = settings.DATABASES["default"]["NAME"] = database
    utils.setup_databases = lambda **_options: []
    utils.teardown_databases = lambda *_arguments, **_options: None
    sys.exit(int(pytest.main([*OPTIONS, *arguments], plugins=plugins())))
