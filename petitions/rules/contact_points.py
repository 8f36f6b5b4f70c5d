"""How a resident reaches the organisation that handles a case, and how it reaches the resident."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from branches import register_rows
from branches.models import Organisation
from grids.calendar import calendars
from grids.calendar.working_time import Block
from petitions import resident_words
from petitions.models import Petition


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """A duty telephone; `hours` are the office hours of the place, empty where unknown."""

    organisation: Organisation
    phone: str
    hours: str


def contact_point(organisation: Organisation, path: str, day: dt.date) -> ContactPoint | None:
    """Return the duty telephone of an organisation, else of the nearest above it that has one.

    `path` is the path of a place, whose office hours on `day` are given. None if there is no
    telephone. No query where the organisations are cached.
    """
    above = register_rows.organisations(organisation.ancestor_ids[:-1])
    candidates = [
        organisation,
        *(above[pk] for pk in reversed(organisation.ancestor_ids[:-1]) if pk in above),
    ]
    for candidate in candidates:
        if candidate.duty_phone:
            return ContactPoint(candidate, candidate.duty_phone, office_hours(path, day))
    return None


def office_hours(path: str, day: dt.date) -> str:
    """Return the office hours of a place in the season of `day`; empty if none are registered."""
    blocks: Sequence[Block] = calendars.for_path(path).season_hours(day)
    if not blocks:
        return ""
    times = _("、").join(f"{block.opens:%H:%M}–{block.closes:%H:%M}" for block in blocks)
    return _("工作日%(times)s") % {"times": times}


def has_phone(petition: Petition) -> bool:
    """Tell whether the resident left a telephone number. One query unless the contact is loaded."""
    contact = getattr(petition, "contact", None)
    return contact is not None and resident_words.gives_phone(contact, petition)


def is_confidential(petition: Petition) -> bool:
    """Tell whether the contact details are kept from the handling organisation."""
    contact = getattr(petition, "contact", None)
    return contact is not None and contact.is_confidential


def may_be_called(petition: Petition) -> bool:
    """Tell whether the handling organisation can call the resident about the case."""
    return has_phone(petition) and not petition.contact.is_confidential
