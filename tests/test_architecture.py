"""What the architecture promises, read from the source itself; each rule also fails on a plant."""

from __future__ import annotations

import ast
import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path

import pytest
from celery import Celery
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models
from django.urls import reverse

from config.celery import app as celery
from grids.models import PlaceQr
from tests import rules
from tests.rules import APPS, CODE, ROOT, Source, sources

Rule = Callable[[Source], list[str]]

PYTHON = sources(*CODE)
TESTS = sources("tests")
TEMPLATES = sources("templates", suffix=".html")
STATIC = [one for suffix in (".css", ".js", ".svg") for one in sources("static", suffix=suffix)]

# Exceptions, each with its reason. Nothing else is excused.
LATE_IMPORTS = {
    "grids/naming.py:_romanise": "pypinyin reads 40 MB of tables; most processes never need them",
    "config/gunicorn.py:child_exit": "prometheus_client reads its folder while being imported",
    "config/prepare.py:_with_application": "a second start does not load the application at all",
}
PRINTING = {
    "config/backup/__main__.py": "a command line of its own, for an operator at night",
    "config/embedded/__main__.py": "a command line of its own, before Django exists",
    "config/prepare.py": "tells whoever starts the project what is happening",
    "config/supervise.py": "prints the address and the logins",
}
TRUSTED = {
    "petitions/views/sending.py": "the QR code, drawn here from letters and digits",
    "templates/django/forms/field.html": "help texts are ours; Django's own template does the same",
}
WORDS_OF_THEIR_OWN = {"'English'": "a language's name in its own script"}
ONCE_AFTER_MIGRATING = {
    "petitions/apps.py": "post_migrate writes the table of steps; no row's signal"
}
WRITING_AT_A_DOOR = {
    ".*: drafts\\.save\\(\\)": "a draft lies in the visitor's session, not in a table",
    ".*: segno\\.make\\(.*\\)\\.save\\(\\)": "writes a drawing into memory",
}

PYTHON_RULES: dict[Rule, tuple[str, str]] = {
    # rule: (path of the planted file, its text)
    rules.too_long: ("grids/views.py", "x = 1\n" * 401),
    rules.long_functions: ("grids/views.py", "def f():\n" + "    x = 1\n" * 41),
    rules.imports_inside: ("grids/views.py", "def f():\n    import os\n"),
    rules.vague_name: ("grids/helpers.py", ""),
    rules.no_docstring: ("grids/views.py", "x = 1\n"),
    rules.prints: ("grids/views.py", "print('x')\n"),
    rules.signals: ("grids/apps.py", "from django.db.models.signals import post_save\n"),
    rules.works_in_save: ("grids/models.py", "class A:\n    def save(self): ...\n"),
    rules.writes_state: ("petitions/views/case.py", "petition.status = 'closed'\n"),
    rules.writes_at_a_door: ("petitions/views/case.py", "petition.save()\n"),
    rules.names_higher_app: ("grids/views.py", "x = reverse('petitions:case')\n"),
    rules.task_arguments: ("members/tasks.py", "@shared_task\ndef f(phone: str): ...\n"),
    rules.foreign_words: ("grids/views.py", "x = _('Saved')\n"),
    rules.trusted_html: ("grids/views.py", "x = mark_safe('<b>')\n"),
}
TEMPLATE_RULES: dict[Rule, str] = {
    rules.long_template: "<p>\n" * 151,
    rules.inline_code: '<p style="color: red">',
    rules.unescaped: "{{ text|safe }}",
    rules.foreign_hosts: '<link href="https://example.org/x.css">',
    rules.untranslated: "<p>你好</p>",
    rules.foreign_template_words: '{% translate "Hello" %}',
}
EXCUSED: dict[Rule, Iterable[str]] = {
    rules.imports_inside: LATE_IMPORTS,
    rules.signals: [f"{path}:.*" for path in ONCE_AFTER_MIGRATING],
    rules.prints: [f"{path}:.*" for path in PRINTING],
    rules.trusted_html: [f"{path}:.*" for path in TRUSTED],
    rules.unescaped: [f"{path}:.*" for path in TRUSTED],
    rules.foreign_words: [f".*: {word}" for word in WORDS_OF_THEIR_OWN],
    rules.writes_at_a_door: WRITING_AT_A_DOOR,
}


def _broken(rule: Rule, files: Iterable[Source]) -> list[str]:
    excused = [re.compile(shape) for shape in EXCUSED.get(rule, ())]
    found = [one for source in files for one in rule(source)]
    return [one for one in found if not any(shape.fullmatch(one) for shape in excused)]


def _name(rule: object) -> str:
    return str(getattr(rule, "__name__", rule))


@pytest.mark.parametrize("rule", PYTHON_RULES, ids=_name)
def test_code(rule: Rule) -> None:
    assert _broken(rule, PYTHON) == []


@pytest.mark.parametrize(
    "rule", [rules.too_long, rules.long_functions, rules.vague_name], ids=_name
)
def test_tests(rule: Rule) -> None:
    assert _broken(rule, TESTS) == []


