"""The row of a case in the list, drawn by a Python function."""

from __future__ import annotations

from dataclasses import fields, replace

from django.template import Context, Template

from petitions.templatetags.petitions import case_row
from petitions.web.list_items import ListItem

ROW = ListItem(
    id=7,
    number="2026-000007",
    url="/petitions/7/",
    place="阜兴花苑46号楼",
    category="水质浑浊/异味",
    status="submitted",
    status_label="待受理",
    urgency="normal",
    urgency_label="一般",
    handler="第三网格党支部",
    summary="自来水发浑",
    deadline_absolute="11月24日 18:00",
    deadline_relative="还剩 3小时（全天计时）",
    deadline_state="soon",
    turn="等您受理",
    is_own=True,
)


def test_a_row_says_what_the_item_holds() -> None:
    row = case_row(ROW)
    for field in ("number", "place", "category", "status_label", "handler", "summary", "turn"):
        assert getattr(ROW, field) in row
    assert 'href="/petitions/7/"' in row
    assert "rowlink--soon" in row
    assert "11月24日 18:00" in row
    assert '<span class="small strong">等您受理</span>' in row
    assert "一般" not in row
    assert row.count("<td") == 5


def test_what_is_empty_leaves_no_mark() -> None:
    bare = replace(ROW, summary="", deadline_absolute="", deadline_state="", turn="")
    row = case_row(bare)
    assert "<br>" not in row
    assert "deadline" not in row
    assert "strong" not in row
    assert "rowlink--" not in row


def test_an_urgent_case_of_somebody_else_is_marked() -> None:
    row = case_row(replace(ROW, urgency="urgent", urgency_label="加急", is_own=False))
    assert "加急" in row
    assert '<span class="small muted">等您受理</span>' in row


def test_possible_danger_is_marked() -> None:
    label = "可能有危险"
    assert label not in case_row(ROW)
    row = case_row(replace(ROW, has_danger=True))
    assert label in row
    assert "#siren" in row


def test_every_text_is_escaped() -> None:
    evil = '"><script>alert(1)</script>{0}{place}'
    texts = {field.name: evil for field in fields(ListItem) if field.type == "str"}
    template = Template("{% load petitions %}{% case_row case %}")
    row = template.render(Context({"case": replace(ROW, **texts)}))
    assert "<script" not in row
    assert row.count("&lt;script&gt;") >= 9
    assert "{0}{place}" in row
