"""Perform a verb once per idempotency key, and keep its answer for repeats of the request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.lib.db.prepared import PreparedQuery
from petitions.models import IdempotencyKey
from petitions.workflow.submission import KEY_ONCE, IdempotencyRequest, InProgress, KeyReused

_LOCK_AND_LOOK = PreparedQuery(
    "key_lock_and_look",
    "varchar, varchar",
    lambda: (
        """
        SELECT pg_try_advisory_xact_lock(hashtextextended($1 || E'\\n' || $2, 0)),
            EXISTS (SELECT 1 FROM petitions_idempotencykey WHERE client = $1 AND key = $2)
    """
    ),
)


def perform_once(
    request: IdempotencyRequest, perform: Callable[[], tuple[int, str]], *, now: dt.datetime
) -> str:
    """Return the answer of `perform`, or the stored answer if the key was used before.

    `perform` does the work and returns the id of the case and the answer as JSON text; its changes
    and the key are committed together, so a failed request leaves the key unused. Raises
    `InProgress` while another request with the key runs, `KeyReused` for another body.
    """
    try:
        with transaction.atomic():
            answer = _locked_answer(request)
            if answer is None:
                petition_id, answer = perform()
                IdempotencyKey.objects.create(
                    client=request.client,
                    key=request.key,
                    request_hash=request.request_hash,
                    petition_id=petition_id,
                    body={"json": answer},
                    created_at=now,
                )
            return answer
    except IntegrityError as error:
        if KEY_ONCE not in str(error):
            raise
        raise _in_progress() from error


def _locked_answer(request: IdempotencyRequest) -> str | None:
    """Lock the key until the transaction ends; return the answer stored with it, if any."""
    ((is_free, is_used),) = _LOCK_AND_LOOK.rows(request.client, request.key)
    row = None
    if is_used:
        row = IdempotencyKey.objects.filter(client=request.client, key=request.key).first()
    if row is not None:
        if row.request_hash != request.request_hash:
            raise KeyReused("key_reused", _("这个提交编号已用于另一份内容。"))
        answer: str = row.body["json"]
        return answer
    if not is_free:
        raise _in_progress()
    return None


def _in_progress() -> InProgress:
    return InProgress("still_running", _("同一提交正在处理，请稍候再试。"))
