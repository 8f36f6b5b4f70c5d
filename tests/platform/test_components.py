"""The tags of the smallest components: hostile values are escaped, every icon is in the sprite."""

from __future__ import annotations

import csv
import re
from html import escape
from itertools import chain

import pytest
from django.template import engines
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe

from config.local.paths import ROOT
from config.templatetags import components
from petitions.enums import VERBS, Status, Urgency, Verb
from petitions.verbs.table import SPEC_OF, VERB_SPECS
from petitions.worklist import home

SPRITE = ROOT / "static" / "icons" / "sprite.svg"
HOSTILE = "\"'><script>alert(1)</script>&"
TAGS = {
    "icon": "{% icon v %}",
    "icon attributes": "{% icon v label=v size=v flip=v %}",
    "icon label": "{% icon 'search' label=v %}",
    "badge": "{% badge v tone=v icon=v %}",
    "unknown status": "{% status v v %}",
    "status": "{% status 'accepted' v %}",
    "normal urgency": "{% urgency v v %}",
    "urgency": "{% urgency 'urgent' v %}",
    "deadline attributes": "{% deadline v v v what=v datetime=v %}",
    "deadline": "{% deadline 'overdue' v v %}",
}
CONSTANT_ICON = re.compile(r'\{% icon "([^"]+)"|\bicon="([^"]+)"|\.icon\|default:"([^"]+)"')
Named = tuple[str, str]  # where it is named, the name of the icon


def _draw(source: str, **values: object) -> str:
    return engines["django"].from_string(source).render(dict(values))


@pytest.mark.parametrize("tag", TAGS.values(), ids=TAGS)
def test_hostile_values_are_escaped(tag: str) -> None:
    drawn = _draw(tag, v=HOSTILE)
    assert "<script" not in drawn
    assert "alert(" not in drawn.replace(escape(HOSTILE), "")
    assert drawn.count('"') % 2 == 0


def test_safe_value_never_answers_for_plain_one_from_cache() -> None:
    safe = SafeString(HOSTILE)
    assert "<script" not in _draw("{% icon v %}", v=safe)
    assert "<script" not in _draw("{% icon v %}", v=HOSTILE)


def test_text_that_is_already_safe_is_not_escaped_again() -> None:
    assert "A &amp; B" in _draw("{% badge v %}", v=mark_safe("A &amp; B"))


def test_numbers_are_written_as_in_templates() -> None:
    with translation.override("en"):
        assert _draw("{{ v }}", v=12345) in _draw("{% badge v %}", v=12345)


def test_every_icon_is_in_the_sprite() -> None:
    symbols = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text(encoding="utf-8")))
    named = [*_in_templates(), *_in_tables(), *_in_categories()]
    assert len(named) > 200
    assert not [(place, name) for place, name in named if name not in symbols]


def test_tables_know_every_code_of_the_product() -> None:
    assert set(Status.values) <= components.STATUSES.keys()
    assert {urgency.value for urgency in Urgency} - components.URGENCIES.keys() == {"normal"}
    assert set(Verb) == SPEC_OF.keys()
    assert set(VERBS) == {spec.verb for spec in VERB_SPECS}


def _in_templates() -> list[Named]:
    return [
        (str(file.relative_to(ROOT)), next(filter(None, names)))
        for file in sorted((ROOT / "templates").rglob("*.html"))
        for names in CONSTANT_ICON.findall(file.read_text(encoding="utf-8"))
    ]


def _in_tables() -> list[Named]:
    looks = chain(
        components.STATUSES.values(),
        components.URGENCIES.values(),
        components.DEADLINES.values(),
        [components.OTHER_STATUS, components.RUNNING_DEADLINE],
        home.TILE_STYLES.values(),
    )
    kinds = [spec.icon for spec in SPEC_OF.values()]
    return [("table", name) for name in [*kinds, *(name for _tone, name in looks)]]


def _in_categories() -> list[Named]:
    source = next((ROOT / "petitions").rglob("categories.csv"))
    rows = csv.DictReader(source.read_text(encoding="utf-8").splitlines())
    return [(row["name"], row["icon"]) for row in rows if row["icon"]]
