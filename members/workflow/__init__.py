"""Workflow of people and their inbox: the only code that changes these tables."""

from members.workflow.bulk import appoint_all, create_people, enrol_all
from members.workflow.messages import (
    Notification,
    mark_all_read,
    mark_read,
    notify,
    queue_digests,
)
from members.workflow.people import (
    appoint,
    change_email,
    change_person,
    create_person,
    end_post,
    hand_over,
    issue_token,
    lock,
    reset_second_factor,
    revoke_tokens,
    save_enrolment,
    set_first_password,
    set_password_by_command,
    unlock,
)

__all__ = [
    "Notification",
    "appoint",
    "appoint_all",
    "change_email",
    "change_person",
    "create_people",
    "create_person",
    "end_post",
    "enrol_all",
    "hand_over",
    "issue_token",
    "lock",
    "mark_all_read",
    "mark_read",
    "notify",
    "queue_digests",
    "reset_second_factor",
    "revoke_tokens",
    "save_enrolment",
    "set_first_password",
    "set_password_by_command",
    "unlock",
]
