"""Celery request class that stops the worker when a message cannot be acknowledged."""

from __future__ import annotations

from typing import Any

from celery.exceptions import WorkerShutdown
from celery.utils.log import get_logger
from celery.worker.request import Request

logger = get_logger(__name__)


class AcknowledgingRequest(Request):
    """A message being processed.

    Celery only logs a failed acknowledgement and keeps counting the message as in progress. A
    worker with a half-open broker connection would stay alive and take no further message.
    """

    def acknowledge(self) -> None:
        """Acknowledge the message, or stop the worker so that its supervisor starts a new one."""
        if self.acknowledged:
            return
        connection_errors: Any = self.connection_errors
        try:
            self.on_ack(logger, ())
        except connection_errors as error:
            logger.error("acknowledge_failed: %s", type(error).__name__)
            raise WorkerShutdown(1) from error
        self.acknowledged = True
