"""Create the virtual environment and install the lock file, with the system's Python alone.

It runs before anything is installed: standard library only, in syntax that older interpreters
parse, so that they can report that they are too old.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed")
LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"
UV = "uv>=0.13,<1"
OLDEST = (3, 11)
BROWSER = "/usr/bin/chromium"
BROWSER_PACKAGES = ["chromium", "fonts-wqy-microhei"]
NETWORK = "Check that this computer reaches a Python package index and has free disk space."


class BootstrapError(Exception):
    """Something is missing on this computer; the message says what to do."""


def main(words: list[str]) -> int:
    """Install the packages for `run` or `dev`; `browser` also tries to install a Chromium."""
    try:
        refuse_unsupported()
        if "browser" in words:
            get_browser()
        install(DEV_LOCK if "dev" in words else LOCK)
    except BootstrapError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return 0


def refuse_unsupported() -> None:
    """Raise BootstrapError when Python or the system is not supported."""
    if sys.version_info < OLDEST:
        version = ".".join(str(part) for part in sys.version_info[:2])
        raise BootstrapError(
            f"Python 3.11 or newer is needed; this is {version}. Install it and say, for example: "
            "make run PYTHON=python3.11"
        )
    if sys.platform not in ("linux", "darwin"):
        raise BootstrapError(
            "This runs on Linux and macOS. On Windows use WSL, or docker compose up."
        )


def install(lock: str) -> None:
    """Install the packages of a lock file, unless they are installed already."""
    if digest(lock) in stamps():
        return
    if not os.path.exists(PYTHON):
        say("Creating a virtual environment in .venv ...")
        step([sys.executable, "-m", "venv", "--clear", VENV], "Install the package python3-venv.")
    if not os.path.exists(os.path.join(VENV, "bin", "uv")):
        step([PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", UV], NETWORK)
    say(f"Installing the packages of {lock} ...")
    command = [PYTHON, "-m", "uv", "pip", "install", "-q", "--python", PYTHON]
    step([*command, "--require-hashes", "-r", os.path.join(ROOT, lock)], NETWORK)
    # The lock for development contains the other one.
    done = [digest(lock)] + ([digest(LOCK)] if lock == DEV_LOCK else [])
    draft = STAMP + ".new"
    with open(draft, "w", encoding="ascii") as target:
        target.write("\n".join(done) + "\n")
    os.replace(draft, STAMP)  # a copied environment may share the old file by a hard link


def get_browser() -> None:
    """Install a Chromium for the browser tests where permitted; otherwise print why not."""
    if os.path.exists(BROWSER):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say("No /usr/bin/chromium and no permission to install it: browser tests will be skipped.")
        return
    say("Installing Chromium for the browser tests ...")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *BROWSER_PACKAGES]
    for attempt in (command, ["apt-get", "update", "-qq"], command):
        if os.path.exists(BROWSER):
            return
        subprocess.call(attempt, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if not os.path.exists(BROWSER):
        say("Chromium could not be installed: browser tests will be skipped.")


def digest(lock: str) -> str:
    """Return the digest of a lock file and the version of the interpreter."""
    with open(os.path.join(ROOT, lock), "rb") as source:
        return hashlib.sha256(source.read() + sys.version.encode()).hexdigest()


def stamps() -> list[str]:
    """Return the digests of the installed lock files."""
    if not (os.path.exists(PYTHON) and os.path.exists(STAMP)):
        return []
    with open(STAMP, encoding="ascii") as source:
        return source.read().split()


def step(command: list[str], advice: str) -> None:
    """Run one command; raise BootstrapError with the advice when it fails."""
    # An intercepting proxy of an office is trusted by the certificates of the system only.
    variables = {"UV_SYSTEM_CERTS": "1", **os.environ}
    if subprocess.call(command, stdin=subprocess.DEVNULL, env=variables):
        raise BootstrapError(f"This did not work: {' '.join(command)}\n{advice}")


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
