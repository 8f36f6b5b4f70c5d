"""The changes that mutation testing makes to a module."""

from textwrap import dedent

import pytest

from tests.mutation.covering_tests import ROOT, lines_that_use, rule_files
from tests.mutation.mutations import enum_members, of_module

ENUMS = {"Status": ["OPEN", "CLOSED"]}


def changed_lines(text: str) -> set[str]:
    return {mutation.new for mutation in of_module("rules.py", dedent(text), ENUMS)}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = a < b", {"x = (a <= b)", "x = (a > b)"}),
        ("x = a and b and c", {"x = (a or b or c)", "x = (a and b)", "x = (b and c)"}),
        ("x = not a", {"x = a"}),
        ("x = 3", {"x = 4", "x = 2"}),
        ("x = True", {"x = False"}),
        ("x = Status.OPEN", {"x = Status.CLOSED"}),
        ("x = rows.filter(a)", {"x = rows.exclude(a)"}),
        ("x = any(rows)", {"x = all(rows)"}),
        ("x = (Status.OPEN, *OTHERS)", {"x = (Status.OPEN,)", "x = (*OTHERS,)"}),
        ("case.save()", {"pass"}),
        ("case.level = level", {"pass"}),
        ("raise Refused", {"pass"}),
        ("x = a if b else c", {"x = a if not b else c"}),
        ("x = a + b", {"x = a - b"}),
    ],
)
def test_change_of_a_line(line: str, expected: set[str]) -> None:
    assert expected <= changed_lines(line)


def test_guard_is_removed_and_return_loses_its_value() -> None:
    found = changed_lines("""
        def level(case):
            if case.closed:
                return 1
            return case.level
        """)
    assert {"pass", "return None", "return 2"} <= found


@pytest.mark.parametrize(
    "text",
    [
        '"""Two or more, not 2."""',
        "def f(x: A | None = None) -> B | None: ...",
        "x = _('1 or 2')",
        "log.info('done', count=1)",
        "assert x == 1",
        "class Case(Model):\n    size = IntegerField(max_length=3)\n",
        "class Case(Model):\n    class Meta:\n        size = 3\n",
        "@dataclass(frozen=True)\nclass Case(Base, size=3): ...",
        "By = User | Petitioner",
        "x = 'text'",
    ],
)
def test_left_alone(text: str) -> None:
    assert changed_lines(text) == set()


def test_chinese_text_before_the_change_moves_nothing() -> None:
    assert "x = ('社区', True)" in changed_lines("x = ('社区', False)")


def test_change_keeps_its_key_when_lines_move() -> None:
    [before] = of_module("rules.py", "x = True\n", {})
    [after] = of_module("rules.py", "# A comment.\n\nx = True\n", {})
    assert (before.key, before.lines) == (after.key, (1,))
    assert after.lines == (3,)


def test_same_change_twice_has_two_keys() -> None:
    found = of_module("rules.py", "def f():\n    a.b = True\n    a.b = True\n", {})
    assert len({mutation.key for mutation in found}) == len(found) == 4


def test_every_change_of_a_rule_is_another_module() -> None:
    file = "petitions/rules/promises.py"
    text = (ROOT / file).read_text()
    found = of_module(file, text, enum_members(ROOT))
    sources = {mutation.source for mutation in found}
    assert len(sources) == len(found) > 50
    assert text not in sources


def test_definition_leads_to_the_functions_that_use_it() -> None:
    file = "petitions/states.py"
    rows = (ROOT / file).read_text().splitlines()
    line = next(number for number, row in enumerate(rows, 1) if row.startswith("STAFF = "))
    found = lines_that_use(file, line)
    assert "petitions/permissions.py" in found  # STAFF is in VERB_RULES, and that is in RULE_OF
    assert set(found) <= set(rule_files())