@pytest.mark.parametrize("rule", TEMPLATE_RULES, ids=_name)
def test_templates(rule: Rule) -> None:
    assert _broken(rule, TEMPLATES) == []


def test_styles_and_scripts_ask_no_other_host() -> None:
    assert _broken(rules.foreign_hosts, STATIC) == []


@pytest.mark.parametrize("rule", PYTHON_RULES, ids=_name)
def test_rule_sees_a_planted_violation(rule: Rule) -> None:
    path, text = PYTHON_RULES[rule]
    assert _broken(rule, [Source(path, text)])


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (rules.writes_state, "petitions/forms/verb.py", "Petition(status='closed')\n"),
        (rules.writes_state, "petitions/beat.py", "cases.update(status='closed')\n"),
        (rules.writes_state, "petitions/casefile.py", "petition.version += 1\n"),
        (rules.writes_state, "petitions/rows.py", "setattr(petition, 'status', new)\n"),
        (rules.writes_at_a_door, "petitions/api/verbs.py", "Note.objects.create(body='x')\n"),
        (rules.names_higher_app, "branches/views.py", "from members.models import User\n"),
        (rules.signals, "grids/models.py", "from django.dispatch import receiver\n"),
    ],
)
def test_rule_sees_the_other_ways_round(rule: Rule, path: str, text: str) -> None:
    assert _broken(rule, [Source(path, text)])


@pytest.mark.parametrize("rule", TEMPLATE_RULES, ids=_name)
def test_rule_sees_a_planted_violation_in_a_template(rule: Rule) -> None:
    assert _broken(rule, [Source("templates/planted.html", TEMPLATE_RULES[rule])])


@pytest.mark.parametrize(
    "text", ["<script>go()</script>", '<a onclick="go()">', "<style>p{}</style>"]
)
def test_inline_code_of_every_kind_is_seen(text: str) -> None:
    assert rules.inline_code(Source("templates/planted.html", text))


# --- Tables -----------------------------------------------------------------------------------


def upward_keys(found: Iterable[type[models.Model]]) -> list[str]:
    """Foreign keys of an app that point to a higher one."""
    return [
        f"{model._meta.label}.{field.name}"
        for model in found
        for field in model._meta.get_fields()
        if field.concrete and field.is_relation and field.related_model
        for target in [field.related_model._meta.app_label]
        if target in APPS and APPS.index(target) > APPS.index(model._meta.app_label)
    ]


OWN_MODELS = [model for name in APPS for model in apps.get_app_config(name).get_models()]


def test_foreign_keys_point_down() -> None:
    assert upward_keys(OWN_MODELS) == []
    user = apps.get_model("members", "User")
    case = apps.get_model("petitions", "Petition")
    planted = type("Planted", (), {"_meta": _Meta(user, case)})
    assert upward_keys([planted])


class _Meta:
    """The part of a model's options `upward_keys` reads, with a key from `low` to `high`."""

    def __init__(self, low: type[models.Model], high: type[models.Model]) -> None:
        self.app_label, self.label = low._meta.app_label, "planted"
        key = models.ForeignKey(high, models.CASCADE, name="planted")
        key.concrete = True
        self._key = key

    def get_fields(self) -> list[models.Field[object, object]]:
        return [self._key]


# Nothing that describes what a person is, was, or deserves; see domain rules on personal data.
FORBIDDEN = {
    *("ethnic", "ethnicity", "nation", "nationality", "religion", "belief", "birth", "birthday"),
    *("birthdate", "age", "gender", "sex", "family", "relative", "spouse", "child", "marital"),
    *("idcard", "idnumber", "identity", "passport", "score", "points", "credit", "tag", "tags"),
    *("watch", "watchlist", "blacklist", "suspect", "risk", "face", "fingerprint", "biometric"),
    *("gps", "latitude", "longitude", "track", "trajectory", "income", "health", "disability"),
}
FORBIDDEN_PAIRS = ("id_number", "id_card", "national_id", "citizen_id", "location_history")
FORBIDDEN_HAN = re.compile(
    "民族|宗教|信仰|身份证|出生|生日|性别|婚姻|家庭|积分|评分|标签|重点人|黑名单|轨迹"
)


def forbidden(name: str) -> bool:
    """Tell whether a field's name holds something that is never kept about people."""
    return bool(set(name.lower().split("_")) & FORBIDDEN) or any(
        pair in name.lower() for pair in FORBIDDEN_PAIRS
    )


def test_forbidden_names_are_known_when_met() -> None:
    for name in (
        "id_number",
        "family_members",
        "ethnicity",
        "birth_date",
        "risk_score",
        "user_tag",
    ):
        assert forbidden(name), name
    for name in ("stage", "storage", "page_number", "identifier", "contact_within"):
        assert not forbidden(name), name


