"""Closes cases at planned instants, as people do: `python -m tests.chaos.closing PLAN DONE`.

PLAN holds a line of JSON for each closing: case, instant, verb. DONE gets one for each that was
answered: the case, the verb, and whether the workflow did it or refused. A database that is away
is asked again until it is there.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import InterfaceError, OperationalError, connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from members import directory  # noqa: E402
from members.models import User  # noqa: E402
from petitions import workflow  # noqa: E402
from petitions.models import Petition  # noqa: E402
from petitions.permissions import Petitioner  # noqa: E402


def main(plan: Path, done: Path) -> None:
    """Work through the plan in its order."""
    with done.open("a", buffering=1) as out:
        for line in plan.read_text().splitlines():
            act = json.loads(line)
            time.sleep(max(0.0, act["at"] - time.time()))
            out.write(json.dumps(act | {"did": _insist(act)}) + "\n")


def _insist(act: dict[str, Any]) -> str:
    """Close until it is answered; a repeat after a lost answer may find its own work done."""
    lost = False
    while True:
        try:
            _close(act["case"], act["verb"])
        except workflow.WorkflowError as refused:
            return "lost" if lost else refused.code
        except (OperationalError, InterfaceError):
            lost = True
            connection.close()
            time.sleep(0.1)
        else:
            return "done"


def _close(case: int, verb: str) -> None:
    petition = Petition.objects.get(pk=case)
    now = timezone.now()
    if verb == "withdraw":
        workflow.withdraw(petition=petition, by=Petitioner(case), now=now)
        return
    heads = directory.heads_of([petition.organisation_id], timezone.localdate(now))
    head = User.objects.get(pk=heads[petition.organisation_id][0])
    if verb == "decline":
        workflow.decline(petition=petition, by=head, now=now, reason="演练")
    else:
        workflow.accept(petition=petition, by=head, now=now)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
