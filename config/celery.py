"""The queue for work that may wait, and the clock that wakes it."""

import os
from collections.abc import Mapping
from typing import Any

import kombu
import structlog
from celery import Celery, signals
from celery.app.amqp import AMQP

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Connection(kombu.Connection):
    """Asks a broker that is away again every other second at the latest.

    Celery's own pauses grow to half a minute: so long would due limits wait after an outage.
    """

    def ensure_connection(  # type: ignore[override]  # whatever may be asked is passed on
        self, *given: Any, **named: Any
    ) -> kombu.Connection:
        """Return the connection once the broker answers."""
        pauses = {"interval_start": 1, "interval_step": 1, "interval_max": 2}
        return super().ensure_connection(*given, **pauses | named)


class Messages(AMQP):
    """The queue's messages over connections that are patient with a broker."""

    Connection = Connection


app = Celery("zhaozhibu", amqp=Messages)
app.Task.Request = "config.lib.celery.request:AcknowledgingRequest"
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["petitions.ops"], related_name="scheduled_tasks")

# The whole timetable, in code: name → task and seconds. Deadlines are rows; the clock only looks.
app.conf.beat_schedule = {
    "let due limits fire": {
        "task": "petitions.ops.scheduled_tasks.sweep_deadlines",
        "schedule": 2.0,
    },
    "announce what a lost wake-up left": {
        "task": "petitions.ops.scheduled_tasks.drain_outbox",
        "schedule": 5.0,
    },
    "text residents": {"task": "petitions.ops.scheduled_tasks.text_residents", "schedule": 15.0},
    "deliver messages": {"task": "members.tasks.deliver_due", "schedule": 15.0},
    "tidy up": {"task": "petitions.ops.scheduled_tasks.tidy", "schedule": 3600.0},
    "write the digest of the day": {"task": "members.tasks.daily_digest", "schedule": 300.0},
}
# A wake-up nobody took within its turn is worthless: the next one does the same.
for entry in app.conf.beat_schedule.values():
    entry["options"] = {"expires": entry["schedule"]}


@signals.setup_logging.connect
def keep_our_logging(**_context: object) -> None:
    """Leave logging as the settings have it; Celery would add handlers of its own."""


@signals.task_prerun.connect
def name_the_task(task_id: str, task: object, **_context: object) -> None:
    """Put the task's name and number into every line it logs; never its arguments."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=getattr(task, "name", ""), task_id=task_id)


@signals.task_postrun.connect
def forget_the_task(**_context: Mapping[str, object]) -> None:
    """Let the next task begin without the marks of this one."""
    structlog.contextvars.clear_contextvars()
