"""Write the state diagram of a case, generated from the state table, into a Markdown file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from petitions.enums import PLANNED_STATUSES, STATUSES, Status, Verb
from petitions.states import FINAL, VERB_RULES

BEGIN = "<!-- states:begin -->"
END = "<!-- states:end -->"


class Command(BaseCommand):
    """Print the diagram, write it between its marks in a file, or check the file."""

    help = "The state diagram of a case, generated from petitions/states.py."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file to write or to check."""
        target = parser.add_mutually_exclusive_group()
        target.add_argument("--write", type=Path, metavar="FILE")
        target.add_argument("--check", type=Path, metavar="FILE")

    def handle(
        self, *_args: Any, write: Path | None = None, check: Path | None = None, **_options: Any
    ) -> None:
        """Print, write or check."""
        text = diagram()
        target = write or check
        if target is None:
            self.stdout.write(text)
            return
        before = target.read_text(encoding="utf-8")
        after = placed(before, text)
        if write:
            target.write_text(after, encoding="utf-8")
        elif before != after:
            raise CommandError(f"{target} is out of date: run state_diagram --write {target}")


def diagram() -> str:
    """Return the mermaid diagram: every verb that changes the state, from where to where.

    Verbs that keep the state (notes, photos, escalation, …) are listed below it.
    """
    with translation.override("zh-hans"):
        lines = ["```mermaid", "stateDiagram-v2"]
        lines += [f'    state "{status.label}" as {status.value}' for status in STATUSES]
        lines += [f"    [*] --> {Status.SUBMITTED.value}: {_word(Verb.FILE)}"]
        for (source, target), verbs in sorted(_arrows().items()):
            lines.append(f"    {source} --> {target}: {'、'.join(verbs)}")
        lines += [f"    {status} --> [*]" for status in FINAL if status not in PLANNED_STATUSES]
        lines.append("```")
        staying = "、".join(_word(move.verb) for move in VERB_RULES if move.to is None)
        return "\n".join([*lines, "", f"不改变状态：{staying}。"])


def placed(text: str, new: str) -> str:
    """Return `text` with the diagram between its marks; CommandError when a mark is missing."""
    head, begin, rest = text.partition(BEGIN)
    _old, end, tail = rest.partition(END)
    if not (begin and end):
        raise CommandError(f"The marks {BEGIN} and {END} are missing.")
    return f"{head}{begin}\n\n{new}\n\n{end}{tail}"


def _arrows() -> dict[tuple[str, str], list[str]]:
    arrows: dict[tuple[str, str], list[str]] = {}
    for move in VERB_RULES:
        for source in move.sources:
            if move.to is not None and source != move.to:
                arrows.setdefault((source.value, move.to.value), []).append(_word(move.verb))
    return arrows


def _word(verb: Verb) -> str:
    return str(verb.label)
