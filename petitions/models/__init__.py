"""Tables of a resident's case."""

from petitions.models.case_dates import is_due_soon, is_overdue
from petitions.models.case_tasks import CaseTask, CaseTaskQuerySet, is_task_overdue
from petitions.models.catalogue import Category, PrivacyNotice, Standard
from petitions.models.deadlines import Deadline, DeadlineQuerySet, Escalation
from petitions.models.events import (
    Event,
    IdempotencyKey,
    LegalTransition,
    Outbox,
    OutboxQuerySet,
    RateLimitCounter,
    ResidentMessage,
)
from petitions.models.petitions import Petition, PetitionQuerySet
from petitions.models.records import Contact, DoorVisit, Feedback, MeToo, Note, Photo

__all__ = [
    "CaseTask",
    "CaseTaskQuerySet",
    "Category",
    "Contact",
    "Deadline",
    "DeadlineQuerySet",
    "DoorVisit",
    "Escalation",
    "Event",
    "Feedback",
    "IdempotencyKey",
    "LegalTransition",
    "MeToo",
    "Note",
    "Outbox",
    "OutboxQuerySet",
    "Petition",
    "PetitionQuerySet",
    "Photo",
    "PrivacyNotice",
    "RateLimitCounter",
    "ResidentMessage",
    "Standard",
    "is_due_soon",
    "is_overdue",
    "is_task_overdue",
]
