"""Architecture rules, read from the source; each rule also fails on a planted violation."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path

import pytest
from celery import Celery
from django.apps import apps
from django.db import connection, models

from config.celery import app as celery
from tests.support import architecture_rules, query_rules
from tests.support.architecture_rules import APPS, CODE, Source, sources

Rule = Callable[[Source], list[str]]

PYTHON = sources(*CODE)
TESTS = sources("tests")
TEMPLATES = sources("templates", suffix=".html")
STATIC = [item for suffix in (".css", ".js", ".svg") for item in sources("static", suffix=suffix)]

# Exceptions, each with its reason. Nothing else is excused.
LATE_IMPORTS = {
    "grids/place_names.py:_romanise": "pypinyin reads 40 MB of tables; few processes need them",
    "config/local/init_database.py:_migrate": "a second start does not load Django",
}
PRINTING = {
    "config/backup/__main__.py": "a command line of its own, for an operator at night",
    "config/local/embedded/__main__.py": "a command line of its own, before Django exists",
    "config/local/init_database.py": "tells whoever starts the project what is happening",
    "config/local/supervisor.py": "prints the address and the logins",
}
TRUSTED = {
    "config/templatetags/components.py": "the smallest components; every value is escaped first",
    "petitions/intake/submit.py": "the QR code, drawn here from letters and digits",
    "templates/django/forms/field.html": "help texts are ours; Django's own template does the same",
}
WORDS_OF_THEIR_OWN = {"'English'": "a language's name in its own script"}
ONCE_AFTER_MIGRATING = {
    "petitions/apps.py": "post_migrate writes the table of steps; no row's signal"
}
WORKFLOW = "petitions/workflow/"
QUERIES_OUTSIDE_VERBS = {
    f"{WORKFLOW}case_store.py:.*": "the store itself",
    f"{WORKFLOW}writer.py:.*": "writes the transitions that the store was given",
    f"{WORKFLOW}escalation_chain.py:of": "what the store returns; the sample builds its own",
    f"{WORKFLOW}contact.py:(store|correct)_contact": "a contact changes without an event",
    f"{WORKFLOW}contact.py:(delete_expired|reencrypt|count_outdated)": "all contacts, no event",
    f"{WORKFLOW}deadline_sweep.py:(expire|remind)(_due)?": "starts a sweep over all cases",
    f"{WORKFLOW}deadline_sweep.py:(sweep|_claim|_postpone)": "claims and postpones deadlines",
    f"{WORKFLOW}provisional_deadlines.py:reschedule_known": "starts a sweep over all cases",
    f"{WORKFLOW}idempotency.py:_stored": "reads the key of a request before the verb runs",
    f"{WORKFLOW}responsibility_sweep.py:(move_due|_cases_of)": "a sweep over all cases",
    f"{WORKFLOW}submission.py:(me_too|similar_cases)": "no verb; the sample calls neither",
}
HARMLESS_WRITES = {
    ".*: drafts\\.save\\(\\)": "a draft lies in the visitor's session, not in a table",
    ".*: segno\\.make\\(.*\\)\\.save\\(\\)": "writes a drawing into memory",
}

PYTHON_RULES: dict[Rule, tuple[str, str]] = {
    # rule: (path of the planted file, its text)
    architecture_rules.too_long: ("grids/views.py", "x = 1\n" * 401),
    architecture_rules.long_functions: ("grids/views.py", "def f():\n" + "    x = 1\n" * 41),
    architecture_rules.imports_inside: ("grids/views.py", "def f():\n    import os\n"),
    architecture_rules.vague_name: ("grids/helpers.py", ""),
    architecture_rules.no_docstring: ("grids/views.py", "x = 1\n"),
    architecture_rules.prints: ("grids/views.py", "print('x')\n"),
    architecture_rules.signals: (
        "grids/apps.py",
        "from django.db.models.signals import post_save\n",
    ),
    architecture_rules.works_in_save: ("grids/models.py", "class A:\n    def save(self): ...\n"),
    architecture_rules.writes_state: (
        "petitions/casework/case_page.py",
        "petition.status = 'closed'\n",
    ),
    architecture_rules.writes_in_request_layer: (
        "petitions/casework/case_page.py",
        "petition.save()\n",
    ),
    query_rules.queries_in_verbs: (
        "petitions/workflow/handling.py",
        "def urge(change):\n    return change.petition.events.filter(verb='urge').exists()\n",
    ),
    architecture_rules.imports_web_layer: (
        "petitions/rules/rate_limits.py",
        "from django.http import HttpRequest\n",
    ),
    architecture_rules.names_higher_app: ("grids/views.py", "x = reverse('petitions:case')\n"),
    architecture_rules.task_arguments: (
        "members/tasks.py",
        "@shared_task\ndef f(phone: str): ...\n",
    ),
    architecture_rules.foreign_words: ("grids/views.py", "x = _('Saved')\n"),
    architecture_rules.trusted_html: ("grids/views.py", "x = mark_safe('<b>')\n"),
}
TEMPLATE_RULES: dict[Rule, str] = {
    architecture_rules.long_template: "<p>\n" * 151,
    architecture_rules.inline_code: '<p style="color: red">',
    architecture_rules.unescaped: "{{ text|safe }}",
    architecture_rules.foreign_hosts: '<link href="https://example.org/x.css">',
    architecture_rules.untranslated: "<p>你好</p>",
    architecture_rules.foreign_template_words: '{% translate "Hello" %}',
}
EXCUSED: dict[Rule, Iterable[str]] = {
    architecture_rules.imports_inside: LATE_IMPORTS,
    architecture_rules.signals: [f"{path}:.*" for path in ONCE_AFTER_MIGRATING],
    architecture_rules.prints: [f"{path}:.*" for path in PRINTING],
    architecture_rules.trusted_html: [f"{path}:.*" for path in TRUSTED],
    architecture_rules.unescaped: [f"{path}:.*" for path in TRUSTED],
    architecture_rules.foreign_words: [f".*: {word}" for word in WORDS_OF_THEIR_OWN],
    architecture_rules.writes_in_request_layer: HARMLESS_WRITES,
    query_rules.queries_in_verbs: QUERIES_OUTSIDE_VERBS,
}


def _broken(rule: Rule, files: Iterable[Source]) -> list[str]:
    excused = [re.compile(shape) for shape in EXCUSED.get(rule, ())]
    findings = [item for source in files for item in rule(source)]
    return [item for item in findings if not any(shape.fullmatch(item) for shape in excused)]


def _name(rule: object) -> str:
    return str(getattr(rule, "__name__", rule))


@pytest.mark.parametrize("rule", PYTHON_RULES, ids=_name)
def test_code(rule: Rule) -> None:
    assert _broken(rule, PYTHON) == []


@pytest.mark.parametrize(
    "rule",
    [architecture_rules.too_long, architecture_rules.long_functions, architecture_rules.vague_name],
    ids=_name,
)
def test_tests(rule: Rule) -> None:
    assert _broken(rule, TESTS) == []


@pytest.mark.parametrize("rule", TEMPLATE_RULES, ids=_name)
def test_templates(rule: Rule) -> None:
    assert _broken(rule, TEMPLATES) == []


def test_styles_and_scripts_ask_no_other_host() -> None:
    assert _broken(architecture_rules.foreign_hosts, STATIC) == []


@pytest.mark.parametrize("rule", PYTHON_RULES, ids=_name)
def test_rule_sees_a_planted_violation(rule: Rule) -> None:
    path, text = PYTHON_RULES[rule]
    assert _broken(rule, [Source(path, text)])


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (
            architecture_rules.writes_state,
            "petitions/casework/forms/base.py",
            "Petition(status='closed')\n",
        ),
        (
            architecture_rules.writes_state,
            "petitions/ops/scheduled_tasks.py",
            "cases.update(status='closed')\n",
        ),
        (
            architecture_rules.writes_state,
            "petitions/casework/case_detail.py",
            "petition.version += 1\n",
        ),
        (
            architecture_rules.writes_state,
            "petitions/web/list_items.py",
            "setattr(petition, 'status', new)\n",
        ),
        (
            architecture_rules.writes_in_request_layer,
            "petitions/api/verbs.py",
            "Note.objects.create(body='x')\n",
        ),
        (
            architecture_rules.names_higher_app,
            "branches/views.py",
            "from members.models import User\n",
        ),
        (
            architecture_rules.imports_web_layer,
            "petitions/models/events.py",
            "from django import http\n",
        ),
        (
            architecture_rules.imports_web_layer,
            "petitions/permissions.py",
            "import rest_framework.permissions\n",
        ),
        (architecture_rules.signals, "grids/models.py", "from django.dispatch import receiver\n"),
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
    assert architecture_rules.inline_code(Source("templates/planted.html", text))


# --- Tables -----------------------------------------------------------------------------------


def upward_keys(model_classes: Iterable[type[models.Model]]) -> list[str]:
    """Foreign keys of an app that point to a higher one."""
    return [
        f"{model._meta.label}.{field.name}"
        for model in model_classes
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
    assert [item for item in columns if forbidden(item[1])] == []


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
    called = {"petitions.tasks.publish_events"}  # woken on commit
    own = {name for name in celery.tasks if name.startswith(APPS)}
    assert own == woken | called


# --- Templates --------------------------------------------------------------------------------

PACKAGES = ("allauth", "django.forms", "django.contrib.admin")
NAME = re.compile(r"""["']([\w./-]+\.html)["']""")


def _package_templates() -> list[Path]:
    specs = [find_spec(name) for name in PACKAGES]
    homes = [Path(spec.origin).parent for spec in specs if spec and spec.origin]
    return [folder for home in homes for folder in home.rglob("templates") if folder.is_dir()]


def _composed(text: str, words: frozenset[str]) -> set[str]:
    """Names a module builds as f"folder/{name}.html", for every name that stands in the code."""
    shapes = re.findall(r"""f["']([\w/-]+/)\{[^}]*\}(\.html)["']""", text)
    return {f"{head}{word}{tail}" for head, tail in shapes for word in words}


def test_every_template_is_used_and_every_used_one_exists() -> None:
    own = {str(Path(item.path).relative_to("templates")) for item in TEMPLATES}
    plain = {
        name
        for item in (*PYTHON, *TEMPLATES)
        for name in NAME.findall(architecture_rules.uncommented(item.text))
    }
    words = frozenset(
        node.value
        for item in PYTHON
        for node in ast.walk(item.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ) | {str(status.value) for status in HTTPStatus}
    composed = {name for item in PYTHON for name in _composed(item.text, words)}
    theirs = _package_templates()
    passed = {name for name in own | plain if any((folder / name).exists() for folder in theirs)}
    assert sorted(own - plain - composed - passed) == [], "used nowhere"
    assert sorted(plain - own - passed) == [], "there is no such template"
