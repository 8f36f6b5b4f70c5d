"""Tables of a resident's case."""

from petitions.models.catalogue import Category, PrivacyNotice, Standard
from petitions.models.deadlines import Deadline, Escalation
from petitions.models.events import (
    Event,
    IdempotencyKey,
    LegalTransition,
    Outbox,
    RateLimitCounter,
    ResidentMessage,
)
from petitions.models.petitions import Contact, DoorVisit, Feedback, MeToo, Note, Petition, Photo

__all__ = [
    "Category",
    "Contact",
    "Deadline",
    "DoorVisit",
    "Escalation",
    "Event",
    "Feedback",
    "IdempotencyKey",
    "LegalTransition",
    "MeToo",
    "Note",
    "Outbox",
    "Petition",
    "Photo",
    "PrivacyNotice",
    "RateLimitCounter",
    "ResidentMessage",
    "Standard",
]
