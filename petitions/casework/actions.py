"""The verbs open to somebody as buttons: which comes first, and why the others are closed."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from members.models import User
from petitions import permissions
from petitions.enums import Status, Verb
from petitions.models import Petition

AT_ONCE = frozenset({Verb.ACCEPT, Verb.START})
"""Verbs that need no form: one button, one POST."""

WITHOUT_BUTTON = frozenset({Verb.REVEAL, Verb.RATE, Verb.REMIND})
"""Verbs that have a place of their own on the page, or none."""

PRIMARY: dict[str, tuple[Verb, ...]] = {
    Status.SUBMITTED: (Verb.ANSWER, Verb.ACCEPT, Verb.REASSIGN, Verb.RETURN),
    Status.RETURNED: (Verb.ANSWER, Verb.REASSIGN),
    Status.ACCEPTED: (Verb.ANSWER, Verb.DISPATCH, Verb.VISIT, Verb.START, Verb.RESOLVE),
    Status.ASSIGNED: (Verb.ANSWER, Verb.START, Verb.VISIT, Verb.RESOLVE),
    Status.IN_PROGRESS: (Verb.ANSWER, Verb.RESOLVE, Verb.VISIT, Verb.ESCALATE),
    Status.REOPENED: (Verb.ANSWER, Verb.START, Verb.VISIT, Verb.RESOLVE),
    Status.RESOLVED: (Verb.ANSWER, Verb.CONFIRM, Verb.DISPUTE, Verb.CLOSE),
    Status.CLOSED: (Verb.REOPEN,),
    Status.DECLINED: (Verb.REOPEN,),
}
"""What is due first in each state; the rest waits in the menu."""

SHOWN = 3


@dataclass(frozen=True, slots=True)
class ActionButton:
    """One verb as a button or a line of the menu; `reason` says why it is closed."""

    verb: Verb
    label: str
    url: str
    is_post: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Actions:
    """The acts of a page: the due ones as buttons, the others and the closed ones in the menu."""

    due: list[ActionButton]
    more: list[ActionButton]
    closed: list[ActionButton]


def actions(petition: Petition, by: User) -> Actions:
    """Return what somebody may do to the case now, the due act first."""
    verbs = [verb for verb in permissions.allowed_verbs(petition, by) if verb not in WITHOUT_BUTTON]
    wanted = PRIMARY.get(petition.status, ())
    due = [verb for verb in wanted if verb in verbs][:SHOWN]
    closed = [
        (verb, why)
        for verb, why in permissions.refused_verbs(petition, by)
        if verb not in WITHOUT_BUTTON
    ]
    return Actions(
        due=[_act(petition, verb) for verb in due],
        more=[_act(petition, verb) for verb in verbs if verb not in due],
        closed=[_act(petition, verb, why) for verb, why in closed],
    )


def url_of(petition: Petition, verb: Verb) -> str:
    """Return the address of a verb; doors have the sheet as theirs."""
    name = "doors" if verb == Verb.VISIT else verb.value
    return reverse(f"petitions:{name}", args=[petition.pk])


def _act(petition: Petition, verb: Verb, reason: str = "") -> ActionButton:
    return ActionButton(verb, str(verb.label), url_of(petition, verb), verb in AT_ONCE, reason)
