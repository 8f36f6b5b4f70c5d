"""One row of the verb table: what a verb is called, how it looks, and what it takes."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django_stubs_ext import StrOrPromise

from petitions.enums import Status, Verb
from petitions.models import Petition
from petitions.rules import answer_question
from petitions.rules.contacts import ContactDetails
from petitions.verbs.forms.base import VerbForm
from petitions.verbs.serializers import EmptyBody, VerbBody


class PageKind(enum.Enum):
    """How staff reach a verb from the case page."""

    NONE = "not at all: the submission, the resident or the deadline sweep does it"
    BUTTON = "a button performs the verb at once"
    FORM = "a button opens the form of the verb"
    DRAWER = "the form is on the case page already, without a button"
    OWN_PAGE = "a button leads to a page of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentButton:
    """A verb on the resident's page that asks for nothing: a drawer with a text and a button.

    title: of the drawer; help: what the verb does; submit: on the button; message: afterwards.
    """

    title: StrOrPromise
    help: StrOrPromise
    submit: StrOrPromise
    message: StrOrPromise


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbWords:
    """The texts of the form of a verb, and the message after it."""

    title: StrOrPromise
    help: StrOrPromise
    submit: StrOrPromise
    message: StrOrPromise


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbSpec:
    """One row of the verb table.

    icon: symbol of static/icons/sprite.svg, on the button and in the timelines.
    tone: colour in the timeline: neutral, accent, info, soon, overdue or done.
    event_label: what happened, as a heading in the timeline of the staff.
    resident_text: the same for the resident; `%(author)s` is the organisation in whose name it was
    done, `%(who)s` the responsible one and `%(above)s` the supervising one; `%(doer)s` and
    `%(orderer)s` are those of a task, and `%(due)s` is when it must be concluded. Left out,
    `event_label` is used.
    primary_in: the statuses in which the verb has a button of its own instead of a line in the
    menu, each with its place among these buttons; 1 is first.
    function: the workflow function. A verb with a function has an API endpoint and a page.
    form, body: the input on the pages and in the API.
    path: last part of the address of the page; left out, it is the verb.
    title, help, submit: heading, introduction and button of the form.
    message: what staff read on the case page after they performed the verb by form or button.
    explained: these texts where the answer explains why nothing is done.
    submit_icon: replaces `icon` on the button of the form.
    is_dangerous: the button of the form is red, because the verb ends the case.
    resident_button: the verb on the resident's page; verbs that ask the resident for more have
    their forms in `tracking/feedback.py`.
    """

    verb: Verb
    icon: str
    tone: str = "info"
    event_label: StrOrPromise
    resident_text: StrOrPromise = ""
    primary_in: Mapping[Status, int] = field(default_factory=dict)
    function: Callable[..., Petition | ContactDetails] | None = None
    form: type[VerbForm] = VerbForm
    body: type[VerbBody] = EmptyBody
    page: PageKind = PageKind.NONE
    path: str = ""
    title: StrOrPromise = ""
    help: StrOrPromise = ""
    submit: StrOrPromise = ""
    message: StrOrPromise = ""
    explained: VerbWords | None = None
    submit_icon: str = ""
    is_dangerous: bool = False
    resident_button: ResidentButton | None = None

    @property
    def resident_url_name(self) -> str:
        """The name of the URL on the resident's page."""
        return f"petitions:track_{self.verb}"

    @property
    def label(self) -> str:
        """The name of the verb, as on its button."""
        return str(self.verb.label)

    def label_on(self, petition: Petition) -> str:
        """Return the name of the verb on a case."""
        return answer_question.verb_label(self.verb, petition)

    def words(self, petition: Petition) -> VerbWords:
        """Return the texts of the verb on a case as it is before the verb."""
        if self.explained is not None and petition.is_explained:
            return self.explained
        return VerbWords(title=self.title, help=self.help, submit=self.submit, message=self.message)
