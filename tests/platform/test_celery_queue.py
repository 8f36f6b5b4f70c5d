"""The queue: the sweep waits behind nothing, and a broker that was away is found again soon."""

import pytest
from kombu.exceptions import OperationalError
from kombu.utils.scheduling import cycle_by_name

from config import celery, settings
from petitions import tasks
from petitions.ops import scheduled_tasks


def queue_of(task: str) -> str:
    """Return the queue to which a task's messages go."""
    return str(celery.app.amqp.router.route({}, task)["queue"].name)


def test_sweep_has_a_queue_of_its_own_that_every_worker_takes_from() -> None:
    sweep = queue_of(scheduled_tasks.sweep_deadlines.name)
    assert sweep != queue_of(tasks.publish_events.name)
    assert {sweep, queue_of(tasks.publish_events.name)} == set(celery.app.amqp.queues.consume_from)


def test_every_worker_takes_from_the_queue_of_the_sweep_first() -> None:
    order = settings.CELERY_BROKER_TRANSPORT_OPTIONS["queue_order_strategy"]
    cycle = cycle_by_name(order)(sorted(celery.app.amqp.queues, reverse=True))
    assert next(iter(cycle.consume(2))) == queue_of(scheduled_tasks.sweep_deadlines.name)
    cycle.rotate(queue_of(scheduled_tasks.sweep_deadlines.name))
    assert next(iter(cycle.consume(2))) == queue_of(scheduled_tasks.sweep_deadlines.name)


def test_queues_share_no_message() -> None:
    ways = {(queue.exchange.name, queue.routing_key) for queue in celery.app.amqp.queues.values()}
    assert len(ways) == len(celery.app.amqp.queues)


def test_broker_that_is_away_is_asked_again_every_other_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _seconds: None)
    pauses: list[float] = []
    connection = celery.app.amqp.Connection("redis+socket:///nowhere/at/all.sock")
    with pytest.raises(OperationalError):
        connection.ensure_connection(lambda _error, pause: pauses.append(pause), 20)
    assert len(pauses) == 20
    assert max(pauses) <= 2
