"""Only the involvement module, the models and the workflow know the columns of a case's parties."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from petitions.involvement import COLUMNS
from petitions.models import Petition
from tests.support.architecture_rules import Source, sources

ALLOWED = {
    "petitions/involvement.py": "answers who is involved in a case",
    "petitions/exclusion.py": "answers who has no part in a case",
    "petitions/relations.py": "names the column of each relation",
    "petitions/separation_of_duties.py": "compares a user with who works on a case",
    "petitions/case_holders.py": "finds the cases with a party that has left",
    "petitions/models/": "declares the columns, their constraints and indexes",
    "petitions/migrations/": "creates the columns",
    "petitions/workflow/": "writes the columns with each transition",
    "petitions/sample/": "creates cases of every kind",
    "petitions/ops/integrity.py": "recounts the rows in SQL, independently of the product's rules",
    "petitions/ops/event_checks.py": "compares the columns in SQL with the signed events",
    "petitions/api/serializers/cases.py": "declares the public names of the API's fields",
}

ORM_METHODS = frozenset(
    {"filter", "exclude", "get", "Q", "F", "OuterRef", "When", "order_by", "select_related"}
    | {"prefetch_related", "values", "values_list", "only", "defer", "update", "create"}
    | {"annotate", "aggregate", "in_bulk", "update_fields", "Count"}
)
AMBIGUOUS = frozenset({"department", "supervisor", "arbiter"})
"""Names that are also an actor, a level or a field of a form."""

_NAMES = "|".join(COLUMNS)
_ATTRIBUTE = re.compile(rf"^((?:{_NAMES})(?:_id)?)$")
_LOOKUP = re.compile(rf"-?({_NAMES})(_id)?(__\w+)?$")
_PLAIN = re.compile(rf"^({'|'.join(sorted({*COLUMNS} - AMBIGUOUS))})$")
_SQL = re.compile(rf"\b({_NAMES})_id\b")
_TEMPLATE = re.compile(rf"\w\.({_NAMES})(_id)?\b")


def _names_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) != "involvement":
        yield from _ATTRIBUTE.findall(node.attr)
    elif isinstance(node, ast.Call):
        method = ast.unparse(node.func).rpartition(".")[2]
        words = [keyword.arg or "" for keyword in node.keywords]
        if method != "get":  # a dictionary has this method as well
            words += [str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
        yield from (word for word in words if method in ORM_METHODS and _LOOKUP.match(word))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _PLAIN.findall(node.value) + _SQL.findall(node.value)


def named_columns(source: Source) -> list[str]:
    """Return where a module names a column that holds a party of a case."""
    if any(source.path.startswith(path) for path in ALLOWED):
        return []
    return [
        f"{source.at(node)}: {name}" for node in ast.walk(source.tree) for name in _names_in(node)
    ]


def named_in_template(source: Source) -> list[str]:
    """Return the columns of parties that a template reads from a case."""
    return [match[0] for match in _TEMPLATE.finditer(source.text)]


def test_no_other_module_names_the_columns() -> None:
    assert [line for source in sources("petitions") for line in named_columns(source)] == []


def test_no_template_reads_the_columns() -> None:
    templates = sources("templates", suffix=".html")
    assert templates
    assert [line for source in templates for line in named_in_template(source)] == []


@pytest.mark.parametrize(
    "code",
    [
        "name = petition.supervisor.short_name\n",
        "pk = petition.about_organisation_id\n",
        "Petition.objects.filter(department=pk)\n",
        "Q(supervisor__in=own)\n",
        "rows.select_related('assigned_group')\n",
        "rows.order_by('-filed_by_id')\n",
        "PARTS = ('organisation', 'assigned_group')\n",
        "cursor.execute('SELECT supervisor_id FROM petitions_petition')\n",
    ],
)
def test_a_planted_column_is_seen(code: str) -> None:
    assert named_columns(Source("petitions/casework/planted.py", code))
    assert named_columns(Source("petitions/workflow/planted.py", code)) == []


def test_a_column_planted_in_a_template_is_seen() -> None:
    planted = Source("templates/planted.html", "{{ case.supervisor.name }}")
    assert named_in_template(planted) == ["e.supervisor"]


def test_every_guarded_name_is_a_column() -> None:
    assert set(COLUMNS) <= {field.name for field in Petition._meta.get_fields()}
