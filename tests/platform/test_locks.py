"""Lock files pin by hash and name no address; every dependency says what it is for."""

import re

import pytest

from config.local import paths

LOCKS = ("requirements.lock", "requirements-dev.lock", "benchmarks/helpdesk/requirements.lock")


@pytest.mark.parametrize("name", LOCKS)
def test_lock_has_hashes_and_no_address(name: str) -> None:
    text = (paths.ROOT / name).read_text()
    assert not re.search(r"://|--index|--find-links|^-e", text, re.MULTILINE)
    pins = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
    assert pins
    assert all("==" in pin for pin in pins)
    assert len(re.findall(r"--hash=sha256:", text)) >= len(pins)


@pytest.mark.parametrize("name", LOCKS[1:])
def test_the_other_locks_contain_the_first(name: str) -> None:
    first, other = (
        set(re.findall(r"^\S+==\S+", (paths.ROOT / one).read_text(), re.MULTILINE))
        for one in (LOCKS[0], name)
    )
    assert first <= other


def test_every_dependency_says_what_it_is_for() -> None:
    text = (paths.ROOT / "pyproject.toml").read_text()
    head = text[: text.index("[build-system]")]
    wanted = re.findall(r'^    "[^"]+",(.*)$', head, re.MULTILINE)
    assert wanted
    assert all(re.match(r"\s+# \w+", comment) for comment in wanted)
