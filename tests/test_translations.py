"""The English catalogue: complete, consistent placeholders, compiled, in step with the code."""

from __future__ import annotations

import ast
import io
import re
import struct
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "locale/en/LC_MESSAGES/django.po"
CALLS = frozenset({"_", "gettext", "ngettext", "pgettext", "npgettext"})
NOT_READ = frozenset({"tests", "var", "node_modules"})

HAN = re.compile(r"[㐀-鿿　-〿！-￮]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")
TAG = re.compile(r"</?\w+>")
AMERICAN = re.compile(
    r"\b\w*(?:organiz|recogniz|authoriz|analyz)\w*|\bcolors?\b|\bcenters?\b", re.I
)

# Exceptions, each with its reason. Nothing else is excused.
NOT_CHINESE = {
    "English": "a language's name in its own script",
    "%(a)s%(b)s": "two lengths of time in a row; English wants a space between them",
}
CHINESE_IN_ENGLISH = {
    "简体中文": "a language's name in its own script",
    "从小区起的叫法，如“阜兴花苑46号楼”": "names of places are Chinese",
    "受理阜兴花苑 46 号楼的诉求，派人、办结": "names of places are Chinese",
    "博峰街道的书记：看不到阜新街道的任何诉求": "names of places are Chinese",
    "如 fxhy46、迎宾路": "names of places are Chinese",
    "例如：阜兴花苑46号楼。也可以输入拼音首字母：fxhy46。": "names of places are Chinese",
    "一两个字就行，如 浑、没水、路灯": "matters are found by Chinese keywords",
    "例如：水是浑的。我们帮您对上类别。": "matters are found by Chinese keywords",
}

Key = tuple[str, str]
"""Context (often empty) and the Chinese text."""


@dataclass(frozen=True)
class Entry:
    """One text of the catalogue."""

    context: str = ""
    source: str = ""
    plural: str = ""
    forms: tuple[str, ...] = ("",)
    flags: frozenset[str] = frozenset()

    @property
    def key(self) -> Key:
        """What the text is looked up by."""
        return self.context, self.source


# --- reading ------------------------------------------------------------------------------------


def read_po(text: str) -> list[Entry]:
    """Read the texts of a catalogue, without its header."""
    texts = []
    for block in text.split("\n\n"):
        parts: dict[str, str] = {}
        flags: set[str] = set()
        name = ""
        for line in block.splitlines():
            if line.startswith("#,"):
                flags |= {flag.strip() for flag in line[2:].split(",")}
            elif line and not line.startswith("#"):
                if not line.startswith('"'):
                    name, _, line = line.partition(" ")
                parts[name] = parts.get(name, "") + str(ast.literal_eval(line))
        forms = tuple(text for name, text in sorted(parts.items()) if name.startswith("msgstr"))
        entry = Entry(
            parts.get("msgctxt", ""),
            parts.get("msgid", ""),
            parts.get("msgid_plural", ""),
            forms,
            frozenset(flags),
        )
        if entry.source:
            texts.append(entry)
    return texts


def read_mo(data: bytes) -> dict[str, str]:
    """Read a compiled catalogue as it stands in the file, without its header."""
    magic, _version, count, sources, targets = struct.unpack_from("<5I", data)
    assert magic == 0x950412DE

    def word(table: int, index: int) -> str:
        length, at = struct.unpack_from("<2I", data, table + 8 * index)
        return data[at : at + length].decode()

    texts = {word(sources, index): word(targets, index) for index in range(count)}
    texts.pop("")
    return texts


def words_of_python(text: str) -> Iterator[Key]:
    """Yield what a module gives to gettext, whatever the module calls it."""
    tree = ast.parse(text)
    names = {
        alias.asname or alias.name: alias.name.removesuffix("_lazy").removesuffix("_noop")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if "gettext" in alias.name
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            texts = [
                str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)
            ]
            if node.func.id in names and texts:
                yield _key(names[node.func.id], texts)


def words_of_template(text: str) -> Iterator[Key]:
    """Yield what a template gives to gettext."""
    for line in templatize(text).splitlines():
        tokens = list(tokenize.generate_tokens(io.StringIO(line.strip()).readline))
        for at, (name, bracket) in enumerate(pairwise(tokens)):
            if name.string in CALLS and bracket.string == "(":
                yield _key(name.string, list(_strings(tokens[at + 2 :])))


def _strings(tokens: Iterable[tokenize.TokenInfo]) -> Iterator[str]:
    for token in tokens:
        if token.type == tokenize.STRING:
            yield str(ast.literal_eval(token.string))
        elif token.string != ",":
            return


def _key(function: str, texts: list[str]) -> Key:
    if function in {"pgettext", "npgettext"} and len(texts) > 1:
        return texts[0], texts[1]
    return "", texts[0]


def words_of_code() -> dict[Key, str]:
    """Return every text of the code and the templates, with one file it stands in."""
    texts: dict[Key, str] = {}
    for path in _files(ROOT):
        read = words_of_python if path.suffix == ".py" else words_of_template
        for key in read(path.read_text()):
            texts.setdefault(key, str(path.relative_to(ROOT)))
    return texts


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in NOT_READ and not path.name.startswith("."):
            yield from _files(path)
        elif path.suffix in {".py", ".html", ".txt"} and path.is_file():
            yield path


