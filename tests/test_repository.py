"""Checks of the repository: dependencies, vendored files, generated documents, decision records."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

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


def test_vendored_files_match_their_checksums() -> None:
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


def test_diagram_in_the_readme_matches_the_state_table() -> None:
    call_command("state_diagram", check=ROOT / "README.md")


DECISION = re.compile(
    r"# (?P<number>\d{4}) \S.*\n\n"
    r"Date: \d{4}-\d\d-\d\d\. Status: (accepted|superseded by \d{4})\.\n\n"
    r"\*\*Context\.\*\*.*\n\*\*Decision\.\*\*.*\n\*\*Consequences\.\*\*",
    re.DOTALL,
)


def malformed_decisions(texts: dict[str, str]) -> list[str]:
    """Return decision records without number, title, date, status or one of the three sections."""
    return [
        name
        for name, text in texts.items()
        if not (shape := DECISION.match(text)) or shape["number"] != name[:4]
    ]


def test_decisions_are_numbered_without_gaps_short_and_complete() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    texts = {path.name: path.read_text() for path in files}
    assert [int(name[:4]) for name in texts] == list(range(1, len(files) + 1))
    assert [name for name, text in texts.items() if text.count("\n") > 40] == []
    assert malformed_decisions(texts) == []
    first = files[0]
    planted = {
        "0002-other-number.md": texts[first.name],
        first.name: texts[first.name].replace("Date: ", ""),
        "0001-no-context.md": texts[first.name].replace("**Context.**", ""),
    }
    assert malformed_decisions(planted) == list(planted)


DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/**/*.md")
# Written by commands or by an operator, not part of the repository.
OUTSIDE = re.compile(r"^(var|backups|photos|thumbs|deploy/tls)/|[<*{…]")


def missing_paths(document: Path, text: str) -> list[str]:
    """Return paths and links of a document that name no file of the repository."""
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    paths = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text)
    return [
        *(link for link in links if not (document.parent / link).exists()),
        *(path for path in paths if not OUTSIDE.search(path) and not (ROOT / path).exists()),
    ]


def test_documents_name_existing_files() -> None:
    documents = [path for pattern in DOCUMENTS for path in sorted(ROOT.glob(pattern))]
    assert len(documents) > 25
    missing_by_name = {path.name: missing_paths(path, path.read_text()) for path in documents}
    assert {name: missing for name, missing in missing_by_name.items() if missing} == {}
    assert missing_paths(ROOT / "README.md", "`config/nowhere.py` [a](docs/nowhere.md)") == [
        "docs/nowhere.md",
        "config/nowhere.py",
    ]


def test_qr_address_opens_the_residents_page() -> None:
    # grids may not name the page of a higher app; what it prints must still lead there.
    assert PlaceQr(code="abc").get_absolute_url() == reverse("petitions:at_place", args=["abc"])
