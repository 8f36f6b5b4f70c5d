"""Keys, settings, backups and residents' files reach neither the repository nor the image."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import pytest
import yaml

from config.local import paths
from tests.support.architecture_rules import ROOT

PRIVATE = [
    *("deploy/tls/cert.pem", "deploy/tls/key.pem", "deploy/tls/chain/intermediate.crt"),
    *("deploy/site.key", "key.pem", "config/server.key"),
    *(".env", ".env.production", ".env.local", "deploy/.env"),
    *("var/secrets.json", "var/media/photos/a.webp", "var/outbox/sms.jsonl"),
    *("backups/zhaozhibu-20261129T000000Z/database.dump", "media/photos/a.webp"),
    *("database.dump", "deploy/zhaozhibu.dump"),
]
NEEDED = [
    *("docker-compose.yml", "deploy/nginx.conf", "config/settings.py", "manage.py"),
    *("requirements.lock", "locale/en/LC_MESSAGES/django.po", "templates/base.html"),
]


def is_ignored_by_docker(path: str, patterns: list[str]) -> bool:
    """Apply `.dockerignore`: a pattern holds for a path and everything below; the last one wins."""
    is_ignored = False
    parts = PurePosixPath(path).parts
    for pattern in patterns:
        wanted = PurePosixPath(pattern.removeprefix("!").strip("/")).parts
        if _matches(parts, wanted):
            is_ignored = not pattern.startswith("!")
    return is_ignored


def _matches(parts: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    if not wanted:
        return True  # a folder of the path matches
    if wanted[0] == "**":
        return any(_matches(parts[skipped:], wanted[1:]) for skipped in range(len(parts)))
    return bool(parts) and fnmatchcase(parts[0], wanted[0]) and _matches(parts[1:], wanted[1:])


def _docker_patterns() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("path", PRIVATE)
def test_private_file_is_left_out(path: str) -> None:
    ignored = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False)
    assert ignored.returncode == 0, ".gitignore"
    assert is_ignored_by_docker(path, _docker_patterns()), ".dockerignore"


@pytest.mark.parametrize("path", NEEDED)
def test_needed_file_is_kept(path: str) -> None:
    assert (ROOT / path).exists()
    assert not is_ignored_by_docker(path, _docker_patterns())


def test_template_of_the_settings_is_in_the_repository() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--error-unmatch", ".env.example"], cwd=ROOT, capture_output=True
    )
    assert tracked.returncode == 0


def test_no_private_file_is_tracked() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    private = re.compile(r"\.(pem|key|p12|pfx|crt|dump)$|(^|/)\.env(?!\.example)|^deploy/tls/")
    assert [path for path in listed if private.search(path)] == []


def test_every_folder_that_compose_mounts_from_here_is_known() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounted = {
        re.sub(r"\$\{\w+:-(.*?)\}", r"\1", volume).split(":")[0]
        for service in services.values()
        for volume in service.get("volumes", [])
        if volume.startswith((".", "$"))
    }
    assert mounted == {"./deploy/nginx.conf", "./deploy/tls"}
    assert paths.find().var.name in {"var", "test"}  # listed above


def test_docker_patterns_are_applied_like_docker_does() -> None:
    assert is_ignored_by_docker("a/b/key.pem", ["**/*.pem"])
    assert is_ignored_by_docker("key.pem", ["**/*.pem"])
    assert not is_ignored_by_docker("a/.env", [".env"])
    assert is_ignored_by_docker("var/x/y", ["var"])
    assert not is_ignored_by_docker("keep.pem", ["**/*.pem", "!keep.pem"])
