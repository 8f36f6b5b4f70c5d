"""Architecture rules for one file at a time: each takes a source and returns its violations.

They are plain functions so that test_architecture.py can show each of them failing on a planted
violation before it is believed about the real source.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("grids", "branches", "members", "petitions")
CODE = (*APPS, "config")
LINES, TEMPLATE_LINES, STATEMENTS = 400, 150, 40
VAGUE = frozenset({"utils", "util", "helpers", "helper", "services", "service", "common", "misc"})
GETTEXT = frozenset(
    {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
    | {"pgettext", "pgettext_lazy"}
)
HAN = re.compile(r"[㐀-鿿]")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file of the repository: its path from the root, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed module."""
        return ast.parse(self.text, self.path)

    @property
    def app(self) -> str:
        """The top folder."""
        return self.path.partition("/")[0]

    @property
    def parts(self) -> tuple[str, ...]:
        """Folders and file name without its suffix."""
        return Path(self.path).with_suffix("").parts

    def functions(self) -> Iterator[Function]:
        """Every function and method of the module."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def at(self, node: ast.AST) -> str:
        """Path and line of a node, as an editor opens it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


def sources(*folders: str, suffix: str = ".py") -> list[Source]:
    """Read the files of some folders, those under .venv and var left out."""
    return [
        Source(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob(f"*{suffix}"))
        if "__pycache__" not in path.parts
    ]


# --- Python -----------------------------------------------------------------------------------


def too_long(source: Source) -> list[str]:
    """No module over 400 lines; migrations are generated and read once."""
    number = source.text.count("\n")
    if "migrations" in source.parts or number <= LINES:
        return []
    return [f"{source.path}: {number} lines, at most {LINES}"]


def long_functions(source: Source) -> list[str]:
    """No function of more than 40 statements."""
    return [
        f"{source.at(function)}: {function.name} has {number} statements, at most {STATEMENTS}"
        for function in source.functions()
        if (number := sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1)
        > STATEMENTS
    ]


