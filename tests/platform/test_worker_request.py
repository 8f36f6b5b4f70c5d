"""A worker that cannot hand back what it has taken ends, so that another can start."""

from typing import Any

import pytest
from celery.exceptions import WorkerShutdown
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import TimeoutError as RedisSilent

from config.celery import app
from config.lib.celery.request import AcknowledgingRequest


class Silent(AcknowledgingRequest):
    """A message whose broker fails in the way a test wants."""

    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure
        self.acknowledged = False
        self._connection_errors = (RedisGone, RedisSilent)
        self._on_ack = self.fail

    def fail(self, _logger: Any, errors: tuple[type[Exception], ...]) -> None:
        assert errors == (), "the library would only log these"
        if self.failure:
            raise self.failure


def test_every_task_is_taken_like_this() -> None:
    assert all(
        task.Request == "config.lib.celery.request:AcknowledgingRequest"
        for task in app.tasks.values()
    )


def test_what_is_handed_back_is_handed_back_once() -> None:
    taken = Silent(None)
    taken.acknowledge()
    taken.failure = RedisGone()
    taken.acknowledge()
    assert taken.acknowledged


@pytest.mark.parametrize("failure", [RedisGone("cut"), RedisSilent("mute")])
def test_a_line_that_fails_ends_the_worker(failure: Exception) -> None:
    taken = Silent(failure)
    with pytest.raises(WorkerShutdown):
        taken.acknowledge()
    assert not taken.acknowledged


def test_a_mistake_of_ours_is_no_failure_of_the_line() -> None:
    with pytest.raises(ValueError, match="ours"):
        Silent(ValueError("ours")).acknowledge()
