"""The verbs of people and their inbox; nothing else changes these tables."""

from members.workflow.inbox import (
    News,
    digest_lines,
    mark_all_read,
    mark_read,
    owe_digests,
    tell,
)
from members.workflow.outbox import claim, mark_failed, mark_sent, put_back
from members.workflow.people import (
    appoint,
    change_person,
    create_person,
    end_post,
    hand_over,
    issue_token,
    lock,
    reset_second_factor,
    set_first_password,
    unlock,
)
from members.workflow.registers import appoint_all, create_people, enrol_all

__all__ = [
    "News",
    "appoint",
    "appoint_all",
    "change_person",
    "claim",
    "create_people",
    "create_person",
    "digest_lines",
    "end_post",
    "enrol_all",
    "hand_over",
    "issue_token",
    "lock",
    "mark_all_read",
    "mark_failed",
    "mark_read",
    "mark_sent",
    "owe_digests",
    "put_back",
    "reset_second_factor",
    "set_first_password",
    "tell",
    "unlock",
]
