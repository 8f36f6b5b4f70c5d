"""Pages of the user's own inbox and account."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from members.models import Delivery, InboxMessage
from tests.members.conftest import NOW, TODAY, Town, notify_users


@pytest.fixture
def secretary(town: Town, client: Client) -> Client:
    client.force_login(town.users["secretary"])
    client.get(reverse("members:unread"))  # the session's first page notes the time
    return client


def _message(town: Town, name: str = "secretary", **changes: object) -> InboxMessage:
    notify_users(town, name, **changes)
    return InboxMessage.objects.latest("id")


@pytest.mark.parametrize("page", ["inbox", "unread", "me"])
def test_pages_ask_for_a_log_in(client: Client, db: None, page: str) -> None:
    answer = client.get(reverse(f"members:{page}"))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")


def test_inbox_shows_ones_own_messages_only(town: Town, secretary: Client) -> None:
    _message(town, title="FK-1 我的")
    _message(town, "leader", title="FK-2 别人的", key="other")
    page = secretary.get(reverse("members:inbox")).content.decode()
    assert "FK-1 我的" in page
    assert "FK-2" not in page


def test_inbox_says_how_many_messages_could_not_be_delivered(town: Town, secretary: Client) -> None:
    for name, key, failed_at in [
        ("secretary", "recent", NOW - dt.timedelta(days=2)),
        ("secretary", "old", NOW - dt.timedelta(days=31)),
        ("leader", "another", NOW),
        ("secretary", "pending", None),
    ]:
        notify_users(town, name, key=key)
        Delivery.objects.filter(message__key__startswith=key).update(failed_at=failed_at)
    page = secretary.get(reverse("members:inbox"))
    assert page.context["undelivered_count"] == 1
    assert "有 1 条提醒没能通过邮件、短信或企业微信送达您" in page.content.decode()
    Delivery.objects.update(failed_at=None)
    assert "送达您" not in secretary.get(reverse("members:inbox")).content.decode()


def test_an_empty_inbox_says_so(secretary: Client) -> None:
    assert "还没有消息" in secretary.get(reverse("members:inbox")).content.decode()


def test_inbox_pages_by_key(
    town: Town, secretary: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(35):
        notify_users(town, "secretary", key=f"k{number:02}", title=f"第{number:02}条")
    with django_assert_num_queries(6):  # session, user, posts, the page, undelivered, the bell
        first = secretary.get(reverse("members:inbox"))
    assert "第34条" in first.content.decode()
    assert "第04条" not in first.content.decode()
    older = first.context["older"]
    second = secretary.get(reverse("members:inbox"), {"before": older}).content.decode()
    assert "第04条" in second
    assert "第05条" not in second


@pytest.mark.parametrize("before", ["x", "-1", "²", "9" * 30])
def test_a_nonsense_key_starts_at_the_top(town: Town, secretary: Client, before: str) -> None:
    _message(town, title="FK-1")
    page = secretary.get(reverse("members:inbox"), {"before": before})
    assert "FK-1" in page.content.decode()


def test_a_message_that_waits_is_not_shown(town: Town, secretary: Client) -> None:
    message = _message(town, title="FK-1 夜里", now=NOW + dt.timedelta(hours=12))
    assert "FK-1" not in secretary.get(reverse("members:inbox")).content.decode()
    assert secretary.get(reverse("members:open", args=[message.pk])).status_code == 404


def test_opening_marks_as_read_and_leads_on(town: Town, secretary: Client) -> None:
    message = _message(town)
    answer = secretary.get(reverse("members:open", args=[message.pk]))
    assert answer["Location"] == "/me/"
    message.refresh_from_db()
    assert message.read_at == NOW


@pytest.mark.parametrize("page", ["open", "read"])
def test_anothers_message_equals_none_at_all(town: Town, secretary: Client, page: str) -> None:
    message = _message(town, "leader")
    ask = secretary.get if page == "open" else secretary.post
    foreign = ask(reverse(f"members:{page}", args=[message.pk]))
    nothing = ask(reverse(f"members:{page}", args=[message.pk + 1000]))
    assert foreign.status_code == nothing.status_code == 404
    message.refresh_from_db()
    assert message.read_at is None


def test_a_message_never_leads_to_another_site(town: Town, secretary: Client) -> None:
    message = _message(town, url="https://example.invalid/")
    assert secretary.get(reverse("members:open", args=[message.pk])).status_code == 404


def test_marking_one_as_read(town: Town, secretary: Client) -> None:
    message = _message(town)
    url = reverse("members:read", args=[message.pk])
    assert secretary.get(url).status_code == 405
    part = secretary.post(url, headers={"HX-Request": "true"}).content.decode()
    assert "inbox__item--unread" not in part
    assert secretary.post(url)["Location"] == reverse("members:inbox")


def test_marking_all_as_read(town: Town, secretary: Client) -> None:
    _message(town)
    other = _message(town, "leader", key="other")
    assert secretary.get(reverse("members:read_all")).status_code == 405
    answer = secretary.post(reverse("members:read_all"), follow=True)
    assert "已把 1 条消息标为已读" in answer.content.decode()
    other.refresh_from_db()
    assert other.read_at is None


def test_the_bell_counts_ones_own_in_two_queries(
    town: Town, secretary: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    notify_users(town, "secretary", "leader")
    with django_assert_num_queries(4):  # session, user, posts, count
        part = secretary.get(reverse("members:unread")).content.decode()
    assert '<span class="count">1</span>' in part


def test_the_bell_stops_counting_at_a_hundred(town: Town, secretary: Client) -> None:
    for number in range(101):
        notify_users(town, "secretary", key=f"k{number}")
    assert "99+" in secretary.get(reverse("members:unread")).content.decode()


def test_me_shows_posts_and_safety(
    town: Town, secretary: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(9):
        page = secretary.get(reverse("members:me")).content.decode()
    assert "网格党支部书记" in page
    assert str(town.world.orgs["branch"]) in page
    assert "修改密码" in page


def test_me_without_a_post_says_whom_to_ask(town: Town, client: Client) -> None:
    town.users["staff"].posts.all().delete()
    client.force_login(town.users["staff"])
    assert "今天没有职务" in client.get(reverse("members:me")).content.decode()


def test_messages_end_with_the_post(town: Town, secretary: Client) -> None:
    message = _message(town, title="FK-1 我的")
    town.users["secretary"].posts.update(valid_to=TODAY - dt.timedelta(days=1))
    assert "FK-1" not in secretary.get(reverse("members:inbox")).content.decode()
    assert "count" not in secretary.get(reverse("members:unread")).content.decode()
    assert secretary.get(reverse("members:open", args=[message.pk])).status_code == 404
    assert secretary.post(reverse("members:read", args=[message.pk])).status_code == 404
    message.refresh_from_db()
    assert message.read_at is None
