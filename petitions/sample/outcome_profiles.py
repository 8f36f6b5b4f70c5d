"""How cases go: early or late, refused, escalated, confirmed, or left without an answer."""

from __future__ import annotations

import random
from dataclasses import dataclass

from petitions.enums import AnswerKind, Outcome

DEPARTMENTS = {
    "WS": "市供水公司",
    "HT": "市热力公司",
    "EL": "市供电公司",
    "GS": "市燃气公司",
    "CM": "市通信服务中心",
    "EN": "城管局",
    "GR": "城管局",
    "NS": "生态环境分局",
    "PK": "公安交警大队",
    "AP": "农业农村局",
    "SI": "人社局",
    "EM": "人社局",
    "SA": "民政局",
    "ED": "教科局",
    "HC": "卫健委",
    "PS": "消防救援大队",
    "MK": "市场监管局",
}
OTHERWISE = "住建局"


def department_for(code: str) -> str:
    """Return the short name of the department for a category code."""
    return DEPARTMENTS.get(code[:2], OTHERWISE)


@dataclass(frozen=True, slots=True)
class OutcomeProfile:
    """How one case goes.

    `accept` and `resolve` are shares of the deadline (above 1: too late), `answers` is the
    probability that an escalation is answered. `hold` is the verb after which people stop acting;
    the deadline sweep goes on. `task` is what becomes of a department's task, see
    `departments.Departments`.
    """

    path: str = "handle"
    accept: float = 0.3
    resolve: float = 0.6
    ending: str = "yes"
    answers: float = 0.85
    outcome: Outcome = Outcome.RESOLVED
    hold: str = ""
    answer_kind: AnswerKind | None = None
    task: str = ""


def usual(rng: random.Random) -> OutcomeProfile:
    """Draw the profile of an ordinary case."""
    path = rng.choices(
        ("handle", "refuse", "redirect", "withdraw", "return", "escalate", "neglect"),
        weights=(800, 20, 75, 24, 26, 45, 6),
    )[0]
    is_late = rng.random() < 0.08
    ending = rng.choices(
        ("yes", "phone", "silence", "no", "partly", "twice", "follow_up", "again"),
        weights=(420, 200, 220, 60, 30, 8, 25, 12),
    )[0]
    outcome = rng.choices(
        (Outcome.RESOLVED, Outcome.PARTLY, Outcome.NOT_FEASIBLE, Outcome.NOT_IN_REMIT),
        weights=(86, 8, 4, 2),
    )[0]
    return OutcomeProfile(
        path=path,
        accept=rng.uniform(1.05, 2.2) if is_late else rng.triangular(0.02, 0.95, 0.2),
        resolve=rng.uniform(1.02, 1.8) if rng.random() < 0.1 else rng.triangular(0.12, 0.98, 0.5),
        ending=ending,
        outcome=outcome,
        answers=0.85,
    )
