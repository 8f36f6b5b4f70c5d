"""Makes the virtual environment and installs what the locks say, with the system's Python alone.

Runs before anything is installed, so it uses the standard library only and a syntax that old
interpreters can read far enough to be told they are too old.
"""

import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed")
UV = "uv>=0.9,<1"


class Refused(Exception):
    """Something is missing on this computer; the text says what to do."""


def main(words):
    """Install, then become the command that the word names."""
    word = words[0] if words else "install"
    try:
        refuse_unsupported()
        install(dev=word in ("install-dev", "test", "check"))
    except Refused as refusal:
        sys.stderr.write("%s\n" % refusal)
        return 1
    if word.startswith("install"):
        return 0
    commands = {"run": ["-m", "config.supervise"]}
    os.chdir(ROOT)
    os.execv(PYTHON, [PYTHON] + commands[word] + words[1:])


def refuse_unsupported():
    """Stop early with a sentence when this cannot work here."""
    if sys.version_info < (3, 11):
        raise Refused(
            "Python 3.11 or newer is needed, this is %d.%d. Install python3.11 and call "
            "`make PYTHON=python3.11 ...`." % sys.version_info[:2]
        )


def install(dev):
    """Bring the virtual environment to what the lock file says, unless it is there already."""
    lock = os.path.join(ROOT, "requirements-dev.lock" if dev else "requirements.lock")
    with open(lock, "rb") as source:
        wanted = hashlib.sha256(source.read()).hexdigest()
    if wanted in stamps():
        return
    if not os.path.exists(PYTHON):
        say("Making a virtual environment in .venv ...")
        step([sys.executable, "-m", "venv", VENV], "Install the package 'python3-venv'.")
    if not os.path.exists(os.path.join(VENV, "bin", "uv")):
        step([PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", UV], NETWORK)
    say("Installing from %s ..." % os.path.basename(lock))
    step(
        [PYTHON, "-m", "uv", "pip", "install", "-q", "--require-hashes", "--python", PYTHON]
        + ["-r", lock],
        NETWORK,
    )
    kept = [] if not dev else []
    with open(STAMP, "w") as target:
        target.write("\n".join(kept + [wanted] + (runtime_stamp() if dev else [])) + "\n")


NETWORK = "Check that this computer reaches a Python package index and has free disk space."


def runtime_stamp():
    """The development lock contains the runtime one."""
    with open(os.path.join(ROOT, "requirements.lock"), "rb") as source:
        return [hashlib.sha256(source.read()).hexdigest()]


def stamps():
    """What has been installed here."""
    if not (os.path.exists(PYTHON) and os.path.exists(STAMP)):
        return []
    with open(STAMP) as source:
        return source.read().split()


def step(command, advice):
    """Run one command; refuse with the advice when it fails."""
    answer = subprocess.call(command, stdin=subprocess.DEVNULL)
    if answer:
        raise Refused("This failed: %s\n%s" % (" ".join(command), advice))


def say(text):
    """Tell the reader what takes so long."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
