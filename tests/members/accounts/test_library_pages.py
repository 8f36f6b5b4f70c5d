"""Pages of libraries: every mounted one was chosen, and a new one fails here until it is reviewed.

A library may add a page with its next version, and an `include` mounts all pages of a library. Each
is a way into the system that no rule of ours guards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import (
    NoReverseMatch,
    URLPattern,
    URLResolver,
    get_resolver,
    include,
    path,
    reverse,
)

from tests.members.conftest import Town
from tests.support.route_list import ADMIN_PERMISSIONS, PAGES, routes

OURS = ("config.", "grids.", "branches.", "members.", "petitions.")

_ACCOUNT, _MFA = "allauth.account.views", "allauth.mfa"
_ADMIN_SITE, _ADMIN = (
    "django.contrib.admin.sites.AdminSite",
    "django.contrib.admin.options.ModelAdmin",
)
_REDIRECT = "django.views.generic.base.RedirectView"

REVIEWED: dict[str, str] = {
    # log-in; the form, the counting of wrong passwords and the delays are ours
    "account_login": f"{_ACCOUNT}.LoginView",
    "account_logout": f"{_ACCOUNT}.LogoutView",
    "account_inactive": f"{_ACCOUNT}.AccountInactiveView",
    "account_reauthenticate": f"{_ACCOUNT}.ReauthenticateView",
    # the two pages that set a password are ours: members/accounts/pages.py
    "account_reset_password_done": f"{_ACCOUNT}.PasswordResetDoneView",
    "account_reset_password_from_key": f"{_ACCOUNT}.PasswordResetFromKeyView",
    "account_reset_password_from_key_done": f"{_ACCOUNT}.PasswordResetFromKeyDoneView",
    # second factor; set-up and codes need the password again
    "mfa_index": f"{_MFA}.base.views.IndexView",
    "mfa_authenticate": f"{_MFA}.base.views.AuthenticateView",
    "mfa_reauthenticate": f"{_MFA}.base.views.ReauthenticateView",
    "mfa_activate_totp": f"{_MFA}.totp.views.ActivateTOTPView",
    "mfa_deactivate_totp": f"{_MFA}.totp.views.DeactivateTOTPView",
    "mfa_view_recovery_codes": f"{_MFA}.recovery_codes.views.ViewRecoveryCodesView",
    "mfa_generate_recovery_codes": f"{_MFA}.recovery_codes.views.GenerateRecoveryCodesView",
    "mfa_download_recovery_codes": f"{_MFA}.recovery_codes.views.DownloadRecoveryCodesView",
    "usersessions_list": "allauth.usersessions.views.ListUserSessionsView",
    # language
    "set_language": "django.views.i18n.set_language",
    # description of the API, for users with a log-in or a token
    "api:schema": "drf_spectacular.views.SpectacularAPIView",
    "api:docs": "drf_spectacular.views.SpectacularSwaggerSplitView",
    # admin; log-in and log-out are those of the site, the password has one page
    "admin:index": f"{_ADMIN_SITE}.index",
    "admin:login": f"{_ADMIN_SITE}.login",
    "admin:logout": f"{_ACCOUNT}.LogoutView",
    "admin:password_change": _REDIRECT,
    "admin:password_change_done": _REDIRECT,
    "admin:autocomplete": f"{_ADMIN_SITE}.autocomplete_view",
    "admin:jsi18n": f"{_ADMIN_SITE}.i18n_javascript",
    "admin:app_list": f"{_ADMIN_SITE}.app_index",
    "admin/(?P<url>.*)$": f"{_ADMIN_SITE}.catch_all_view",
    # hidden behind our own view of admin/r/
    "admin:view_on_site": "django.contrib.contenttypes.views.shortcut",
}
for _model in ADMIN_PERMISSIONS:
    REVIEWED[f"admin/{_model.replace('_', '/')}/<path:object_id>/"] = _REDIRECT
    for _page in PAGES.keys() - {"history"}:  # BaseAdmin has its own
        REVIEWED[f"admin:{_model}_{_page}"] = f"{_ADMIN}.{_page}_view"


def library_pages(
    patterns: list[Any], prefix: str = "", space: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield name and view of each pattern whose view is defined in a library."""
    for entry in patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = ":".join(part for part in (space, entry.namespace) if part)
            yield from library_pages(entry.url_patterns, pattern, inner)
        elif isinstance(entry, URLPattern):
            view = _defined_at(entry.callback)
            if not view.startswith(OURS):
                name = f"{space}:{entry.name}" if space and entry.name else entry.name or pattern
                yield name, view


def _defined_at(callback: Any) -> str:
    """Return module and name of a view: of its class, or of the function inside its decorators."""
    view = callback
    while not {"view_class", "cls"} & vars(view).keys() and "__wrapped__" in vars(view):
        view = view.__wrapped__
    found = getattr(view, "view_class", getattr(view, "cls", view))
    return f"{found.__module__}.{found.__qualname__}"


def test_every_mounted_page_of_a_library_was_reviewed() -> None:
    mounted = dict(library_pages(get_resolver().url_patterns))
    assert {name: view for name, view in mounted.items() if REVIEWED.get(name) != view} == {}
    # A reviewed page may be replaced by one of ours, as for the tables that are ended by an act.
    assert sorted(set(REVIEWED) - {route.name for route in routes()}) == []


@pytest.mark.parametrize(
    ("module", "new"),
    [
        ("allauth.urls", {"account_signup", "account_email", "account_set_password"}),
        ("knox.urls", {"knox_login", "knox_logout", "knox_logoutall"}),
        ("django.contrib.auth.urls", {"password_reset", "login"}),
    ],
)
def test_page_added_by_a_library_is_found(module: str, new: set[str]) -> None:
    planted = dict(library_pages([path("planted/", include(module))]))
    assert new <= set(planted) - set(REVIEWED)


@pytest.mark.parametrize(
    "name",
    [
        *("account_signup", "account_email", "account_email_verification_sent"),
        *("account_confirm_email", "account_set_password", "account_confirm_login_code"),
        *("account_request_login_code", "knox_login"),
    ],
)
def test_unwanted_page_is_not_mounted(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize(
    "address", ["/account/email/", "/account/signup/", "/account/password/set/", "/account/"]
)
def test_unwanted_address_is_not_found(town: Town, client: Client, address: str) -> None:
    client.force_login(town.users["secretary"])
    fields = {"email": "evil@example.invalid", "action_add": "1"}
    assert client.get(address).status_code == 404
    assert client.post(address, fields).status_code == 404
    assert town.fresh("secretary").email == town.users["secretary"].email
