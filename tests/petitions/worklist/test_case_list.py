"""The list: the URL is its state; nobody sees a row that is not theirs."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from config.lib import register_cache
from config.lib.db import keyset_pagination
from petitions.enums import Status
from petitions.models import Category, Deadline, Petition
from petitions.rules import staff_lines
from petitions.rules.duties import duties_of_row, next_duty
from petitions.web import list_order
from petitions.workflow import deadline_sweep
from tests.support.cast import Stage
from tests.support.clients import login

NOW = timezone.now()
LIST = "/petitions/"


def ids(client: Client, query: str = "") -> list[int]:
    return [row.id for row in client.get(f"{LIST}?{query}").context["cases"]]


def test_open_cases_due_soonest_first_by_default(stage: Stage) -> None:
    later, sooner = (stage.file(now=NOW - dt.timedelta(hours=h)).petition.pk for h in (1, 5))
    stage.at(Status.CLOSED)
    assert ids(login(stage, "clerk")) == [sooner, later]


def test_what_ended_comes_newest_first(stage: Stage) -> None:
    first, second = (stage.at(Status.CLOSED).pk for _i in range(2))
    assert ids(login(stage, "clerk"), "state=closed&sort=due") == [second, first]


def test_a_search_looks_at_everything(stage: Stage) -> None:
    case = stage.at(Status.CLOSED)
    assert ids(login(stage, "clerk"), "q=发浑") == [case.pk]
    assert ids(login(stage, "clerk"), "q=发浑&state=open") == []


def test_a_whole_number_opens_its_case(stage: Stage) -> None:
    case = stage.at(Status.CLOSED)
    answer = login(stage, "clerk").get(LIST, {"q": f" {case.number} "})
    assert (answer.status_code, answer.url) == (302, case.get_absolute_url())
    for name in ("outsider", "sibling"):
        assert login(stage, name).get(LIST, {"q": case.number}).status_code == 200
    wrong_year = f"1999-{case.pk:06d}"
    assert login(stage, "clerk").get(LIST, {"q": wrong_year}).status_code == 200


@pytest.mark.parametrize("name", ["outsider", "sibling"])
@pytest.mark.parametrize(
    "query", ["state=all", "q=发浑", "status=submitted", "overdue=1", "sort=newest"]
)
def test_outsiders_see_nothing(stage: Stage, name: str, query: str) -> None:
    stage.file(now=NOW - dt.timedelta(days=20))
    client = login(stage, name)
    assert ids(client, query) == []
    assert client.get(f"{LIST}?{query}").context["count"] == 0


def test_history_is_counted_less_far_than_what_is_open(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_order, "HISTORY_LIMIT", 1)
    for status in (Status.CLOSED, Status.CLOSED, Status.CLOSED, *[Status.SUBMITTED] * 4):
        stage.at(status)
    client = login(stage, "clerk")
    for query, limit, count in (
        ("state=open", list_order.COUNT_LIMIT, 4),
        ("state=closed&category=WS", 1, 2),
        ("state=all&category=WS", 1, 2),
    ):
        shown = client.get(f"{LIST}?{query}").context
        assert (shown["limit"], shown["count"]) == (limit, count), query


@pytest.mark.parametrize("state", ["closed", "all"])
def test_the_whole_history_is_not_counted_beyond_its_page(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr(list_order, "SIZES", (2, 50, 100))
    monkeypatch.setattr(list_order, "HISTORY_LIMIT", None)  # counting up to it would fail
    for _case in range(3):
        stage.at(Status.CLOSED)
    client = login(stage, "clerk")
    first = client.get(LIST, {"state": state})
    assert (first.context["count"], first.context["limit"]) == (3, 2)
    assert "多于 2 件" in first.content.decode()
    whole = client.get(LIST, {"state": state, "size": "50"})
    assert "3 件" in whole.content.decode()


def test_what_holds_a_frequent_word_is_not_counted_beyond_its_page(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting would read every case with the word; what fits on the page is known anyhow."""
    monkeypatch.setattr(list_order, "SIZES", (2, 50, 100))
    monkeypatch.setattr("petitions.models.petitions.RARE_WORD_LIMIT", 3)
    client = login(stage, "clerk")
    for _case in range(5):
        stage.file(text="管道漏水")
    with monkeypatch.context() as uncounted:
        uncounted.setattr(keyset_pagination, "bounded_count", None)
        first = client.get(LIST, {"q": "漏水"})
        whole = client.get(LIST, {"q": "漏水", "size": "50"})
    assert (first.context["count"], first.context["limit"]) == (3, 2)
    assert "多于 2 件" in first.content.decode()
    assert (whole.context["count"], whole.context["limit"]) == (5, 50)
    assert "5 件" in whole.content.decode()
    last = client.get(client.get(first.context["next_url"]).context["next_url"])
    assert len(last.context["cases"]) == 1
    assert (last.context["count"], last.context["limit"]) == (3, 2)
    monkeypatch.setattr("petitions.models.petitions.RARE_WORD_LIMIT", 6)
    assert client.get(LIST, {"q": "漏水"}).context["count"] == 5


def test_a_flag_of_0_is_no_filter(stage: Stage) -> None:
    case = stage.file().petition
    shown = login(stage, "clerk").get(f"{LIST}?overdue=0&mine=false").context
    assert [row.id for row in shown["cases"]] == [case.pk]
    assert shown["flags"] == []
    assert not any(shortcut["current"] for shortcut in shown["shortcuts"])


