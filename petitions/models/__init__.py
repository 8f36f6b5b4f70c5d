"""Tables of a resident's case."""

from petitions.models.case import Contact, DoorVisit, Feedback, MeToo, Note, Petition, Photo
from petitions.models.catalogue import Category, PrivacyNotice, Standard
from petitions.models.clocks import Deadline, Escalation
from petitions.models.story import Event, GuessCount, IdempotencyKey, Outbox, ResidentMessage, Step

__all__ = [
    "Category",
    "Contact",
    "Deadline",
    "DoorVisit",
    "Escalation",
    "Event",
    "Feedback",
    "GuessCount",
    "IdempotencyKey",
    "MeToo",
    "Note",
    "Outbox",
    "Petition",
    "Photo",
    "PrivacyNotice",
    "ResidentMessage",
    "Standard",
    "Step",
]