# --- rules --------------------------------------------------------------------------------------


def untranslated(entry: Entry) -> bool:
    """A text without English, or with English that is only a guess."""
    return "fuzzy" in entry.flags or not all(form.strip() for form in entry.forms)


def one_form(entry: Entry) -> bool:
    """A text of one and many that has not two English forms, or the other way round."""
    return len(entry.forms) != (2 if entry.plural else 1)


def other_placeholders(entry: Entry) -> bool:
    """Placeholders or tags that differ between Chinese and English."""
    return any(
        set(pattern.findall(form)) != set(pattern.findall(entry.source))
        for form in entry.forms
        for pattern in (PLACEHOLDER, TAG)
    )


def not_chinese(entry: Entry) -> bool:
    """A source text that is not Chinese."""
    return not HAN.search(entry.source) and entry.source not in NOT_CHINESE


def chinese_left(entry: Entry) -> bool:
    """Chinese letters or punctuation in the English text."""
    return entry.source not in CHINESE_IN_ENGLISH and any(map(HAN.search, entry.forms))


def american(entry: Entry) -> bool:
    """American spelling."""
    return any(map(AMERICAN.search, entry.forms))


Rule = Callable[[Entry], bool]
SOUND = Entry("", "还剩 %(n)s 天", "还剩 %(n)s 天", ("%(n)s day left", "%(n)s days left"))
RULES: dict[Rule, Entry] = {
    # rule: an entry that breaks it
    untranslated: replace(SOUND, forms=("%(n)s day left", "")),
    one_form: replace(SOUND, forms=("%(n)s days left",)),
    other_placeholders: replace(SOUND, forms=("%(n)s day left", "%(m)s days left")),
    not_chinese: replace(SOUND, source="%(n)s left"),
    chinese_left: replace(SOUND, forms=("%(n)s day left", "%(n)s days left。")),
    american: replace(SOUND, forms=("%(n)s Organization", "%(n)s days left")),
}


def compiled(entries: Iterable[Entry]) -> dict[str, str]:
    """Return what a compiled catalogue of these entries holds."""
    texts = {}
    for entry in entries:
        source = f"{entry.source}\0{entry.plural}" if entry.plural else entry.source
        source = f"{entry.context}\x04{source}" if entry.context else source
        texts[source] = "\0".join(entry.forms)
    return texts


# --- tests --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    """The catalogue."""
    return read_po(PO.read_text())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_text_keeps_the_rule(rule: Rule, entries: list[Entry]) -> None:
    assert [entry.source for entry in entries if rule(entry)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_sees_a_planted_error(rule: Rule) -> None:
    assert rule(RULES[rule])
    assert not rule(SOUND)


def test_a_guess_counts_as_untranslated() -> None:
    (entry,) = read_po('#, fuzzy, python-format\nmsgid "天"\nmsgstr "day"\n')
    assert untranslated(entry)


def test_exceptions_are_all_needed(entries: list[Entry]) -> None:
    sources = {entry.source for entry in entries}
    assert set(NOT_CHINESE) | set(CHINESE_IN_ENGLISH) <= sources


def test_no_text_stands_twice(entries: list[Entry]) -> None:
    assert len({entry.key for entry in entries}) == len(entries)


def test_the_compiled_catalogue_is_this_catalogue(entries: list[Entry]) -> None:
    texts = read_mo(PO.with_suffix(".mo").read_bytes())
    assert texts == compiled(entries)
    planted = [*entries[:-1], replace(entries[-1], forms=("something else",))]
    assert texts != compiled(planted)


def test_code_and_catalogue_hold_the_same_texts(entries: list[Entry]) -> None:
    code = words_of_code()
    known = {entry.key for entry in entries}
    assert {key: path for key, path in code.items() if key not in known} == {}
    assert known - set(code) == set()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('from django.utils.translation import gettext as _\n_("天" "气")', {("", "天气")}),
        ('from django.utils.translation import gettext_lazy as lazy\nlazy("天")', {("", "天")}),
        ('from django.utils.translation import ngettext\nngettext("天", "天", n)', {("", "天")}),
        (
            'from django.utils.translation import pgettext_lazy\npgettext_lazy("status", "天")',
            {("status", "天")},
        ),
        ('_("天")', set()),
    ],
)
def test_the_scanner_reads_python(text: str, keys: set[Key]) -> None:
    assert set(words_of_python(text)) == keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('<p title="天">{% translate "天" %}\n  气</p>', {("", "天")}),
        ("{% blocktranslate trimmed %}\n  天\n{% endblocktranslate %}", {("", "天")}),
        ('{% translate "天" context "undo" as word %}', {("undo", "天")}),
        (
            '{% include "x.html" with label=_("天") %}{{ one|default:_("气") }}',
            {("", "天"), ("", "气")},
        ),
        (
            "{% blocktranslate count n=m %}{{ n }} 天{% plural %}天{% endblocktranslate %}",
            {("", "%(n)s 天")},
        ),
        ("天{# {% translate '气' %} #}", set()),
    ],
)
def test_the_scanner_reads_templates(text: str, keys: set[Key]) -> None:
    assert set(words_of_template(text)) == keys
