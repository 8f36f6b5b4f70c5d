"""The log in words: every act that a role can do, done once; each leaves the line it should.

Verbs and refusals are in tests/test_security_log_refusals.py.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken

from config.lib import clock
from grids.models import CalendarDay, PlaceQr
from members import workflow
from members.enums import ActOutcome, Role, SecurityAction
from members.models import Post, User
from petitions.enums import Status
from petitions.models import Standard
from tests.support.cast import SINCE, Stage
from tests.support.clients import login
from tests.support.log_lines import last_line, lines
from tests.support.tracking_client import open_case, post_form

A = SecurityAction
PASSWORD = "Correct-Horse-46"


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True  # the second factor has acts of its own


@pytest.fixture
def mark(stage: Stage) -> int:
    """The id of the last line before the act."""
    return last_line()


# --- Prints, exports, log-ins, accounts, registers, commands --------------------------------------


@dataclass(frozen=True)
class Act:
    """Something a role can do; `do` gets the stage and returns the object of the line."""

    action: SecurityAction
    who: str
    do: Callable[[Stage], str]
    outcome: ActOutcome = ActOutcome.DONE


def _get(name: str, url: str) -> Callable[[Stage], str]:
    def do(stage: Stage) -> str:
        petition = stage.at(Status.IN_PROGRESS)
        login(stage, name).get(url.format(case=petition.pk))
        return petition.number

    return do


def _slip(stage: Stage) -> str:
    petition = stage.file(by="clerk", now=clock.now()).petition
    login(stage, "clerk").get(reverse("petitions:slip", args=[petition.pk]))
    return petition.number


def _export(stage: Stage) -> str:
    b"".join(login(stage, "auditor").get("/security-log/export/").streaming_content)  # type: ignore[attr-defined]
    return "安全日志"


def _with_password(stage: Stage, name: str) -> User:
    user = stage.cast[name]
    user.set_password(PASSWORD)
    user.save()
    return user


def _log_in(password: str) -> Callable[[Stage], str]:
    def do(stage: Stage) -> str:
        _with_password(stage, "secretary")
        Client().post("/account/login/", {"login": "secretary", "password": password})
        return ""

    return do


def _log_out(stage: Stage) -> str:
    login(stage, "secretary").post("/account/logout/")
    return ""


def _change_password(stage: Stage) -> str:
    _with_password(stage, "secretary")
    new = "Another-Horse-47"
    data = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    client = Client()
    client.post("/account/login/", {"login": "secretary", "password": PASSWORD})
    client.post(reverse("account_change_password"), data)
    return ""


def _of_account(act: Callable[[User, User], object]) -> Callable[[Stage], str]:
    def do(stage: Stage) -> str:
        act(stage.cast["leader"], stage.cast["secadmin"])
        return "leader"

    return do


def _change_person(user: User, by: User) -> None:
    user.duty_phone = "0994-000-0001"
    workflow.change_person(user=user, by=by)


def _correct_contact(stage: Stage) -> str:
    petition, client = stage.file().petition, Client()
    open_case(client, petition)
    post_form(client, "/track/contact/", {"phone": "19000009999"})
    return petition.number


def _change_email(user: User, by: User) -> None:
    user.email = "another@example.invalid"
    workflow.change_person(user=user, by=by)


def _end_post(user: User, by: User) -> None:
    workflow.end_post(post=Post.objects.get(user=user), on=timezone.localdate(), by=by)


def _appoint(stage: Stage) -> str:
    user = workflow.create_person(username="new", name="示例新", by=stage.cast["secadmin"])
    workflow.appoint(
        user=user,
        role=Role.MEMBER,
        by=stage.cast["secadmin"],
        valid_from=SINCE,
        organisation=stage.town.orgs["group"],
    )
    return "示例新（new）"


def _token(stage: Stage) -> str:
    workflow.issue_token(user=stage.cast["partner"], days=1, by=None)
    return "partner"


def _revoke_token(stage: Stage) -> str:
    row, _token_text = AuthToken.objects.create(user=stage.cast["partner"])
    login(stage, "secadmin").post(
        reverse("admin:knox_authtoken_delete", args=[row.pk]), {"post": "yes"}
    )
    return "partner"


DAY = {"date": "2027-10-01", "name": "国庆节", "kind": "holiday", "source": "通知"}


def _add_day(stage: Stage) -> str:
    data = DAY | {"region": stage.town.areas["city"].pk}
    login(stage, "sysadmin").post(reverse("admin:grids_calendarday_add"), data)
    return str(CalendarDay.objects.latest("id"))


def _delete_day(stage: Stage) -> str:
    _add_day(stage)
    day = CalendarDay.objects.latest("id")
    name = str(day)
    login(stage, "sysadmin").post(
        reverse("admin:grids_calendarday_delete", args=[day.pk]), {"post": "yes"}
    )
    return name


def _change_standard(stage: Stage) -> str:
    standard = Standard.objects.earliest("id")
    page = reverse("admin:petitions_standard_change", args=[standard.pk])
    client = login(stage, "sysadmin")
    form = client.get(page).context["adminform"].form
    data = {
        name: form[name].value() for name in form.fields if form[name].value() not in (None, "")
    }
    data = {name: str(value) for name, value in data.items() if value is not False}
    client.post(page, data | {"contact_within": "03:00:00"})
    return "服务标准"


def _close_place(stage: Stage) -> str:
    area = stage.town.areas["b47"]
    url, client = reverse("admin:grids_area_end", args=[area.pk]), login(stage, "sysadmin")
    seen = client.get(url).context["seen"]
    client.post(url, {"on": timezone.localdate().isoformat(), "seen": seen, "end": "x"})
    return str(area)


def _revoke_qr(stage: Stage) -> str:
    qr = PlaceQr.objects.earliest("id")
    login(stage, "sysadmin").post(
        reverse("admin:grids_placeqr_changelist"), {"action": "revoke", "_selected_action": qr.pk}
    )
    return str(qr)


def _command(stage: Stage) -> str:
    call_command("audit_anchor", "--restored", "示例", stdout=io.StringIO())
    return "audit_anchor --restored"


def _bad_token(stage: Stage) -> str:
    Client().get("/api/v1/me/", headers={"authorization": "Bearer 00ff"})
    return ""


ACTS: dict[str, Act] = {
    "opens the print page of a case": Act(
        A.PRINTED, "secretary", _get("secretary", "/petitions/{case}/print/")
    ),
    "opens the print page of a door sheet": Act(
        A.PRINTED, "secretary", _get("secretary", "/petitions/{case}/doors/print/")
    ),
    "is shown a slip": Act(A.SLIP_SHOWN, "clerk", _slip),
    "exports the log": Act(A.LOG_EXPORTED, "auditor", _export),
    "logs in": Act(A.LOGGED_IN, "secretary", _log_in(PASSWORD)),
    "types a wrong password": Act(A.LOGIN_FAILED, "secretary", _log_in("wrong"), ActOutcome.FAILED),
    "logs out": Act(A.LOGGED_OUT, "secretary", _log_out),
    "changes the password": Act(A.PASSWORD_SET, "secretary", _change_password),
    "tries a token": Act(A.TOKEN_REFUSED, "", _bad_token, ActOutcome.REFUSED),
    "makes an account": Act(A.PERSON_CREATED, "secadmin", _appoint),
    "gives a post": Act(A.POST_GIVEN, "secadmin", _appoint),
    "ends a post": Act(A.POST_ENDED, "secadmin", _of_account(_end_post)),
    "changes an account": Act(A.PERSON_CHANGED, "secadmin", _of_account(_change_person)),
    "corrects the own contact": Act(A.CONTACT_CORRECTED, "", _correct_contact),
    "changes an address": Act(A.EMAIL_CHANGED, "secadmin", _of_account(_change_email)),
    "gives a first password": Act(
        A.FIRST_PASSWORD,
        "secadmin",
        _of_account(lambda user, by: workflow.set_first_password(user=user, by=by)),
    ),
    "locks": Act(
        A.LOCKED, "secadmin", _of_account(lambda user, by: workflow.lock(user=user, by=by))
    ),
    "unlocks": Act(
        A.UNLOCKED, "secadmin", _of_account(lambda user, by: workflow.unlock(user=user, by=by))
    ),
    "resets a second factor": Act(
        A.SECOND_FACTOR_RESET,
        "secadmin",
        _of_account(lambda user, by: workflow.reset_second_factor(user=user, by=by)),
    ),
    "issues a token": Act(A.TOKEN_ISSUED, "", _token),
    "revokes a token": Act(A.TOKEN_REVOKED, "secadmin", _revoke_token),
    "adds to a register": Act(A.ROW_ADDED, "sysadmin", _add_day),
    "deletes from a register": Act(A.ROW_DELETED, "sysadmin", _delete_day),
    "changes a setting": Act(A.ROW_CHANGED, "sysadmin", _change_standard),
    "ends a row of a register": Act(A.ROW_CHANGED, "sysadmin", _close_place),
    "acts on selected rows": Act(A.ADMIN_ACTION, "sysadmin", _revoke_qr),
    "runs a command": Act(A.COMMAND_RUN, "", _command),
}


@pytest.mark.parametrize("name", ACTS)
def test_an_act_leaves_its_line(stage: Stage, mark: int, name: str) -> None:
    act = ACTS[name]
    subject = act.do(stage)
    label = str(act.action.label)
    written = [line for line in lines(mark) if line.act.partition("：")[0] == label]
    assert written, [line.act for line in lines(mark)]
    line = written[-1]
    assert act.who in line.who
    assert subject in line.object
    assert line.outcome == str(act.outcome.label)
    assert line.acting_as


def test_a_changed_setting_names_its_field_and_not_its_value(stage: Stage, mark: int) -> None:
    _change_standard(stage)
    line = [line for line in lines(mark) if line.act == "修改登记资料"][-1]
    assert line.message == "首次响应时限"
    assert "3:00" not in line.message


def test_the_preview_of_an_end_leaves_no_line(stage: Stage, mark: int) -> None:
    area = stage.town.areas["b47"]
    client, data = login(stage, "sysadmin"), {"action": "end_selected"}
    page = client.post(reverse("admin:grids_area_changelist"), data | {"_selected_action": area.pk})
    assert page.status_code == 200
    assert "seen" in page.context
    assert [line.act for line in lines(mark)] == []


def test_a_second_factor_leaves_its_lines(stage: Stage, mark: int) -> None:
    user = stage.cast["official"]
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    client = login(stage, "official")
    _with_password(stage, "official")
    fresh = Client()
    fresh.post("/account/login/", {"login": "official", "password": PASSWORD})
    fresh.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert client is not fresh
    failed = [line for line in lines(mark) if line.act == "两步验证没有通过"]
    assert [(line.outcome, "official" in line.who) for line in failed] == [("没有成功", True)]


OTHER_TESTS = {
    A.LOCKED_OUT: "tests/members/accounts/test_login.py",
    A.RESET_MAILED: "tests/members/accounts/test_password_pages.py",
    A.TIMED_OUT: "tests/members/accounts/test_middleware.py",
    A.SESSION_ENDED: "tests/members/accounts/test_login.py",
    A.SECOND_FACTOR_SET: "tests/members/accounts/test_login.py",
    A.SECOND_FACTOR_REMOVED: "tests/members/accounts/test_login.py",
}
"""Kinds of lines whose act takes a test of its own."""


def test_every_kind_of_line_is_left_by_an_act() -> None:
    here = {act.action for act in ACTS.values()}
    here |= {A.CONTACT_REVEALED, A.REFUSED, A.NOT_VISIBLE, A.SECOND_FACTOR_FAILED}
    assert set(SecurityAction) == here | set(OTHER_TESTS)


def test_a_page_for_printing_is_not_called_a_print(stage: Stage, mark: int) -> None:
    _slip(stage)
    _get("secretary", "/petitions/{case}/print/")(stage)
    written = [(line.act, line.message) for line in lines(mark)]
    assert ("显示小票", "带查询码的小票") in written
    assert ("打开打印页", "诉求，不带联系方式") in written
    assert not any(act.startswith("打印") for act, _message in written)