def test_chips_take_themselves_away(stage: Stage) -> None:
    stage.file()
    query = f"status=submitted&status=accepted&overdue=1&place={stage.town.areas['fxhy'].pk}"
    chips = login(stage, "clerk").get(f"{LIST}?{query}").context["chips"]
    said = {(chip.label, chip.value) for chip in chips}
    assert ("状态", "待受理") in {(str(a), b) for a, b in said}
    assert ("地点", "阜兴花苑") in {(str(a), b) for a, b in said}
    first = next(chip for chip in chips if chip.value == "待受理")
    assert "status=accepted" in first.remove_url
    assert "status=submitted" not in first.remove_url
    assert "overdue=1" in first.remove_url


def test_a_chip_names_no_place_out_of_reach(stage: Stage) -> None:
    page = login(stage, "clerk").get(LIST, {"place": stage.town.areas["hzxq"].pk})
    assert "河畔新区" not in page.content.decode()
    assert "不在您的范围内" in page.content.decode()


def test_empty_says_why(stage: Stage) -> None:
    client = login(stage, "clerk")
    assert "这里还没有诉求" in client.get(LIST).content.decode()
    assert "没有符合筛选的诉求" in client.get(LIST, {"overdue": 1}).content.decode()


def test_pages_lead_on_and_back(stage: Stage) -> None:
    made = [stage.file(now=NOW + dt.timedelta(minutes=i)).petition.pk for i in range(25)]
    client = login(stage, "clerk")
    first = client.get(LIST, {"sort": "oldest", "mine": "", "category": "WS01"})
    assert [row.id for row in first.context["cases"]] == made[:20]
    assert not first.context["prev_url"]
    second = client.get(first.context["next_url"])
    assert [row.id for row in second.context["cases"]] == made[20:]
    assert "category=WS01" in second.context["prev_url"]
    back = client.get(second.context["prev_url"])
    assert [row.id for row in back.context["cases"]] == made[:20]


def test_nonsense_is_named_and_breaks_nothing(stage: Stage) -> None:
    case = stage.file().petition.pk
    page = login(stage, "clerk").get(f"{LIST}?status=half&place=x&after=%00&size=0&sort=drop&q=%00")
    assert page.status_code == 200
    assert "还差一点" in page.content.decode()
    assert case in [row.id for row in page.context["cases"]]


@pytest.mark.parametrize("name", ["auditor", "sysadmin", "secadmin"])
def test_hats_see_no_cases(stage: Stage, name: str) -> None:
    assert login(stage, name).get(LIST).status_code == 403


def test_queries_do_not_grow(stage: Stage, django_assert_max_num_queries: object) -> None:
    place, body = stage.town.areas["fxhy"].pk, stage.town.orgs["branch"].pk
    query = f"{LIST}?q=发浑&place={place}&organisation={body}"
    for _i in range(3):
        stage.file()
    client = login(stage, "clerk")
    client.get(query)
    with django_assert_max_num_queries(12) as few:  # type: ignore[operator]
        client.get(query)
        number = len(few)
    for _i in range(20):
        stage.file()
    client.get(query)  # what a process holds for a minute is read anew
    with django_assert_max_num_queries(number):  # type: ignore[operator]
        client.get(query)


def test_chosen_category_is_selected_in_the_form(stage: Stage) -> None:
    client = login(stage, "clerk")
    for code in ("WS01", "WS"):
        page = client.get(f"{LIST}?category={code}").content.decode()
        assert f'<option value="{code}" selected>' in page
    assert '<option value="WS01">' in client.get(LIST).content.decode()


def test_category_options_follow_the_catalogue_and_the_language(stage: Stage) -> None:
    client = login(stage, "clerk")
    category = Category.objects.get(code="WS01")
    assert category.name in client.get(LIST).content.decode()
    Category.objects.filter(code="WS01").update(name="<新名>", name_en="New name")
    register_cache.forget_version()
    assert ">&lt;新名&gt;</option>" in client.get(LIST).content.decode()
    page = client.get(LIST, headers={"accept-language": "en"}).content.decode()
    assert ">New name</option>" in page


def _escalated(stage: Stage) -> Petition:
    """Return a case that is overdue at the branch, whose community has to answer."""
    petition = stage.file(now=NOW - dt.timedelta(hours=3)).petition
    row = Deadline.objects.owed().get(petition=petition, kind="contact")
    assert deadline_sweep.expire(deadline_id=row.pk, now=NOW)
    return petition


@pytest.mark.parametrize(
    ("name", "turn", "state"),
    [
        ("community", "第三网格党支部已超期 · 等您答复", "ok"),
        ("official", "第三网格党支部已超期 · 等迎宾路社区党委答复", "ok"),
        ("secretary", "等您受理", "overdue"),
    ],
)
def test_a_row_of_an_overdue_case_says_so_beside_the_duty_of_another(
    stage: Stage, name: str, turn: str, state: str
) -> None:
    _escalated(stage)
    (row,) = login(stage, name).get(f"{LIST}?overdue=1").context["cases"]
    assert (row.turn, row.deadline_state) == (turn, state)


def test_a_returned_case_that_is_overdue_blames_no_organisation(stage: Stage) -> None:
    petition = stage.at(Status.RETURNED, now=NOW)
    at = petition.due_at
    assert at is not None
    duty = next_duty(duties_of_row(petition, at))
    assert staff_lines.turn(petition, duty, is_own=True) == "已超期 · 等您决定由谁办"
    before = next_duty(duties_of_row(petition, NOW))
    assert staff_lines.turn(petition, before, is_own=True) == "等您决定由谁办"
