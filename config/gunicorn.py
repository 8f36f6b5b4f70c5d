"""Gunicorn settings: two processes with four threads each, graceful shutdown, shared metrics."""

import gc
import os
import shutil
import signal
from importlib import import_module
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
max_requests = env.int("WEB_MAX_REQUESTS", 20_000)  # requests until a process is replaced
max_requests_jitter = max_requests // 10
timeout = 60
graceful_timeout = 12
keepalive = 5
control_socket_disable = True
_shared_memory = Path("/dev/shm")
worker_tmp_dir = str(_shared_memory) if _shared_memory.is_dir() else None
proc_name = "zhaozhibu"
forwarded_allow_ips = env.str("TRUSTED_PROXY_ADDRESSES", "127.0.0.1,::1")

# The processes share their metrics through files, so that each can report the sum.
_metrics = Path(env.str("PROMETHEUS_MULTIPROC_DIR", str(paths.find().var / "metrics")))
shutil.rmtree(_metrics, ignore_errors=True)
_metrics.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics)


class RootLogger(Logger):
    """Sends gunicorn's log lines to the handlers of the application."""

    def setup(self, cfg: Config) -> None:
        """Remove gunicorn's handlers; LOGGING in the settings configures the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


logger_class = RootLogger

# A request leaves a few hundred objects in reference cycles. The default thresholds collect about
# ten times per request; with much higher ones, large request bodies would accumulate.
gc.set_threshold(3_000, 20, 20)


def pre_fork(_server: Any, _worker: Any) -> None:
    """Exclude loaded code from garbage collection, so that processes keep sharing its memory."""
    gc.collect()
    gc.freeze()


_end_with_master = end_with_parent(signal.SIGTERM)


def post_fork(_server: Any, _worker: Any) -> None:
    """End the worker when its master is killed, so that a new master can bind the port."""
    if _end_with_master:
        _end_with_master()


def child_exit(_server: Any, worker: Any) -> None:
    """Remove a finished process from the live metrics."""
    # Imported here because the package reads PROMETHEUS_MULTIPROC_DIR during its import.
    multiprocess: Any = import_module("prometheus_client.multiprocess")
    multiprocess.mark_process_dead(worker.pid)
