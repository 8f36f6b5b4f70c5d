"""Rule for the workflow: verbs read a case through their store and send no query themselves."""

from __future__ import annotations

import ast

from tests.support.architecture_rules import Source

QUERYSET_METHODS = frozenset(
    {"aggregate", "all", "annotate", "bulk_create", "bulk_update", "exclude", "exists", "filter"}
    | {"first", "get_or_create", "in_bulk", "iterator", "last", "latest", "order_by"}
    | {"select_for_update", "select_related", "update_or_create", "values_list"}
)


def _is_query(node: ast.AST) -> bool:
    """Tell whether a node names a manager, or calls a method that only query sets have."""
    if isinstance(node, ast.Attribute) and (
        node.attr in {"objects", "_default_manager", "_base_manager"} or node.attr.endswith("_set")
    ):
        return True
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    # `get`, `count`, `create` and `values` of a related manager: only with these arguments.
    name, keywords = node.func.attr, bool(node.keywords)
    return (
        name in QUERYSET_METHODS
        or (name in {"get", "create", "update"} and keywords)
        or (name == "count" and not node.args)
        or (name == "values" and bool(node.args))
    )


def queries_in_verbs(source: Source) -> list[str]:
    """Verbs read through `change.store`, so that they also run in memory (the sample)."""
    if source.parts[:2] != ("petitions", "workflow"):
        return []
    return [
        f"{source.path}:{function.name}"
        for function in source.functions()
        if any(_is_query(node) for node in ast.walk(function))
    ]
