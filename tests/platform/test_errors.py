"""Every failure gets an honest answer, as a page and as problem+json."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from members.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.platform.urls")]


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/t/nowhere", 404),
        ("/t/mistake", 500),
        ("/t/refusal", 409),
        ("/t/queue", 503),
        ("/t/trigger", 409),
        ("/t/cut-off", 503),
        ("/t/disk", 503),
        ("/t/missing", 500),
    ],
)
def test_page_has_status_and_request_number(visitor: Client, path: str, status: int) -> None:
    answer = visitor.get(path)
    assert answer.status_code == status
    assert answer["X-Request-ID"] in answer.content.decode()
    assert ("Retry-After" in answer) is (status == 503)


def test_nothing_of_the_exception_is_shown(visitor: Client) -> None:
    for path in ("/t/mistake", "/api/t/mistake"):
        answer = visitor.get(path).content.decode()
        assert "13800138000" not in answer
        assert "ValueError" not in answer


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/t/mistake", 500, "internal_error"),
        ("/api/t/nowhere", 404, "not_found"),
        ("/api/t/trigger", 409, "wrong_state"),
        ("/api/t/disk", 503, "service_unavailable"),
        ("/api/t/guarded", 401, "not_logged_in"),
        ("/api/t/invalid", 400, "bad_request"),
    ],
)
def test_api_answers_with_a_problem(visitor: Client, path: str, status: int, code: str) -> None:
    answer = visitor.get(path)
    body = answer.json()
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == answer["X-Request-ID"]


def test_invalid_fields_are_listed_one_by_one(visitor: Client) -> None:
    found = {
        each["field"]: each["message"] for each in visitor.get("/api/t/invalid").json()["errors"]
    }
    assert found == {"where.building": "missing", "photos": "too many"}


def test_refusal_tells_its_sentence(visitor: Client) -> None:
    answer = visitor.post("/api/t/invalid")
    assert (answer.status_code, answer.json()["detail"]) == (409, "已经办结")


def test_throttled_client_learns_when_to_come_back(visitor: Client) -> None:
    answer = visitor.put("/api/t/invalid")
    assert (answer.status_code, answer["Retry-After"]) == (429, "8")


def test_outdated_form_is_told_so() -> None:
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    answer = strict.post("/t/track/x")
    assert answer.status_code == 403
    assert "页面放得太久了" in answer.content.decode()
    assert strict.post("/api/t/nowhere").status_code == 404


def test_refusal_is_a_whole_page_while_the_database_is_away(visitor: Client) -> None:
    visitor.force_login(
        User.objects.create(username="reader"), "members.accounts.backends.RoleBackend"
    )
    with connection.execute_wrapper(_away("")):
        answer = visitor.get("/t/mistake")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "您的内容还没有收下" in answer.content.decode()


@pytest.mark.urls("config.urls")
def test_session_that_cannot_be_saved_is_no_mistake_of_the_visitor(visitor: Client) -> None:
    visitor.get("/")
    session = visitor.session
    session["report"] = {"text": "水很浑", "photos": []}
    session.save()
    visitor.cookies["sessionid"] = session.session_key or ""
    with connection.execute_wrapper(_away('UPDATE "django_session"')):
        answer = visitor.post("/report/tell/", {"text": "水很浑"})
    assert answer.status_code == 503


def _away(start: str) -> Callable[..., Any]:
    """Let every statement that starts so find the database away."""

    def wrapper(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(start):
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, *rest)

    return wrapper
