"""The verbs: everything that changes a case. Keyword-only; the actor is `by`, the instant `now`."""

from petitions.workflow.clock import Turn, fire, fire_due, remind, remind_due
from petitions.workflow.contact import correct_contact, forget, reseal, reveal
from petitions.workflow.engine import NotNow, NotYours, Stale, WorkflowError
from petitions.workflow.escalation import answer, escalate
from petitions.workflow.filing import Report, file, me_too
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

__all__ = [
    "NotNow",
    "NotYours",
    "Report",
    "Stale",
    "Turn",
    "WorkflowError",
    "accept",
    "answer",
    "close",
    "confirm",
    "correct_contact",
    "decline",
    "dispatch",
    "dispute",
    "escalate",
    "file",
    "fire",
    "fire_due",
    "forget",
    "me_too",
    "note",
    "photo",
    "rate",
    "reassign",
    "redirect",
    "remind",
    "remind_due",
    "reopen",
    "reseal",
    "resolve",
    "return_",
    "reveal",
    "start",
    "visit",
    "withdraw",
]
