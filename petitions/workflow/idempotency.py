"""Idempotency keys: a request is performed once, and a repeat gets the stored answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from config.lib.db.prepared import PreparedQuery
from petitions.models import IdempotencyKey, Petition
from petitions.workflow.transitions import WorkflowError


class KeyReused(WorkflowError):
    """The idempotency key was used with another body (422)."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class InProgress(WorkflowError):
    """A request with the same idempotency key is running (409); a retry after a second helps."""

    retry_after = 1


@dataclass(frozen=True, slots=True)
class IdempotencyRequest:
    """The idempotency key of a request: client, key, and a keyed hash of what was sent.

    `answer` returns the body that is stored with the key of a submitted report.
    """

    client: str
    key: str
    request_hash: str
    answer: Callable[[Petition], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class OnceAnswer:
    """The answer to a request as JSON text; `is_repeat` if an earlier request produced it."""

    json: str
    is_repeat: bool


def keyed_hash(content: str) -> str:
    """Return a keyed hash of what was sent; a plain hash would let telephone numbers be guessed."""
    salt, secret = "petitions.api.idempotency", settings.TRACKING_SECRET
    return salted_hmac(salt, content, secret=secret, algorithm="sha256").hexdigest()


_LOOK = PreparedQuery(
    "key_look",
    "varchar, varchar",
    lambda: (
        """
        SELECT EXISTS (SELECT 1 FROM petitions_idempotencykey WHERE client = $1 AND key = $2)
    """
    ),
)
_LOCK = PreparedQuery(
    "key_lock",
    "varchar, varchar",
    lambda: (
        """
        SELECT pg_try_advisory_xact_lock(hashtextextended($1 || E'\\n' || $2, 0)),
            EXISTS (SELECT 1 FROM petitions_idempotencykey WHERE client = $1 AND key = $2)
    """
    ),
)
_LOCK_AND_DRAW = PreparedQuery(
    "key_lock_and_draw",
    "varchar, varchar",
    lambda: (
        """
        SELECT is_free, is_used,
            CASE WHEN is_free AND NOT is_used THEN nextval('petitions_petition_id_seq') END
        FROM (SELECT
            pg_try_advisory_xact_lock(hashtextextended($1 || E'\\n' || $2, 0)) AS is_free,
            EXISTS (SELECT 1 FROM petitions_idempotencykey WHERE client = $1 AND key = $2)
                AS is_used
            OFFSET 0) AS key_state
    """
    ),
)


def find(request: IdempotencyRequest) -> IdempotencyKey | None:
    """Return the row of a key that was used before; raise `KeyReused` for another body."""
    ((is_used,),) = _LOOK.rows(request.client, request.key)
    return _stored(request) if is_used else None


def lock(request: IdempotencyRequest) -> IdempotencyKey | None:
    """Lock the key until the transaction ends; return its row if it was used before.

    Raises `InProgress` while another transaction holds the key, `KeyReused` for another body.
    """
    ((is_free, is_used),) = _LOCK.rows(request.client, request.key)
    row = _stored(request) if is_used else None
    if row is None and not is_free:
        raise _in_progress()
    return row


def lock_and_draw(request: IdempotencyRequest) -> IdempotencyKey | int | None:
    """Lock the key as `lock` does, and draw the id of the new case in the same statement.

    Returns None if the key's row was deleted meanwhile; then no id has been drawn.
    """
    ((is_free, is_used, case_id),) = _LOCK_AND_DRAW.rows(request.client, request.key)
    row = _stored(request) if is_used else None
    if row is not None:
        return row
    if not is_free:
        raise _in_progress()
    return int(case_id) if case_id is not None else None


def key_row(
    request: IdempotencyRequest, petition_id: int, body: dict[str, Any], now: dt.datetime
) -> IdempotencyKey:
    """Return the unsaved row of a key with the answer to store."""
    return IdempotencyKey(
        client=request.client,
        key=request.key,
        request_hash=request.request_hash,
        petition_id=petition_id,
        body=body,
        created_at=now,
    )


@contextmanager
def concurrent_use_refused() -> Iterator[None]:
    """Raise `InProgress` where a concurrent request has stored the same key first."""
    try:
        yield
    except IntegrityError as error:
        if "idempotency_key_once" not in str(error):
            raise
        raise _in_progress() from error


def perform_once(
    request: IdempotencyRequest, perform: Callable[[], tuple[int, str]], *, now: dt.datetime
) -> OnceAnswer:
    """Return the answer of `perform`, or the stored answer if the key was used before.

    `perform` does the work and returns the id of the case and the answer as JSON text; its changes
    and the key are committed together, so a failed request leaves the key unused. Raises
    `InProgress` while another request with the key runs, `KeyReused` for another body.
    """
    with concurrent_use_refused(), transaction.atomic():
        row = lock(request)
        if row is not None:
            return OnceAnswer(row.body["json"], is_repeat=True)
        petition_id, answer = perform()
        key_row(request, petition_id, {"json": answer}, now).save()
        return OnceAnswer(answer, is_repeat=False)


def _stored(request: IdempotencyRequest) -> IdempotencyKey | None:
    rows = IdempotencyKey.objects.select_related("petition")
    row = rows.filter(client=request.client, key=request.key).first()
    if row is not None and row.request_hash != request.request_hash:
        raise KeyReused("key_reused", _("这个提交编号已用于另一份内容。"))
    return row


def _in_progress() -> InProgress:
    return InProgress("still_running", _("同一提交正在处理，请稍候再试。"))
