"""Who decides on a returned case: the organisation above, within a deadline of its own."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from petitions.enums import DeadlineKind, DeadlineState
from petitions.workflow.escalation_chain import EscalationChain, Target, next_arbiter
from petitions.workflow.transitions import Transition, WrongState


def appoint_arbiter(change: Transition) -> None:
    """Let the organisation above decide on the return; refuse a return that nobody can decide.

    Source: domain rules, return (退单): the reviewer is not the unit that returns.
    """
    petition = change.petition
    petition.arbiter = None
    petition.returned_by = change.user
    chain = change.store.escalation_chain([petition], timezone.localdate(change.now))
    target = next_arbiter(petition, chain)
    if target is None:
        raise WrongState("nobody_above", _("上面没有组织可以裁定，不能退单。"))
    _hand_to(change, target)


def pass_to_next_level(change: Transition, chain: EscalationChain) -> None:
    """Let the next organisation above decide, because the arbiter did not in time.

    At the top the case stays with its arbiter, still undecided.
    """
    target = next_arbiter(change.petition, chain)
    change.data["deadline"] = str(DeadlineKind.ARBITRATION)
    if target is None:
        change.data["top"] = True
        return
    change.data["from"] = change.petition.arbiter_id
    change.stop_deadlines(DeadlineState.CANCELLED, DeadlineKind.ARBITRATION)
    _hand_to(change, target)


def _hand_to(change: Transition, target: Target) -> None:
    change.petition.arbiter = target.organisation
    change.data |= {"arbiter": target.organisation.pk, "skipped": target.skipped}
    change.start_deadline(DeadlineKind.ARBITRATION, organisation_id=target.organisation.pk)


def settle_arbitration(change: Transition) -> None:
    """Settle the deadline of the arbiter, who has decided; the organisation stays on record."""
    change.stop_deadlines(DeadlineState.MET, DeadlineKind.ARBITRATION)
