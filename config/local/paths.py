"""Where this checkout keeps its data, sockets, logs and secrets."""

import hashlib
import json
import os
import secrets
import tempfile
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).resolve().parent.parent.parent
SOCKET_PATH_LIMIT = 103  # bytes; the kernel allows 107 on Linux, 103 on macOS
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"


class Secrets(TypedDict):
    """What a run without configured secrets makes up once and keeps."""

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
        """The unix socket of Valkey."""
        return self.sockets / VALKEY_SOCKET

    @property
    def lock(self) -> Path:
        """The file that a running supervisor holds."""
        return self.var / "run.lock"

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.var / "log"


def find(var: Path | None = None) -> DataPaths:
    """Decide where the services live; nothing is created.

    They live in `var/`. Root starts PostgreSQL under an unprivileged account, so when that
    account cannot reach the checkout, data and sockets move below /var/tmp; when only the path
    is too long for a socket, the sockets alone move.
    """
    chosen = (var or Path(os.environ.get("VAR_DIR") or ROOT / "var")).absolute()
    mark = hashlib.sha256(os.fsencode(chosen)).hexdigest()[:12]
    short = Path("/var/tmp") / f"zhaozhibu-{mark}"  # noqa: S108 - its owner is checked before use
    services = chosen if os.geteuid() != 0 or open_to_all(chosen) else short
    sockets = services / "run"
    longest = max(len(os.fsencode(sockets / name)) for name in (POSTGRES_SOCKET, VALKEY_SOCKET))
    if longest > SOCKET_PATH_LIMIT:
        sockets = short / "run"
    return DataPaths(var=chosen, services=services, sockets=sockets)


def open_to_all(folder: Path) -> bool:
    """Tell whether every existing folder above, and this one, lets other accounts pass."""
    return all(
        parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents) if parent.exists()
    )


def own_secrets(var: Path) -> Secrets:
    """Return this checkout's secrets, made once and readable by its owner only."""
    file = var / "secrets.json"
    if not file.exists():
        var.mkdir(parents=True, exist_ok=True)
        key = urlsafe_b64encode(secrets.token_bytes(32)).decode()
        made = Secrets(secret_key=secrets.token_urlsafe(50), contact_keys={"1": key})
        handle, draft = tempfile.mkstemp(dir=var)  # mode 600 from the start
        with os.fdopen(handle, "w", encoding="utf-8") as target:
            json.dump(made, target)
        try:
            os.link(draft, file)  # fails when another process was first: then theirs counts
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    kept: Secrets = json.loads(file.read_text(encoding="utf-8"))
    return kept
