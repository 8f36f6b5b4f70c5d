"""Health checks and metrics: liveness, readiness, and the age of pending work."""

import hmac
import ipaddress
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY

View = Callable[[HttpRequest], HttpResponse]

PATHS = frozenset({"/livez", "/readyz", "/metrics"})


class HostCheckMiddleware(CommonMiddleware):
    """Django's CommonMiddleware, which refuses unknown hosts, except for the health pages.

    Health checks and Prometheus call a container by its address or service name, which
    `ALLOWED_HOSTS` does not contain. The health pages do not use the host.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Return None to go on; raise DisallowedHost (400) for an unknown host."""
        return None if request.path_info in PATHS else super().process_request(request)


@dataclass(frozen=True)
class Probe:
    """A queue whose backlog is monitored.

    `age` returns the age of the oldest pending row in seconds, None when nothing is pending. Above
    `limit` seconds the queue counts as behind.
    """

    name: str
    age: Callable[[], float | None]
    limit: float
    failed: Callable[[], int] | None = None


_probes: dict[str, Probe] = {}


def register(probe: Probe) -> None:
    """Add a probe, called in AppConfig.ready(); a second one of the same name replaces it."""
    _probes[probe.name] = probe


def internal(view: View) -> View:
    """Answer internal callers only (private address without proxy, or METRICS_TOKEN), else 404."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not _is_internal(request):
            raise Http404
        return view(request)

    return guarded


@require_safe
@never_cache
def livez(_request: HttpRequest) -> HttpResponse:
    """Liveness: return 200 as long as the process responds."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
@internal
def readyz(_request: HttpRequest) -> HttpResponse:
    """Readiness: return 200, or 503 when the database or the disk cannot be written.

    Queues that are behind are shown, with status `behind`, but do not make the site unready.
    """
    checks: dict[str, dict[str, object]] = {"disk": _disk(), "database": _database()}
    is_ready = all(check["ok"] for check in checks.values())
    if checks["database"]["ok"]:
        checks |= {probe.name: _pending(probe) for probe in _probes.values()}
    is_on_time = all(check["ok"] for check in checks.values())
    status = "failed" if not is_ready else "ok" if is_on_time else "behind"
    return JsonResponse({"status": status, "checks": checks}, status=200 if is_ready else 503)


@require_safe
@never_cache
@internal
def metrics(_request: HttpRequest) -> HttpResponse:
    """Return the Prometheus metrics of all web processes, and the age of pending work."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)
    else:
        registry.register(REGISTRY)
    registry.register(_PendingWork())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _PendingWork:
    """Collector that reads the probes when the metrics are requested."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the age of the oldest pending row of each queue, 0 when nothing is pending."""
        ages = GaugeMetricFamily(
            "pending_work_age_seconds", "Age of the oldest pending row", labels=["queue"]
        )
        for probe in _probes.values():
            age = _pending(probe).get("seconds")
            if isinstance(age, float):
                ages.add_metric([probe.name], age)
        yield ages
        yield self._failed()

    def _failed(self) -> GaugeMetricFamily:
        """Return the number of messages given up, by delivery queue."""
        failed = GaugeMetricFamily(
            "failed_messages", "Messages given up after all attempts", labels=["queue"]
        )
        for probe in _probes.values():
            number = _pending(probe).get("failed")
            if isinstance(number, int):
                failed.add_metric([probe.name], number)
        return failed


def _pending(probe: Probe) -> dict[str, object]:
    try:
        age = probe.age() or 0.0
        failed = {} if probe.failed is None else {"failed": probe.failed()}
    except (DatabaseError, InterfaceError):
        return {"ok": False}
    return {
        "ok": age <= probe.limit,
        "seconds": round(float(age), 1),
        "limit": probe.limit,
        **failed,
    }


def _database() -> dict[str, object]:
    """Request a transaction id: only a writable database assigns one."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            row = cursor.fetchone()
            cursor.execute("SELECT pg_current_xact_id()")
    except (DatabaseError, InterfaceError):
        return {"ok": False}
    return {"ok": bool(row) and row[0] == "off"}


def _disk() -> dict[str, object]:
    folder = Path(settings.MEDIA_ROOT)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // 2**20
    return {"ok": free >= settings.MIN_FREE_MB, "free_mb": free, "limit": settings.MIN_FREE_MB}


def _is_internal(request: HttpRequest) -> bool:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(
        token.encode(), settings.METRICS_TOKEN.encode()
    ):
        return True
    if "X-Forwarded-For" in request.headers:
        return False  # an external caller, forwarded by a proxy
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_private
    except ValueError:
        return request.META.get("REMOTE_ADDR") == ""  # a unix socket
