"""Paths of data, sockets, logs and secrets of this checkout."""

import hashlib
import json
import os
import secrets
import tempfile
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from config.local.env import env

ROOT = Path(__file__).resolve().parent.parent.parent
SOCKET_PATH_LIMIT = 103  # bytes; the kernel allows 107 on Linux, 103 on macOS
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"


class Secrets(TypedDict):
    """The secrets that are generated once when none are configured."""

    secret_key: str
    contact_keys: dict[str, str]


@dataclass(frozen=True)
class DataPaths:
    """The folders of one run."""

    var: Path
    services: Path
    sockets: Path

    @property
    def broker(self) -> Path:
        """The Unix socket of Valkey."""
        return self.sockets / VALKEY_SOCKET

    @property
    def lock(self) -> Path:
        """The lock file of a running supervisor."""
        return self.var / "run.lock"

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.var / "log"


def find(var: Path | None = None) -> DataPaths:
    """Return the paths; nothing is created.

    The services use `var/`. Root starts PostgreSQL under an unprivileged account: when that account
    cannot read the checkout, data and sockets are placed below /var/tmp. When only the path is too
    long for a socket, only the sockets are.
    """
    chosen = (var or Path(env.str("VAR_DIR", str(ROOT / "var")))).absolute()
    mark = hashlib.sha256(os.fsencode(chosen)).hexdigest()[:12]
    short = Path("/var/tmp") / f"zhaozhibu-{mark}"
    services = chosen if os.geteuid() != 0 or open_to_all(chosen) else short
    sockets = services / "run"
    longest = max(len(os.fsencode(sockets / name)) for name in (POSTGRES_SOCKET, VALKEY_SOCKET))
    if longest > SOCKET_PATH_LIMIT:
        sockets = short / "run"
    return DataPaths(var=chosen, services=services, sockets=sockets)


def open_to_all(folder: Path) -> bool:
    """Return whether other accounts can enter the folder and all existing folders above it."""
    return all(
        parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents) if parent.exists()
    )


def own_secrets(var: Path) -> Secrets:
    """Return the secrets of this checkout, generated once and readable by their owner only."""
    file = var / "secrets.json"
    if not file.exists():
        var.mkdir(parents=True, exist_ok=True)
        key = urlsafe_b64encode(secrets.token_bytes(32)).decode()
        generated = Secrets(secret_key=secrets.token_urlsafe(50), contact_keys={"1": key})
        handle, draft = tempfile.mkstemp(dir=var)  # mode 600 from the start
        with os.fdopen(handle, "w", encoding="utf-8") as target:
            json.dump(generated, target)
        try:
            os.link(draft, file)  # fails when another process was faster; its secrets are used
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    stored: Secrets = json.loads(file.read_text(encoding="utf-8"))
    return stored