def imports_inside(source: Source) -> list[str]:
    """No import inside a function."""
    return [
        f"{source.path}:{function.name}"
        for function in source.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def vague_name(source: Source) -> list[str]:
    """A module is named for its one duty."""
    return [source.path for part in source.parts if part in VAGUE]


def no_docstring(source: Source) -> list[str]:
    """A module begins with one sentence: its duty. Empty package marks and migrations need none."""
    if not source.text.strip() or "migrations" in source.parts:
        return []
    return [] if ast.get_docstring(source.tree) else [source.path]


def prints(source: Source) -> list[str]:
    """Nothing prints; commands write to their own stdout, everything else logs."""
    return [
        source.at(node)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]


def signals(source: Source) -> list[str]:
    """No model signals: an import of Django's signals or of its dispatcher."""
    findings = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{item.name}" for item in node.names)]
        elif isinstance(node, ast.Import):
            names = [item.name for item in node.names]
        else:
            continue
        if any(re.match(r"django(\.\w+)*\.(signals|dispatch)\b", name) for name in names):
            findings.append(source.at(node))
    return findings


def works_in_save(source: Source) -> list[str]:
    """No model does work in save() or delete(): the workflow does, where one reads it."""
    if "models" not in source.parts:
        return []
    return [
        f"{source.at(function)}: {function.name}"
        for function in source.functions()
        if function.name in {"save", "delete", "full_clean", "asave", "adelete"}
    ]


def _assigned(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []


def _sets(node: ast.AST, names: frozenset[str]) -> bool:
    """Tell whether a node assigns one of the attributes, or hands one to a call that writes."""
    if any(isinstance(item, ast.Attribute) and item.attr in names for item in _assigned(node)):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func).rpartition(".")[2]
    if name == "setattr":
        return any(isinstance(arg, ast.Constant) and arg.value in names for arg in node.args)
    writing = {"update", "create", "update_or_create", "Petition"}
    return name in writing and any(keyword.arg in names for keyword in node.keywords)


def writes_state(source: Source) -> list[str]:
    """Only the workflow writes a case's state or version; the sample writes its whole story."""
    if source.parts[:2] in {("petitions", "workflow"), ("petitions", "sample")}:
        return []
    if source.app != "petitions" or "migrations" in source.parts:
        return []
    names = frozenset({"status", "version"})
    return [source.at(node) for node in ast.walk(source.tree) if _sets(node, names)]


FACTS_AND_RULES = {
    *("enums", "states", "models", "querysets", "actors", "refusals", "permissions", "rules")
}
WEB_AND_TASKS = ("django.http", "django.shortcuts", "django.views", "rest_framework", "celery")


def imports_web_layer(source: Source) -> list[str]:
    """The tables and rules of petitions import no views, REST framework or Celery."""
    if source.app != "petitions" or len(source.parts) < 2 or source.parts[1] not in FACTS_AND_RULES:
        return []
    findings = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{item.name}" for item in node.names]
        elif isinstance(node, ast.Import):
            names = [item.name for item in node.names]
        else:
            continue
        findings += [
            f"{source.at(node)}: {name}"
            for name in names
            if any(f"{name}.".startswith(f"{package}.") for package in WEB_AND_TASKS)
        ]
    return findings


REQUEST_MODULES = {"views", "api", "forms", "serializers", "filters", "urls"}
REQUEST_PACKAGES = {"web", "intake", "tracking", "casework", "worklist", "stats"}


def _is_request_layer(source: Source) -> bool:
    """Tell whether a module belongs to the views, forms or API of an app."""
    return bool((REQUEST_MODULES | REQUEST_PACKAGES) & set(source.parts))


def writes_in_request_layer(source: Source) -> list[str]:
    """No view, form, serializer, filter or API class writes a row; one workflow call does."""
    if source.app not in APPS or not _is_request_layer(source):
        return []
    writing = {"save", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "delete"}
    findings = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on = ast.unparse(node.func.value)
            if node.func.attr in writing or (
                node.func.attr in {"create", "update"} and ".objects" in on
            ):
                findings.append(f"{source.at(node)}: {on}.{node.func.attr}()")
    return findings


def names_higher_app(source: Source) -> list[str]:
    """A lower app names no higher one, not even in a string (an address, a model, a path)."""
    if source.app not in APPS or "migrations" in source.parts:
        return []
    higher = "|".join(APPS[APPS.index(source.app) + 1 :])
    if not higher:
        return []
    shape = re.compile(rf"^({higher})([.:/]\w|$)")
    findings = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = [node.value]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            words = [node.module or ""]
        elif isinstance(node, ast.Import):
            words = [item.name for item in node.names]
        else:
            continue
        findings += [f"{source.at(node)}: {word}" for word in words if shape.match(word)]
    return findings


def task_arguments(source: Source) -> list[str]:
    """A task takes ids and nothing else: no personal data passes through the broker."""
    ids = {("_id", "int"), ("_id", "uuid.UUID"), ("_ids", "list[int]")}
    findings = []
    for function in source.functions():
        marks = [ast.unparse(item) for item in function.decorator_list]
        if not any("shared_task" in mark or mark.startswith("app.task") for mark in marks):
            continue
        for item in (*function.args.args, *function.args.kwonlyargs):
            kind = ast.unparse(item.annotation) if item.annotation else ""
            if (item.arg[item.arg.rfind("_") :], kind) not in ids:
                findings.append(f"{source.at(function)}: {function.name}({item.arg})")
    return findings


def _is_foreign(text: str) -> bool:
    """Tell whether a text has letters besides its placeholders, but no Han character."""
    bare = re.sub(r"%\(\w+\)[sd]|\{\{.*?\}\}|\{%.*?%\}", "", text)
    return not HAN.search(bare) and bool(re.search(r"[A-Za-z]", bare))


def foreign_words(source: Source) -> list[str]:
    """Chinese is the language of the source: every text handed to gettext has Han characters."""
    findings = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name not in GETTEXT:
            continue
        first = 1 if name.startswith("pgettext") else 0  # a context comes before the text
        last = 1 if name.startswith(("gettext", "_")) else 2
        for arg in node.args[first:last]:
            if not (isinstance(arg, ast.Constant) and isinstance(arg.value, str)):
                findings.append(f"{source.at(node)}: not a plain text")
            elif _is_foreign(arg.value):
                findings.append(f"{source.at(node)}: {arg.value!r}")
    return findings


def trusted_html(source: Source) -> list[str]:
    """Nothing marks text as safe HTML."""
    shape = re.compile(r"\b(mark_safe|SafeString|SafeText|safestring)\b")
    return [
        f"{source.path}:{number}"
        for number, line in enumerate(source.text.splitlines(), 1)
        if shape.search(line)
    ]


# --- Templates, styles and scripts ------------------------------------------------------------

_COMMENT = re.compile(r"\{#.*?#\}|\{%\s*comment\b.*?%\}.*?\{%\s*endcomment\s*%\}", re.DOTALL)
_TRANSLATED = re.compile(
    r"\{%-?\s*blocktrans(?:late)?\b.*?\{%-?\s*endblocktrans(?:late)?\s*-?%\}", re.DOTALL
)
_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style\b|\sstyle\s*=|\son[a-z]+\s*=|\shx-on\b|javascript:", re.I
)
_FOREIGN_URL = re.compile(r"""https?://[^\s"'<>)]+|(?:src|href|url\()\s*=?\s*["']?//""", re.I)
HARMLESS_URLS = ("http://www.w3.org/",)  # names of XML vocabularies; nobody fetches them


