"""The admin: three separated administrator roles, and no case for any of them."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.test import Client
from pytest_django import Settings

from members import workflow
from members.enums import ADMIN_ROLES, Role, SecurityAction
from members.models import Delivery, NearbyEnrolment, Post, SecurityEvent, User
from members.rights import admin_permissions
from tests.members.conftest import NOW, TODAY, Town, notify_users


@pytest.fixture(autouse=True)
def _demo(settings: Settings) -> None:
    settings.DEMO = True  # second factors are tested elsewhere


def _as(client: Client, town: Town, name: str) -> Client:
    client.force_login(town.fresh(name))
    return client


PAGES = {
    "/admin/members/user/": {"secadmin"},
    "/admin/members/post/": {"secadmin"},
    "/admin/members/nearbyenrolment/": {"sysadmin"},
    "/admin/members/delivery/": {"sysadmin"},
    "/security-log/": {"auditor"},
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["auditor", "sysadmin", "secadmin", "official", "secretary"])
def test_each_admin_page_opens_for_one_role(
    town: Town, client: Client, page: str, name: str
) -> None:
    expected = 200 if name in PAGES[page] else 403
    assert _as(client, town, name).get(page, follow=True).status_code == expected


def test_no_administrator_role_has_a_permission_on_cases() -> None:
    for role in ADMIN_ROLES:
        assert not [
            perm for perm in admin_permissions.GRANTS[role] if perm.startswith("petitions.")
        ]
    assert set(admin_permissions.GRANTS) == set(ADMIN_ROLES)


def test_every_permission_exists(db: None) -> None:
    known = {
        f"{model._meta.app_label}.{verb}_{model._meta.model_name}"
        for model in (*admin.site._registry, SecurityEvent)
        for verb in ("add", "change", "delete", "view")
    }
    of_people = {
        perm
        for perms in admin_permissions.GRANTS.values()
        for perm in perms
        if perm.startswith(("members.", "knox."))
    }
    assert of_people <= known


def test_a_superuser_may_assign_administrator_roles_and_nothing_else(
    town: Town, client: Client
) -> None:
    root = User.objects.create_superuser("root")
    client.force_login(root)
    assert client.get("/admin/members/user/").status_code == 200
    assert client.get("/security-log/").status_code == 403
    assert not root.has_perm("petitions.view_petition")
    assert not root.has_module_perms("petitions")


def test_an_administrator_role_ended_yesterday_opens_nothing(town: Town) -> None:
    user = town.fresh("secadmin")
    assert user.has_perms(["members.view_user", "members.add_post"])
    user.posts.update(valid_from="2026-01-01", valid_to="2026-11-22")
    assert not town.fresh("secadmin").has_perm("members.view_user")


def test_permissions_by_group_or_by_hand_do_not_exist(town: Town) -> None:
    user = town.fresh("secretary")
    user.is_staff = True
    user.save()
    assert not user.has_perm("members.view_user")
    assert user.get_all_permissions() == set()


def test_permissions_of_a_higher_app_are_granted(town: Town, settings: Settings) -> None:
    settings.OPERATOR_PERMISSIONS = {"system_admin": ["petitions.change_category"]}
    assert town.fresh("sysadmin").has_perm("petitions.change_category")
    assert not town.fresh("auditor").has_perm("petitions.change_category")


def test_entering_a_person_and_giving_a_first_password(town: Town, client: Client) -> None:
    _as(client, town, "secadmin")
    fields = {"username": "new", "name": "样本新", "email": "", "duty_phone": ""}
    client.post("/admin/members/user/add/", fields)
    user = town.fresh("new")
    assert not user.has_usable_password()
    page = client.post(
        "/admin/members/user/",
        {"action": "give_first_password", "_selected_action": [user.pk]},
    )
    text = page.content.decode()
    assert "已办妥" in text
    shown = re.findall(r"<code>([\w-]{16})</code>", text)
    assert len(shown) == 1
    assert town.fresh("new").must_change_password
    assert town.fresh("new").check_password(shown[0])
    assert "no-store" in page["Cache-Control"]
    assert shown[0] not in str(client.cookies)
    assert shown[0] not in str(dict(client.session))
    assert shown[0] not in client.get("/admin/members/user/").content.decode()
    actions = SecurityEvent.objects.filter(user=town.users["secadmin"])
    assert list(actions.order_by("id").values_list("action", flat=True)) == [
        SecurityAction.PERSON_CREATED,
        SecurityAction.FIRST_PASSWORD,
    ]
    assert {line.detail["ip"] for line in actions} == {"127.0.0.1"}


def test_first_passwords_are_given_one_at_a_time(town: Town, client: Client) -> None:
    _as(client, town, "secadmin")
    ids = {name: town.users[name].pk for name in ("secretary", "leader", "partner")}
    data = {"action": "give_first_password"}
    several = data | {"_selected_action": [ids["secretary"], ids["leader"]]}
    page = client.post("/admin/members/user/", several, follow=True)
    assert "一次只给一个账号" in page.content.decode()
    assert not town.fresh("secretary").has_usable_password()
    partner = client.post("/admin/members/user/", data | {"_selected_action": [ids["partner"]]})
    assert "系统账号不用密码登录" in partner.content.decode()
    assert not SecurityEvent.objects.filter(action=SecurityAction.FIRST_PASSWORD).exists()


def test_changing_and_locking_a_person(town: Town, client: Client) -> None:
    _as(client, town, "secadmin")
    pk = town.users["staff"].pk
    client.post(
        f"/admin/members/user/{pk}/change/",
        {"name": "样本改", "email": "", "duty_phone": "", "username": "hacked"},
    )
    assert (town.fresh("staff").name, town.fresh("staff").pk) == ("样本改", pk)
    for action in ("lock", "unlock", "reset_second_factor"):
        client.post("/admin/members/user/", {"action": action, "_selected_action": [pk]})
    own = {"action": "lock", "_selected_action": [town.users["secadmin"].pk]}
    page = client.post("/admin/members/user/", own, follow=True)
    assert "不能停用自己的账号" in page.content.decode()


def test_what_the_workflow_refuses_is_an_error_at_its_field(town: Town, client: Client) -> None:
    _as(client, town, "secadmin")
    own = town.users["secadmin"]
    fields = {"name": own.name, "email": "another@example.invalid", "duty_phone": ""}
    page = client.post(f"/admin/members/user/{own.pk}/change/", fields)
    assert page.status_code == 200
    form = page.context["adminform"].form
    assert form.errors == {"email": ["自己的工作邮箱请在“我的”里修改。"]}
    assert form["email"].value() == "another@example.invalid"
    assert town.fresh("secadmin").email == own.email
    program = {
        "user": town.users["partner"].pk,
        "role": Role.STAFF,
        "organisation": town.world.orgs["yingbin"].pk,
        "valid_from": TODAY.isoformat(),
    }
    page = client.post("/admin/members/post/add/", program)
    assert page.context["adminform"].form.errors.keys() == {"role"}
    assert not Post.objects.filter(user=town.users["partner"], role=Role.STAFF).exists()


def test_giving_and_ending_a_post(town: Town, client: Client) -> None:
    _as(client, town, "secadmin")
    fields = {
        "user": town.users["staff"].pk,
        "role": Role.GROUP_LEADER,
        "organisation": town.world.orgs["branch"].pk,
        "valid_from": TODAY.isoformat(),
    }
    page = client.post("/admin/members/post/add/", fields)
    assert "不设在这一级组织" in page.content.decode()
    fields |= {"role": Role.STAFF, "organisation": town.world.orgs["street"].pk}
    client.post("/admin/members/post/add/", fields)
    post = Post.objects.latest("id")
    assert (post.user.username, post.role) == ("staff", Role.STAFF)
    url = f"/admin/members/post/{post.pk}/end/"
    seen = client.get(url).context["seen"]
    client.post(url, {"on": "2026-12-31", "role": Role.AUDITOR, "seen": seen, "end": "1"})
    post.refresh_from_db()
    assert (str(post.valid_to), post.role) == ("2026-12-31", Role.STAFF)


def test_post_with_last_day_before_its_first_is_refused_at_the_field(
    town: Town, client: Client
) -> None:
    _as(client, town, "secadmin")
    fields = {
        "user": town.users["staff"].pk,
        "role": Role.STAFF,
        "organisation": town.world.orgs["street"].pk,
        "valid_from": TODAY.isoformat(),
        "valid_to": "2026-11-01",
    }
    page = client.post("/admin/members/post/add/", fields)
    assert page.context["adminform"].form.errors == {
        "valid_to": ["最后一天不能早于第一天（2026年11月23日）。"]
    }


def test_a_second_administrator_role_is_refused_in_the_form(town: Town, client: Client) -> None:
    _as(client, town, "secadmin")
    fields = {
        "user": town.users["auditor"].pk,
        "role": Role.SYSTEM_ADMIN,
        "valid_from": TODAY.isoformat(),
    }
    page = client.post("/admin/members/post/add/", fields)
    assert "三员" in page.content.decode()


def test_nothing_is_deleted_by_hand(town: Town, client: Client) -> None:
    _as(client, town, "secadmin")
    assert client.get(f"/admin/members/user/{town.users['staff'].pk}/delete/").status_code == 403
    post = town.users["staff"].posts.get()
    assert client.post(f"/admin/members/post/{post.pk}/delete/").status_code == 403


def test_the_admin_uses_the_log_in_of_the_site(client: Client, db: None) -> None:
    answer = client.get("/admin/", follow=False)
    assert answer.status_code == 302
    assert client.get(answer["Location"])["Location"].startswith("/account/login/")


def test_a_log_out_of_the_admin_is_logged(town: Town, client: Client) -> None:
    _as(client, town, "secadmin").post("/admin/logout/")
    assert SecurityEvent.objects.filter(action=SecurityAction.LOGGED_OUT).exists()


def test_an_administrator_role_opens_the_admin(town: Town) -> None:
    user = workflow.create_person(username="audit2", name="样本审", by=None)
    workflow.appoint(user=user, role=Role.AUDITOR, by=None, valid_from=TODAY)
    assert town.fresh("audit2").is_staff


@pytest.mark.parametrize(
    ("name", "address", "status"),
    [
        ("secadmin", "/admin/members/post/add/?user=abc", 200),
        ("secadmin", "/admin/members/post/add/?user=5&valid_from=soon&nothing=7", 200),
        ("sysadmin", "/admin/petitions/category/add/?parent=abc", 200),
        ("secadmin", "/admin/members/user/?q=%00", 200),
        (
            "secadmin",
            "/admin/autocomplete/?app_label=members&model_name=post&field_name=user&term=%00",
            200,
        ),
    ],
)
def test_a_value_that_no_field_can_hold_is_a_client_error(
    town: Town, client: Client, name: str, address: str, status: int
) -> None:
    assert _as(client, town, name).get(address).status_code == status


@pytest.mark.parametrize(
    ("name", "page", "picked"),
    [
        ("sysadmin", "/admin/grids/calendarday/", "abc"),
        ("sysadmin", "/admin/grids/officehours/", "\0"),
        ("secadmin", "/admin/knox/authtoken/", "\0"),
    ],
)
def test_an_action_on_an_impossible_id_is_refused(
    town: Town, client: Client, name: str, page: str, picked: str
) -> None:
    asked = {"action": "delete_selected", "_selected_action": picked}
    assert _as(client, town, name).post(page, asked).status_code == 400


def test_system_administrator_finds_undelivered_messages_and_sends_them_again(
    town: Town, client: Client
) -> None:
    notify_users(town, "secretary", "leader")
    failed = Delivery.objects.get(user=town.users["secretary"])
    Delivery.objects.filter(pk=failed.pk).update(failed_at=NOW, attempts=5)
    url = "/admin/members/delivery/"
    page = _as(client, town, "sysadmin").get(url, {"state": "failed"}).content.decode()
    assert "样本secretary" in page
    assert 'field-state_label">未能送达' in page
    assert "样本leader" not in page
    assert "FK-0001" not in page  # no content of a case
    assert "样本leader" in client.get(url, {"state": "pending"}).content.decode()
    client.post(url, {"action": "retry", "_selected_action": [failed.pk]})
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == ("pending", 0)


def test_system_administrator_cannot_change_a_delivery(town: Town, client: Client) -> None:
    notify_users(town, "secretary")
    delivery = Delivery.objects.get()
    url = f"/admin/members/delivery/{delivery.pk}/change/"
    answer = _as(client, town, "sysadmin").post(url, {"attempts": 3, "sent_at_0": "2026-01-01"})
    assert answer.status_code == 302
    assert Delivery.objects.values().get() == Delivery.objects.filter(pk=delivery.pk).values().get()
    assert Delivery.objects.get().attempts == 0


def test_system_administrator_enrols_a_cadre(town: Town, client: Client) -> None:
    fields = {
        "name": "样本干部",
        "home_unit": "市示例局",
        "organisation": town.world.orgs["branch"].pk,
        "user": "",
        "skills": "",
        "availability": "",
        "enrolled_on": "2026-11-23",
        "ended_on": "",
    }
    url = "/admin/members/nearbyenrolment/add/"
    assert _as(client, town, "sysadmin").post(url, fields).status_code == 302
    assert NearbyEnrolment.objects.get().organisation == town.world.orgs["branch"]
