"""The security log as the auditor reads, searches and exports it."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client
from pytest_django import Settings

from config.lib.audit.refusals import LoggedObject
from members.accounts import audit_log
from members.enums import ActOutcome, SecurityAction
from members.models import SecurityEvent
from members.security_log import pages
from members.security_log.search import LogSearchForm
from tests.members.conftest import NOW, Town
from tests.support.clients import BUDGET, counted
from tests.support.database_roles import as_owner

LOG, EXPORT = "/security-log/", "/security-log/export/"


@pytest.fixture(autouse=True)
def _demo(settings: Settings) -> None:
    settings.DEMO = True  # second factors are tested elsewhere


@pytest.fixture
def auditor(town: Town, client: Client) -> Client:
    client.force_login(town.fresh("auditor"))
    client.get("/inbox/")
    return client


def _write(
    town: Town, name: str = "secretary", number: str = "2026-000123", **line: object
) -> None:
    audit_log.write(
        SecurityAction.CONTACT_REVEALED,
        user=town.users[name],
        about=LoggedObject("诉求", 123, number),
        **line,  # type: ignore[arg-type]
    )


def _export(client: Client, **search: str) -> list[dict[str, str]]:
    answer = client.get(EXPORT, search)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_line_is_read_in_words(town: Town, auditor: Client) -> None:
    _write(town, message="理由写在这条诉求的经过里，居民看得到。", ip="192.0.2.7")
    page = auditor.get(LOG).content.decode()
    for words in (
        *("样本secretary（secretary）", "网格党支部书记", "查看居民联系方式", "诉求 2026-000123"),
        *("已完成", "理由写在这条诉求的经过里", "192.0.2.7"),
    ):
        assert words in page
    assert "{" not in page.partition("<tbody>")[2].partition("</tbody>")[0]  # no JSON


def test_it_is_read_in_english_too(town: Town, auditor: Client) -> None:
    _write(town)
    page = auditor.get(LOG, headers={"accept-language": "en"}).content.decode()
    for words in ("Security log", "Grid branch secretary", "Done"):
        assert words.lower() in page.lower()


def test_lines_of_earlier_releases_are_read_in_words(town: Town, auditor: Client) -> None:
    with as_owner():
        SecurityEvent.objects.create(
            action=SecurityAction.LOCKED,
            user=town.users["secadmin"],
            detail={"of": town.users["leader"].pk},
        )
    page = auditor.get(LOG, {"action": "locked"}).content.decode()
    for words in ("样本secadmin（secadmin）", "停用账号", "账号 样本leader（leader）"):
        assert words in page


@pytest.mark.parametrize(
    ("search", "number"),
    [
        ({"who": "样本secretary"}, 2),
        ({"who": "leader"}, 1),
        ({"who": "nobody"}, 0),
        ({"about": "2026-000123"}, 2),
        ({"about": "2026-0009"}, 1),
        ({"about": "样本leader"}, 2),  # the account that was made, and its post
        ({"action": "contact_revealed"}, 3),
        ({"outcome": "refused"}, 1),
        ({"action": "contact_revealed", "since": "2026-11-23", "until": "2026-11-23"}, 3),
        ({"action": "contact_revealed", "since": "2026-11-24"}, 0),
        ({"action": "contact_revealed", "until": "2026-11-22"}, 0),
        ({"who": "secretary", "about": "2026-000999"}, 1),
    ],
)
def test_search(town: Town, auditor: Client, search: dict[str, str], number: int) -> None:
    _write(town)
    _write(town, number="2026-000999", outcome=ActOutcome.REFUSED)
    _write(town, "leader")
    assert auditor.get(LOG, search).content.count(b"<tr>") == number + bool(number)
    assert len(_export(auditor, **search)) == number


def test_an_impossible_search_says_so_at_its_field(auditor: Client) -> None:
    page = auditor.get(LOG, {"since": "2026-11-24", "until": "2026-11-20"})
    assert page.status_code == 400
    assert "这一天早于开始日期" in page.content.decode()
    assert 'value="2026-11-20"' in page.content.decode()
    assert auditor.get(EXPORT, {"since": "yesterday"}).status_code == 400
    assert auditor.get(LOG, {"who": "\0"}).status_code == 400


@pytest.mark.parametrize("name", ["sysadmin", "secadmin", "official", "secretary", "staff"])
def test_nobody_else_reads_it_and_the_attempt_is_a_line(
    town: Town, client: Client, name: str
) -> None:
    client.force_login(town.fresh(name))
    for url in (LOG, EXPORT):
        assert client.get(url).status_code == 403
    lines = SecurityEvent.objects.filter(user=town.users[name], action=SecurityAction.REFUSED)
    assert [line.message for line in lines] == ["只有审计员可以看安全日志。"] * 2
    assert {line.detail["attempt"] for line in lines} == {"看安全日志", "导出安全日志"}


def test_a_visitor_is_asked_to_log_in(client: Client, db: None) -> None:
    assert client.get(LOG)["Location"].startswith("/account/login/")


def test_pages_go_by_key(town: Town, auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_SIZE", 10)
    for number in range(25):
        _write(town, number=f"2026-{number:06}")
    url, seen = f"{LOG}?action=contact_revealed", []
    while url:
        page = auditor.get(url)
        seen += [line.object for line in page.context["lines"]]
        url = page.context["next_url"]
    assert seen == [f"诉求 2026-{number:06}" for number in reversed(range(25))]


def test_the_page_costs_the_same_for_many_lines(town: Town, auditor: Client) -> None:
    for _number in range(60):
        _write(town)
    with counted() as queries:
        auditor.get(LOG, {"who": "secretary", "about": "2026"})
    assert len(queries) <= BUDGET


def test_an_export_is_complete_and_a_line_of_the_log(
    town: Town, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "CHUNK", 7)
    for number in range(30):
        _write(town, number=f"2026-{number:06}")
    rows = _export(auditor, action="contact_revealed", who="secretary")
    assert [row["对象"] for row in rows] == [f"诉求 2026-{n:06}" for n in reversed(range(30))]
    assert rows[0]["时间"] == f"{NOW:%Y-%m-%d %H:%M:%S}"
    line = SecurityEvent.objects.latest("id")
    assert (line.action, line.user) == (SecurityAction.LOG_EXPORTED, town.users["auditor"])
    assert "secretary" in line.message
    assert line.detail["lines"] == 30


@pytest.mark.parametrize("field", LogSearchForm.base_fields)
@pytest.mark.parametrize("hidden", ["\0", "\x1b", "\u202e", "\u200b"])
def test_an_export_logs_no_hidden_character(
    town: Town, auditor: Client, field: str, hidden: str
) -> None:
    for value in (hidden, f"{hidden}２０２６-11-01"):
        answer = auditor.get(EXPORT, {field: value})
        assert answer.status_code == 400 or answer["Content-Type"].startswith("text/csv")
    lines = SecurityEvent.objects.filter(action=SecurityAction.LOG_EXPORTED)
    assert not [line.message for line in lines if hidden in line.message]


def test_an_export_logs_the_days_as_they_were_read(town: Town, auditor: Client) -> None:
    _export(auditor, since="２０２６-11-01", until="\u202e2026-11-02")
    line = SecurityEvent.objects.latest("id")
    assert line.message == "从哪一天：2026-11-01；到哪一天：2026-11-02"


def test_a_day_with_nul_is_an_error_at_its_field(auditor: Client) -> None:
    for url in (LOG, EXPORT):
        answer = auditor.get(url, {"since": "\0"})
        assert answer.status_code == 400
        assert list(answer.context["form"].errors) == ["since"]


def test_a_file_that_would_be_cut_off_is_refused(
    town: Town, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "EXPORT_LIMIT", 5)
    answer = auditor.get(EXPORT)
    assert answer.status_code == 400
    assert "请缩短日期再导出" in answer.content.decode()
    assert not SecurityEvent.objects.filter(action=SecurityAction.LOG_EXPORTED).exists()


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@A1", "\t=1", " =1", "＝1"])
def test_an_export_contains_no_formula(town: Town, auditor: Client, name: str) -> None:
    _write(town, number=name)
    audit_log.write(SecurityAction.PRINTED, user=None, message=name)
    revealed, printed = (
        _export(auditor, action=action)[0] for action in ("contact_revealed", "printed")
    )
    assert revealed["对象"].startswith("诉求")
    assert printed["说明"] == f"'{name}"