def uncommented(text: str) -> str:
    """Blank out template comments, keeping the lines."""
    return _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)


def _lines(source: Source, shape: re.Pattern[str], text: str) -> list[str]:
    return [
        f"{source.path}:{text.count(chr(10), 0, match.start()) + 1}: {match[0].strip()[:60]}"
        for match in shape.finditer(text)
    ]


def long_template(source: Source) -> list[str]:
    """No template over 150 lines."""
    number = source.text.count("\n")
    return [] if number <= TEMPLATE_LINES else [f"{source.path}: {number} lines"]


def inline_code(source: Source) -> list[str]:
    """No inline script, style or handler: the Content-Security-Policy would refuse it."""
    return _lines(source, _INLINE, uncommented(source.text))


def unescaped(source: Source) -> list[str]:
    """Nothing escapes escaping."""
    shape = re.compile(r"\|\s*safe(seq)?\b|autoescape\s+off")
    return _lines(source, shape, uncommented(source.text))


def foreign_hosts(source: Source) -> list[str]:
    """No address of another host: everything is served from here."""
    findings = _lines(source, _FOREIGN_URL, uncommented(source.text))
    return [item for item in findings if not any(harmless in item for harmless in HARMLESS_URLS)]


def untranslated(source: Source) -> list[str]:
    """Every Chinese word of a template stands in a translation tag."""
    text = _TAG.sub(
        "", _TRANSLATED.sub(lambda f: "\n" * f[0].count("\n"), uncommented(source.text))
    )
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    return _lines(source, re.compile(r"[^\n<>]*[㐀-鿿][^\n<>]*"), text)


def foreign_template_words(source: Source) -> list[str]:
    """Texts to translate in templates are Chinese."""
    text = uncommented(source.text)
    plain = re.findall(r"\{%\s*trans(?:late)?\s+(?:\"([^\"]*)\"|'([^']*)')", text)
    blocks = re.findall(r"\{%\s*blocktrans(?:late)?\b.*?%\}(.*?)\{%\s*endblocktrans", text, re.S)
    words = [item or other for item, other in plain] + blocks
    return [f"{source.path}: {word.strip()!r}" for word in words if _is_foreign(word)]
