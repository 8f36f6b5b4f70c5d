"""Tells machines whether this process lives, can do its work, and how far the work is behind."""

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
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY

View = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True)
class Probe:
    """How old, in seconds, the oldest piece of owed work is; None when nothing is owed."""

    name: str
    age: Callable[[], float | None]
    limit: float  # seconds; older than this, the work is behind


_probes: dict[str, Probe] = {}


def register(probe: Probe) -> None:
    """Add a probe; an app does so when it is ready. A second one of the same name replaces it."""
    _probes[probe.name] = probe


def internal(view: View) -> View:
    """Answer only callers from inside: a private address without a proxy, or the metrics token."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not _is_internal(request):
            raise Http404
        return view(request)

    return guarded


@require_safe
@never_cache
def livez(_request: HttpRequest) -> HttpResponse:
    """Answer whenever the process can; a supervisor restarts it when it cannot."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
@internal
def readyz(_request: HttpRequest) -> HttpResponse:
    """Say whether reports can be taken in: 200, or 503 when database or disk refuse.

    Work that is behind is shown but does not turn visitors away; it is `behind`, not `failed`.
    """
    checks: dict[str, dict[str, object]] = {"disk": _disk(), "database": _database()}
    works = all(check["ok"] for check in checks.values())
    if checks["database"]["ok"]:
        checks |= {probe.name: _owed(probe) for probe in _probes.values()}
    on_time = all(check["ok"] for check in checks.values())
    status = "failed" if not works else "ok" if on_time else "behind"
    return JsonResponse({"status": status, "checks": checks}, status=200 if works else 503)


@require_safe
@never_cache
@internal
def metrics(_request: HttpRequest) -> HttpResponse:
    """Return the figures of all web processes, and the age of what is owed."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    registry.register(_Owed())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Owed:
    """Reads the probes when the figures are asked for."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the age of the oldest owed work, 0 when nothing is owed."""
        ages = GaugeMetricFamily(
            "pending_work_age_seconds", "Age of the oldest pending row", labels=["queue"]
        )
        for probe in _probes.values():
            age = _owed(probe).get("seconds")
            if isinstance(age, float):
                ages.add_metric([probe.name], age)
        yield ages


def _owed(probe: Probe) -> dict[str, object]:
    try:
        age = probe.age() or 0.0
    except (DatabaseError, InterfaceError):
        return {"ok": False}
    return {"ok": age <= probe.limit, "seconds": round(float(age), 1), "limit": probe.limit}


def _database() -> dict[str, object]:
    """Ask for a transaction number: only a database that can write gives one."""
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
        return False  # somebody outside, brought here by a proxy
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_private
    except ValueError:
        return request.META.get("REMOTE_ADDR") == ""  # a unix socket
