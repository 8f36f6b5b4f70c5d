"""Checks of the repository: dependencies, vendored files, generated documents, decision records."""

from __future__ import annotations

import hashlib
import re
import tomllib

from django.core.management import call_command
from django.urls import reverse

from grids.models import PlaceQr
from tests.support.architecture_rules import ROOT


def undescribed(pyproject: str) -> list[str]:
    """Dependency lines without the word what they are for."""
    lists = re.findall(r"^(?:\w+ ?= ?)\[\n((?: +\".*\n)+)\]", pyproject, re.M)
    named = {
        requirement
        for table in (tomllib.loads(pyproject)["project"],)
        for group in (table["dependencies"], *table["optional-dependencies"].values())
        for requirement in group
    }
    lines = [line.strip() for block in lists for line in block.splitlines()]
    return [
        line
        for line in lines
        if (quoted := re.match(r'"([^"]+)"', line))
        and quoted[1] in named
        and not re.search(r'",\s*# \S', line)
    ]


def test_every_dependency_says_what_it_is_for() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert undescribed(text) == []
    assert undescribed(text.replace("# password hashing", "")) == ['"argon2-cffi",']


def test_files_of_others_are_as_they_came() -> None:
    folder = ROOT / "static" / "vendor"
    listed = dict(
        reversed(pair)
        for pair in re.findall(
            r"^ *sha256 ([0-9a-f]{64})  (\S+)$", (folder / "VENDOR.txt").read_text(), re.M
        )
    )
    present = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "VENDOR.txt"
    }
    assert present == listed


def test_diagram_in_the_readme_is_the_table() -> None:
    call_command("state_diagram", check=ROOT / "README.md")


def test_decisions_are_numbered_without_gaps_and_short() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    assert [path.name for path in files if path.read_text().count("\n") > 40] == []


def test_address_printed_on_the_walls_opens_the_residents_page() -> None:
    # grids may not name the page of a higher app; what it prints must still lead there.
    assert PlaceQr(code="abc").get_absolute_url() == reverse("petitions:at_place", args=["abc"])
