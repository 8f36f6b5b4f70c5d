"""The verbs: functions that change a case.

Arguments are keyword-only; `by` is the actor and `now` the instant. A verb locks the case, checks
the right, and writes exactly one event. It raises NotPermitted or WrongState if it is refused.
"""

from petitions.workflow.contact import correct_contact, delete_expired, reencrypt, reveal
from petitions.workflow.deadline_sweep import SweepResult, expire, expire_due, remind, remind_due
from petitions.workflow.escalation import answer, escalate
from petitions.workflow.handling import (
    accept,
    decline,
    dispatch,
    note,
    photo,
    redirect,
    start,
    visit,
)
from petitions.workflow.rerouting import reassign, return_
from petitions.workflow.resolution import close, confirm, dispute, rate, reopen, resolve, withdraw
from petitions.workflow.submission import Report, me_too, submit
from petitions.workflow.transitions import NotPermitted, StaleVersion, WorkflowError, WrongState

__all__ = [
    "NotPermitted",
    "Report",
    "StaleVersion",
    "SweepResult",
    "WorkflowError",
    "WrongState",
    "accept",
    "answer",
    "close",
    "confirm",
    "correct_contact",
    "decline",
    "delete_expired",
    "dispatch",
    "dispute",
    "escalate",
    "expire",
    "expire_due",
    "me_too",
    "note",
    "photo",
    "rate",
    "reassign",
    "redirect",
    "reencrypt",
    "remind",
    "remind_due",
    "reopen",
    "resolve",
    "return_",
    "reveal",
    "start",
    "submit",
    "visit",
    "withdraw",
]
