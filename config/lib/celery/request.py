"""What a worker has taken from the queue and must hand back; only workers import this."""

from __future__ import annotations

from typing import Any

from celery.exceptions import WorkerShutdown
from celery.utils.log import get_logger
from celery.worker.request import Request as Taken

logger = get_logger(__name__)


class AcknowledgingRequest(Taken):
    """A message in work; one that cannot be handed back ends its worker.

    The library would only log it, go on counting the message as being in work, and so take no
    other: a worker whose line to the broker is half open would live and do nothing for ever.
    """

    def acknowledge(self) -> None:
        """Hand the message back, or let the supervisor start a worker with lines of its own."""
        if self.acknowledged:
            return
        broken: Any = self.connection_errors
        try:
            self.on_ack(logger, ())
        except broken as error:
            logger.error("cannot_hand_back: %s", type(error).__name__)
            raise WorkerShutdown(1) from error
        self.acknowledged = True
