"""What the resident is asked about an answer: is it solved, or is the explanation accepted."""

from __future__ import annotations

from django.utils.translation import gettext as _

from petitions.enums import EXPLAINED_OUTCOMES, ClosedBy, Solved, Verb
from petitions.models import Petition


def question(outcome: str) -> str:
    """Return what the resident is asked about an answer with this outcome."""
    return _("您接受这个说明吗？") if outcome in EXPLAINED_OUTCOMES else _("解决了吗？")


def said_yes(petition: Petition) -> tuple[Solved, ClosedBy]:
    """Return what a yes of the resident is recorded as."""
    if petition.is_explained:
        return Solved.ACCEPTED, ClosedBy.ACCEPTED
    return Solved.YES, ClosedBy.CONFIRMED


def said_no(petition: Petition, *, is_partly: bool) -> Solved:
    """Return what a no is recorded as; an explanation is accepted or not, never partly."""
    if petition.is_explained:
        return Solved.REFUSED
    return Solved.PARTLY if is_partly else Solved.NO


def verb_label(verb: Verb, petition: Petition) -> str:
    """Return the name of a verb on a case, which for yes and no depends on the question."""
    if petition.is_explained and verb == Verb.CONFIRM:
        return _("接受说明")
    if petition.is_explained and verb == Verb.DISPUTE:
        return _("不接受说明")
    return str(verb.label)
