"""The Celery app: broker connection, schedule, logging."""

import os
from typing import Any, Self

import kombu
import structlog
from celery import Celery, signals
from celery.app.amqp import AMQP

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class BrokerConnection(kombu.Connection):
    """Retries an unavailable broker every other second.

    Celery's own intervals grow to 30 s, for which deadlines would stay unnoticed after an outage.
    """

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Self:
        """Return the connection once the broker responds."""
        intervals = {"interval_start": 1, "interval_step": 1, "interval_max": 2}
        return super().ensure_connection(*args, **intervals | kwargs)


class BrokerProtocol(AMQP):
    """Celery's protocol class, with BrokerConnection."""

    Connection = BrokerConnection


app = Celery("zhaozhibu", amqp=BrokerProtocol)
app.Task.Request = "config.lib.celery.request:AcknowledgingRequest"
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["petitions.ops"], related_name="scheduled_tasks")

# Name: task, seconds between two runs. What is due is stored in rows; a task looks for due rows.
app.conf.beat_schedule = {
    "sweep-deadlines": {
        "task": "petitions.ops.scheduled_tasks.sweep_deadlines",
        "schedule": 2.0,
    },
    "move-cases": {"task": "petitions.ops.scheduled_tasks.move_cases", "schedule": 60.0},
    "reschedule-deadlines": {
        "task": "petitions.ops.scheduled_tasks.reschedule_deadlines",
        "schedule": 60.0,
    },
    "publish-outbox": {"task": "petitions.ops.scheduled_tasks.drain_outbox", "schedule": 5.0},
    "send-sms": {"task": "petitions.ops.scheduled_tasks.text_residents", "schedule": 15.0},
    "send-messages": {"task": "members.tasks.deliver_due", "schedule": 15.0},
    "queue-digests": {"task": "members.tasks.daily_digest", "schedule": 300.0},
    "extend-audit-trail": {
        "task": "petitions.ops.scheduled_tasks.extend_audit_trail",
        "schedule": 10.0,
    },
    "clean-up": {"task": "petitions.ops.scheduled_tasks.tidy", "schedule": 3600.0},
}
# A task message that waited for a whole interval is dropped: the next one does the same work.
for entry in app.conf.beat_schedule.values():
    entry["options"] = {"expires": entry["schedule"]}


@signals.setup_logging.connect
def keep_logging_settings(**_kwargs: object) -> None:
    """Prevent Celery from adding its own log handlers."""


@signals.task_prerun.connect
def bind_task(task_id: str, task: object, **_kwargs: object) -> None:
    """Add the task's name and id to its log lines, never its arguments."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=getattr(task, "name", ""), task_id=task_id)


@signals.task_postrun.connect
def unbind_task(**_kwargs: object) -> None:
    """Remove the task from the log context."""
    structlog.contextvars.clear_contextvars()
