"""Buttons of the case page: what a user may do to a case now, and why other verbs are closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from members.models import User
from petitions import permissions
from petitions.enums import Verb
from petitions.models import Escalation, Petition
from petitions.rules import duties
from petitions.verbs.spec import PageKind, VerbSpec
from petitions.verbs.table import SPEC_OF, primary_verbs
from petitions.workflow import escalation

WITHOUT_BUTTON = (PageKind.NONE, PageKind.DRAWER)
MAX_PRIMARY = 3


@dataclass(frozen=True, slots=True)
class ActionButton:
    """One verb as a button or as a line of the menu.

    posts: the button sends a POST at once; opens_here: htmx loads the form into the case page;
    reason: why the verb is closed now.
    """

    label: str
    icon: str
    url: str
    posts: bool
    opens_here: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Actions:
    """The verbs of a user: `primary` as buttons, `more` and the closed ones in the menu."""

    primary: list[ActionButton]
    more: list[ActionButton]
    closed: list[ActionButton]


def actions(
    petition: Petition, by: User, escalations: Sequence[Escalation] | None = None
) -> Actions:
    """Return the actions of a user on a case, the most important first.

    A verb that the workflow would refuse is closed, with the reason of the workflow. `escalations`
    are those of the case where they are loaded.
    """
    allowed, refused = _offered(petition, by, escalations)
    first = [verb for verb in primary_verbs(petition.status) if verb in allowed]
    if not duties.tasks_to_decide(petition, by):  # a task that was concluded can be sent again too
        first = [verb for verb in first if verb != Verb.SEND_AGAIN]
    primary = first[:MAX_PRIMARY]
    return Actions(
        primary=[_button(petition, SPEC_OF[verb]) for verb in primary],
        more=[_button(petition, SPEC_OF[verb]) for verb in allowed if verb not in primary],
        closed=[_button(petition, SPEC_OF[verb], reason) for verb, reason in refused],
    )


def _offered(
    petition: Petition, by: User, escalations: Sequence[Escalation] | None
) -> tuple[list[Verb], list[tuple[Verb, str]]]:
    """Return the verbs with a button: the allowed ones, and the others with the reason."""
    decisions = {
        verb: escalation.may(verb, petition, by, escalations)
        for verb in permissions.allowed_verbs(petition, by)
        if _has_button(verb)
    }
    refused = [row for row in permissions.refused_verbs(petition, by) if _has_button(row[0])]
    refused += [(verb, decision.reason) for verb, decision in decisions.items() if not decision]
    return [verb for verb, decision in decisions.items() if decision], refused


def _has_button(verb: Verb) -> bool:
    return SPEC_OF[verb].page not in WITHOUT_BUTTON


def url_of(petition: Petition, spec: VerbSpec) -> str:
    """Return the address of the page of a verb."""
    return reverse(f"petitions:{spec.verb}", args=[petition.pk])


def _button(petition: Petition, spec: VerbSpec, reason: str = "") -> ActionButton:
    return ActionButton(
        label=spec.label_on(petition),
        icon=spec.icon,
        url=url_of(petition, spec),
        posts=spec.page == PageKind.BUTTON,
        opens_here=spec.page == PageKind.FORM,
        reason=reason,
    )
