"""All single changes to a module that a test of behaviour could notice.

Not changed: docstrings, annotations, decorators, assertions, log lines, texts for people, string
literals, and the fields and `Meta` of models (the migrations decide what the database holds).
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
SWAPPED = (("any", "all"), ("min", "max"), ("filter", "exclude"), ("first", "last"))
CALLS = dict((*SWAPPED, *((second, first) for first, second in SWAPPED)))
WORDING = {"_", "gettext", "gettext_lazy", "ngettext", "pgettext", "pgettext_lazy"}
LOGGERS = {"log", "logger"}
UNREAD_FIELDS = {"annotation", "returns", "decorator_list", "bases", "keywords"}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change: where it is, the text before and after, and the module that results."""

    file: str
    function: str
    old: str
    new: str
    lines: tuple[int, ...]
    """The lines of the change; the tests that run one of them may notice it."""
    source: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies it when lines have moved."""
        return (self.file, self.function, self.old, self.new)

    def __str__(self) -> str:
        place = f"{self.file}:{self.lines[0]} {self.function}"
        return f"{place}\n    - {self.old}\n    + {self.new}"


def enum_members(root: Path) -> dict[str, list[str]]:
    """Return the members of the enumerations of all apps, by class name."""
    return {
        node.name: [
            ast.unparse(each.targets[0]) for each in node.body if isinstance(each, ast.Assign)
        ]
        for path in sorted(root.glob("*/enums.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    }


def of_module(file: str, text: str, enums: dict[str, list[str]]) -> list[Mutation]:
    """Return the mutations of a module, in the order of the source."""
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for mutation in _Module(file, text, enums).mutations():
        seen[mutation.key] += 1
        if (count := seen[mutation.key]) > 1:
            mutation = replace(mutation, new=f"{mutation.new}  # the {count}. such line")
        found.append(mutation)
    return found


class _Module:
    def __init__(self, file: str, text: str, enums: dict[str, list[str]]) -> None:
        self.file = file
        self.rows = [row.encode() for row in text.splitlines(keepends=True)]
        self.tree = ast.parse(text)
        self.enums = dict(enums)
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                self.enums[ast.unparse(node.targets[0])] = enums.get(node.value.id, [])

    def mutations(self) -> Iterator[Mutation]:
        """Yield every mutation that compiles and changes the code."""
        original, places = ast.dump(self.tree), set()
        for function, statement, node in _nodes(self.tree, "", 0):
            for change in (*_changes(node), *self._other_members(node)):
                mutation = self._mutation(function, statement, node, change)
                if mutation.source in places:
                    continue
                places.add(mutation.source)
                try:
                    if ast.dump(ast.parse(mutation.source)) != original:
                        yield mutation
                except SyntaxError:
                    continue

    def _other_members(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            members = self.enums.get(node.value.id, [])
            if node.attr in members and len(members) > 1:
                other = members[(members.index(node.attr) + 1) % len(members)]
                yield f"{node.value.id}.{other}"

    def _mutation(self, function: str, statement: int, node: ast.AST, text: str) -> Mutation:
        assert isinstance(node, ast.stmt | ast.expr)
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        row = self.rows[first][: node.col_offset] + text.encode()
        row += self.rows[last][node.end_col_offset :]
        source = b"".join([*self.rows[:first], row, *self.rows[last + 1 :]])
        end = first + 1 if isinstance(node, ast.stmt) else last + 1
        return Mutation(
            file=self.file,
            function=function,
            old=_one_line(b"".join(self.rows[first : last + 1])),
            new=_one_line(row),
            lines=tuple(sorted({statement, *range(first + 1, end + 1)})),
            source=source.decode(),
        )


def _one_line(rows: bytes) -> str:
    return " ".join(rows.decode().split())


def _nodes(parent: ast.AST, function: str, statement: int) -> Iterator[tuple[str, int, ast.AST]]:
    """Yield the nodes that may be changed, with their function and the line of their statement."""
    for name, value in ast.iter_fields(parent):
        if name in UNREAD_FIELDS and isinstance(
            parent, ast.FunctionDef | ast.ClassDef | ast.arg | ast.AnnAssign
        ):
            continue
        for node in value if isinstance(value, list) else [value]:
            if not isinstance(node, ast.AST) or _is_left_alone(node, parent):
                continue
            inner, line = function, statement
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                inner = f"{function}.{node.name}".lstrip(".")
            if isinstance(node, ast.stmt):
                line = node.lineno
            yield inner, line, node
            yield from _nodes(node, inner, line)


def _is_left_alone(node: ast.AST, parent: ast.AST) -> bool:
    match node:
        case ast.Assert() | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.ClassDef(name="Meta") | ast.FunctionDef(name="__str__" | "__repr__"):
            return True
        case ast.Assign() | ast.AnnAssign() if isinstance(parent, ast.ClassDef):
            return isinstance(node.value, ast.Call)
        case ast.Call(func=ast.Name(id=name)):
            return name in WORDING
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in LOGGERS
        case ast.BinOp():
            return _is_class(node.left) or _is_class(node.right)
    return False


def _is_class(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id[0].isupper() and not node.id.isupper()


# --- Changes ----------------------------------------------------------------------------------


def _changes(node: ast.AST) -> Iterator[str]:
    """Yield the texts that may take the place of a node."""
    for kind, make in MAKERS:
        if isinstance(node, kind):
            for changed in make(node):
                text = changed if isinstance(changed, str) else ast.unparse(changed)
                yield f"({text})" if isinstance(node, ast.BoolOp | ast.Compare) else text


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _compared(node: ast.Compare) -> Iterator[ast.AST]:
    for other in COMPARISONS.get(type(node.ops[0]), ()):
        yield _with(node, ops=[other(), *node.ops[1:]])


def _joined(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for dropped in node.values:
        kept = [value for value in node.values if value is not dropped]
        yield _with(node, values=kept) if len(kept) > 1 else kept[0]


def _negated(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not):
        yield node.operand


def _calculated(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in OPERATORS:
        yield _with(node, op=OPERATORS[type(node.op)]())


def _constant(node: ast.Constant) -> Iterator[str]:
    if isinstance(node.value, bool):
        yield str(not node.value)
    elif isinstance(node.value, int):
        yield from (str(node.value + 1), str(node.value - 1))


def _called(node: ast.Call) -> Iterator[ast.AST]:
    match node.func:
        case ast.Name(id=name) if name in CALLS:
            yield _with(node, func=_with(node.func, id=CALLS[name]))
        case ast.Attribute(attr=name) if name in CALLS:
            yield _with(node, func=_with(node.func, attr=CALLS[name]))


def _shortened(node: ast.Set | ast.Tuple | ast.List) -> Iterator[ast.AST]:
    # A tuple of other values is a record, of which no part can be missing.
    is_collection = isinstance(node, ast.Set) or (
        isinstance(node.ctx, ast.Load)
        and all(isinstance(each, ast.Attribute | ast.Starred) for each in node.elts)
    )
    if is_collection and len(node.elts) > 1:
        for dropped in node.elts:
            yield _with(node, elts=[each for each in node.elts if each is not dropped])


def _returned(node: ast.Return) -> Iterator[str]:
    if node.value is not None and ast.unparse(node.value) != "None":
        yield "return None"


def _removed(_node: ast.stmt) -> Iterator[str]:
    yield "pass"


def _unassigned(node: ast.Assign | ast.AugAssign) -> Iterator[str]:
    """A name that is never assigned fails at once; an attribute keeps its former value."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if isinstance(node, ast.AugAssign) or isinstance(target, ast.Attribute | ast.Subscript):
        yield "pass"


def _unguarded(node: ast.If) -> Iterator[str]:
    """A guard is an `if` without `else` that leaves the function or the round of a loop."""
    if not node.orelse and isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue):
        yield "pass"


def _condition(node: ast.If | ast.IfExp) -> Iterator[ast.AST]:
    if not isinstance(node.test, ast.Compare | ast.UnaryOp):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))


MAKERS: tuple[
    tuple[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[ast.AST | str]]], ...
] = (
    (ast.Compare, _compared),
    (ast.BoolOp, _joined),
    (ast.UnaryOp, _negated),
    (ast.BinOp, _calculated),
    (ast.Constant, _constant),
    (ast.Call, _called),
    ((ast.Set, ast.Tuple, ast.List), _shortened),
    (ast.Return, _returned),
    (ast.Raise, _removed),
    (ast.Expr, _removed),
    ((ast.Assign, ast.AugAssign), _unassigned),
    (ast.If, _unguarded),
    (ast.IfExp, _condition),
)
