"""Close cases at planned times, with retries until each closing is answered."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Closing:
    """One planned closing: the case, when, and by which verb."""

    case: int
    at: float
    verb: str


def close_all(plan: list[Closing], done: Path) -> None:
    """Work through the plan in its order; note what the workflow did or why it refused."""
    with done.open("a", buffering=1) as out:
        for act in plan:
            time.sleep(max(0.0, act.at - time.time()))
            out.write(json.dumps(asdict(act) | {"did": _insist(act)}) + "\n")


def _insist(act: Closing) -> str:
    """Ask a database that is away again; a repeat may find that the lost attempt had worked."""
    from django.db import InterfaceError, OperationalError, connection

    from petitions.workflow import transitions

    was_lost = False
    while True:
        try:
            _close(act)
        except transitions.WorkflowError as refused:
            return "lost" if was_lost else refused.code
        except (OperationalError, InterfaceError):
            was_lost = True
            connection.close()
            time.sleep(0.1)
        else:
            return "done"


def _close(act: Closing) -> None:
    from django.utils import timezone

    from members.models import User
    from members.posts import directory
    from petitions.actors import Petitioner
    from petitions.models import Petition
    from petitions.workflow import handling, resolution

    petition = Petition.objects.get(pk=act.case)
    now = timezone.now()
    if act.verb == "withdraw":
        resolution.withdraw(petition=petition, by=Petitioner(act.case), now=now)
        return
    heads = directory.heads_of([petition.organisation_id], timezone.localdate(now))
    head = User.objects.get(pk=heads[petition.organisation_id][0])
    if act.verb == "decline":
        handling.decline(petition=petition, by=head, now=now, reason="演练")
    else:
        handling.accept(petition=petition, by=head, now=now)