def test_no_forbidden_field_in_any_model() -> None:
    fields = [(model, field) for model in OWN_MODELS for field in model._meta.get_fields()]
    names = [
        f"{model._meta.label}.{field.name}" for model, field in fields if forbidden(field.name)
    ]
    assert names == []
    labels = [str(getattr(field, "verbose_name", "")) for _model, field in fields]
    assert [label for label in labels if FORBIDDEN_HAN.search(label)] == []


def test_no_forbidden_column_in_the_database(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        )
        columns = [(table, column) for table, column in cursor.fetchall() if table.startswith(APPS)]
    assert len(columns) > 100
    assert [one for one in columns if forbidden(one[1])] == []


# --- The clock --------------------------------------------------------------------------------


def unnamed(clock: Celery) -> list[str]:
    """Entries of the timetable whose task nobody registered."""
    return [
        entry["task"]
        for entry in clock.conf.beat_schedule.values()
        if entry["task"] not in clock.tasks
    ]


def test_every_entry_of_the_timetable_names_a_task() -> None:
    celery.loader.import_default_modules()
    assert celery.conf.beat_schedule
    assert unnamed(celery) == []
    planted = Celery("planted", set_as_current=False)
    planted.conf.beat_schedule = {"x": {"task": "nowhere.at_all", "schedule": 5.0}}
    assert unnamed(planted) == ["nowhere.at_all"]


def test_every_task_is_woken_by_something() -> None:
    celery.loader.import_default_modules()
    woken = {entry["task"] for entry in celery.conf.beat_schedule.values()}
    called = {"petitions.tasks.announce"}  # woken on commit
    own = {name for name in celery.tasks if name.startswith(APPS)}
    assert own == woken | called


# --- Templates --------------------------------------------------------------------------------

PACKAGES = ("allauth", "django.forms", "django.contrib.admin")
NAME = re.compile(r"""["']([\w./-]+\.html)["']""")


def _package_templates() -> list[Path]:
    found = [find_spec(name) for name in PACKAGES]
    homes = [Path(spec.origin).parent for spec in found if spec and spec.origin]
    return [folder for home in homes for folder in home.rglob("templates") if folder.is_dir()]


def _composed(text: str, words: frozenset[str]) -> set[str]:
    """Names a module builds as f"folder/{name}.html", for every name that stands in the code."""
    shapes = re.findall(r"""f["']([\w/-]+/)\{[^}]*\}(\.html)["']""", text)
    return {f"{head}{word}{tail}" for head, tail in shapes for word in words}


def test_every_template_is_used_and_every_used_one_exists() -> None:
    own = {str(Path(one.path).relative_to("templates")) for one in TEMPLATES}
    plain = {
        name for one in (*PYTHON, *TEMPLATES) for name in NAME.findall(rules.uncommented(one.text))
    }
    words = frozenset(
        node.value
        for one in PYTHON
        for node in ast.walk(one.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ) | {str(status.value) for status in HTTPStatus}
    composed = {name for one in PYTHON for name in _composed(one.text, words)}
    theirs = _package_templates()
    given = {name for name in own | plain if any((folder / name).exists() for folder in theirs)}
    assert sorted(own - plain - composed - given) == [], "used nowhere"
    assert sorted(plain - own - given) == [], "there is no such template"


# --- Everything else --------------------------------------------------------------------------


def undescribed(pyproject: str) -> list[str]:
    """Dependency lines without the word what they are for."""
    lists = re.findall(r"^(?:\w+ ?= ?)\[\n((?: +\".*\n)+)\]", pyproject, re.M)
    named = {
        requirement
        for table in (tomllib.loads(pyproject)["project"],)
        for group in (table["dependencies"], *table["optional-dependencies"].values())
        for requirement in group
    }
    lines = [line.strip() for block in lists for line in block.splitlines()]
    return [
        line
        for line in lines
        if (quoted := re.match(r'"([^"]+)"', line))
        and quoted[1] in named
        and not re.search(r'",\s*# \S', line)
    ]


def test_every_dependency_says_what_it_is_for() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert undescribed(text) == []
    assert undescribed(text.replace("# password hashing", "")) == ['"argon2-cffi",']


def test_files_of_others_are_as_they_came() -> None:
    folder = ROOT / "static" / "vendor"
    listed = dict(
        reversed(pair)
        for pair in re.findall(
            r"^ *sha256 ([0-9a-f]{64})  (\S+)$", (folder / "VENDOR.txt").read_text(), re.M
        )
    )
    present = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "VENDOR.txt"
    }
    assert present == listed


def test_diagram_in_the_readme_is_the_table() -> None:
    call_command("state_diagram", check=ROOT / "README.md")


def test_decisions_are_numbered_without_gaps_and_short() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    assert [path.name for path in files if path.read_text().count("\n") > 40] == []


def test_address_printed_on_the_walls_opens_the_residents_page() -> None:
    # grids may not name the page of a higher app; what it prints must still lead there.
    assert PlaceQr(code="abc").get_absolute_url() == reverse("petitions:at_place", args=["abc"])
