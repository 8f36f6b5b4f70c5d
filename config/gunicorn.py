"""How the web server runs: two processes of four threads, ending in order when told to stop."""

import gc
import os
import shutil
import signal
from pathlib import Path
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from config.local import paths
from config.local.embedded.process import end_with_parent
from config.local.env import env

bind = env.str("BIND", f"{env.str('HOST', '127.0.0.1')}:{env.int('PORT', 8000)}")
workers = env.int("WEB_WORKERS", 2)
threads = env.int("WEB_THREADS", 4)
worker_class = "gthread"
preload_app = True
max_requests = env.int("WEB_MAX_REQUESTS", 20_000)  # then a process makes room for a fresh one
max_requests_jitter = max_requests // 10
timeout = 60
graceful_timeout = 12
keepalive = 5
control_socket_disable = True
_memory = Path("/dev/shm")  # noqa: S108 - heartbeat files, made and unlinked by the server
worker_tmp_dir = str(_memory) if _memory.is_dir() else None
proc_name = "zhaozhibu"
forwarded_allow_ips = env.str("TRUSTED_PROXY_ADDRESSES", "127.0.0.1,::1")

# The processes share their counters through files, so that any of them can answer for all.
_metrics = Path(env.str("PROMETHEUS_MULTIPROC_DIR", str(paths.find().var / "metrics")))
shutil.rmtree(_metrics, ignore_errors=True)
_metrics.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics)


class logger_class(Logger):  # noqa: N801 - the server looks for this name
    """Lets the server's own lines go where the application's lines go."""

    def setup(self, cfg: Config) -> None:
        """Leave the handlers to the settings' LOGGING, in force as soon as they are read."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


# A request leaves a few hundred objects that hold each other; looking for them ten times in it, as
# is usual, costs more than it finds. Much more seldom, and large bodies would pile up.
gc.set_threshold(3_000, 20, 20)


def pre_fork(_server: Any, _worker: Any) -> None:
    """Keep what is loaded out of the collector's sight, and the memory shared between processes."""
    gc.collect()
    gc.freeze()


_follow_the_master = end_with_parent(signal.SIGTERM)


def post_fork(_server: Any, _worker: Any) -> None:
    """Let a process end with a killed master at once, so that its successor gets the port."""
    if _follow_the_master:
        _follow_the_master()


def child_exit(_server: Any, worker: Any) -> None:
    """Take a finished process out of the live figures."""
    # Imported late: the package reads the folder's name while it is being imported.
    from prometheus_client import multiprocess  # noqa: PLC0415

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
