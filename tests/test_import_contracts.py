"""The import contracts of pyproject.toml report planted imports and unlisted modules."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.architecture_rules import CODE, ROOT

# What is planted, and the contract that must report it.
PLANTED = {
    "journeys are independent": (
        "petitions/worklist/home.py",
        "from petitions.tracking import pages",
        "petitions: independent journeys",
    ),
    "shared code imports no journey": (
        "petitions/web/access.py",
        "from petitions.intake import drafts",
        "petitions: independent journeys",
    ),
    "only the workflow imports the tasks": (
        "petitions/intake/submit.py",
        "from petitions import tasks",
        "petitions: only the workflow imports the Celery tasks",
    ),
    "imports for types count": (
        "petitions/rules/routing.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from petitions import workflow",
        "petitions: independent journeys",
    ),
    "a new module is listed": ("petitions/web/planted.py", "", "Layers of petitions.web"),
    "a new package is listed": ("petitions/planted/__init__.py", "", "petitions: independent"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the Python packages and pyproject.toml to a folder of their own."""
    folder = tmp_path_factory.mktemp("contracts")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in CODE:
        for path in (ROOT / package).rglob("*.py"):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return folder


def _report(folder: Path) -> tuple[int, str]:
    """Run the contracts in `folder`; return exit status and output without line breaks."""
    program = Path(sys.executable).with_name("lint-imports")
    process = subprocess.run(
        [program, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )
    return process.returncode, " ".join(process.stdout.split())


@pytest.mark.slow
def test_source_keeps_the_contracts(copy: Path) -> None:
    status, output = _report(copy)
    assert status == 0, output


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTED)
def test_planted_violation_is_reported(copy: Path, plant: str) -> None:
    name, text, contract = PLANTED[plant]
    path = copy / name
    original = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{original or ''}\n{text}\n")
    try:
        status, output = _report(copy)
    finally:
        path.unlink()
        if original is not None:
            path.write_text(original)
        elif not any(path.parent.iterdir()):
            path.parent.rmdir()
    assert status != 0
    assert re.search(rf"{re.escape(contract)}(?:(?!KEPT|BROKEN).)*BROKEN", output), output
