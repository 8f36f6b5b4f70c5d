"""Who may open which route, for every route of the site, and how responses are compared.

A route without an entry fails tests/test_access.py, and so does an entry without a route.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from petitions.enums import VERBS, Verb
from petitions.verbs.table import VERB_SPECS


class Access(StrEnum):
    """Who may open a route."""

    PUBLIC = "anybody"
    WATCHED = "monitoring, with a token"
    DRAFT = "the session that writes the report"
    JOIN = "visitors of the building's QR page"
    RECEIPT = "the session that filed or joined"
    FOLLOW = "the session that opened the case by its code"
    FOLLOWED_PHOTO = "the session that opened the photo's case by its code"
    OWN_ACCOUNT = "the account pages of allauth: login, password, second factor, sessions"
    LOGIN = "logged-in users"
    OWN = "the user the row belongs to"
    POST = "users with a post that handles cases"
    CASE = "users to whom the case is visible"
    VERB = "users to whom the case is visible and who are an actor of the verb"
    SLIP = "the session that filed the case"
    PHOTO = "users to whom the photo's case is visible"
    PLACE = "users to whom the place is visible"
    ORGANISATION = "users to whom the organisation is visible"
    TOKEN = "a program with a token"
    TOKEN_POST = "a program whose account holds a post"
    TOKEN_CASE = "a program the case is visible to"
    TOKEN_VERB = "a program the case is visible to and that is the verb's actor"
    TOKEN_PLACE = "a program the place is visible to"
    TOKEN_ORGANISATION = "a program the organisation is visible to"
    AUDIT = "the auditor"
    ADMIN = "administrators"
    ADMIN_ROWS = "an administrator role that may list the rows"
    ADMIN_ROW = "an administrator role that may view the row"
    ADMIN_ADD = "an administrator role that may add a row"
    ADMIN_DELETE = "an administrator role that may delete the row"
    ADMIN_END = "an administrator role that may end the row"
    LOG_IN = "log-in and log-out of the admin"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Route:
    """A named route: its name, pattern and parameter names."""

    name: str
    pattern: str
    parameters: tuple[str, ...]


D = Access
PAGES_OF_VERBS = {f"petitions:{verb}": D.VERB for verb in VERBS}
TOKEN_VERBS = {f"api:petition-{verb}": D.TOKEN_VERB for verb in VERBS}
NO_PAGE = {Verb.FILE, Verb.RATE, Verb.REMIND, Verb.OVERDUE, Verb.RESCHEDULE}
NOT_THERE = {f"petitions:{verb}" for verb in NO_PAGE}
NOT_THERE |= {f"api:petition-{verb}" for verb in NO_PAGE}

TABLE: dict[str, Access] = {
    "livez": D.PUBLIC,
    "readyz": D.PUBLIC,
    "metrics": D.WATCHED,
    "set_language": D.PUBLIC,
    "preferences": D.PUBLIC,
    # places, organisations, one's own pages
    "grids:places": D.LOGIN,
    "grids:suggest": D.LOGIN,
    "grids:place": D.PLACE,
    "grids:poster": D.PLACE,
    "branches:organisations": D.LOGIN,
    "branches:organisation": D.ORGANISATION,
    "members:inbox": D.LOGIN,
    "members:unread": D.LOGIN,
    "members:read_all": D.LOGIN,
    "members:open": D.OWN,
    "members:read": D.OWN,
    "members:me": D.LOGIN,
    "members:email": D.LOGIN,
    "members:security_log": D.AUDIT,
    "members:security_log_export": D.AUDIT,
    # residents
    "petitions:front": D.PUBLIC,
    "petitions:who": D.PUBLIC,
    "petitions:at_place": D.PUBLIC,
    "petitions:report_place": D.PUBLIC,
    "petitions:public_suggest": D.PUBLIC,
    "petitions:track": D.PUBLIC,
    "petitions:report_what": D.DRAFT,
    "petitions:report_tell": D.DRAFT,
    "petitions:report_photo": D.DRAFT,
    "petitions:report_reach": D.DRAFT,
    "petitions:report_check": D.DRAFT,
    "petitions:me_too": D.JOIN,
    "petitions:report_me_too": D.JOIN,
    "petitions:receipt": D.RECEIPT,
    "petitions:clear_device": D.PUBLIC,
    "petitions:track_leave": D.PUBLIC,
    "petitions:track_case": D.FOLLOW,
    "petitions:track_confirm": D.FOLLOW,
    "petitions:track_dispute": D.FOLLOW,
    "petitions:track_rate": D.FOLLOW,
    "petitions:track_reopen": D.FOLLOW,
    **{spec.resident_url_name: D.FOLLOW for spec in VERB_SPECS if spec.resident_button},
    "petitions:track_contact": D.FOLLOW,
    "petitions:track_photo": D.FOLLOWED_PHOTO,
    "petitions:track_thumb": D.FOLLOWED_PHOTO,
    # the work
    "petitions:home": D.LOGIN,
    "petitions:overview": D.POST,
    "petitions:list": D.POST,
    "petitions:desk": D.POST,
    "petitions:desk_preview": D.POST,
    "petitions:category_suggest": D.POST,
    "petitions:slip": D.SLIP,
    "petitions:case": D.CASE,
    "petitions:print": D.CASE,
    "petitions:doors_print": D.VERB,
    "petitions:photo_file": D.PHOTO,
    "petitions:thumb": D.PHOTO,
    **{name: access for name, access in PAGES_OF_VERBS.items() if name not in NOT_THERE},
    # programs
    "api:schema": D.TOKEN,
    "api:docs": D.TOKEN,
    "api:me": D.TOKEN,
    "api:area-list": D.TOKEN,
    "api:building-list": D.TOKEN,
    "api:organisation-list": D.TOKEN,
    "api:area-detail": D.TOKEN_PLACE,
    "api:building-detail": D.TOKEN_PLACE,
    "api:organisation-detail": D.TOKEN_ORGANISATION,
    "api:petitions": D.TOKEN_POST,
    "api:events": D.TOKEN_POST,
    "api:petition": D.TOKEN_CASE,
    **{name: access for name, access in TOKEN_VERBS.items() if name not in NOT_THERE},
}

ACCOUNT = (
    *("login", "logout", "inactive", "reauthenticate", "change_password"),
    *("reset_password", "reset_password_done", "reset_password_from_key"),
    "reset_password_from_key_done",
)
SECOND_FACTOR = (
    *("index", "authenticate", "reauthenticate", "activate_totp", "deactivate_totp"),
    *("view_recovery_codes", "generate_recovery_codes", "download_recovery_codes"),
)
TABLE |= {f"account_{name}": D.OWN_ACCOUNT for name in ACCOUNT}
TABLE |= {f"mfa_{name}": D.OWN_ACCOUNT for name in SECOND_FACTOR}
TABLE["usersessions_list"] = D.OWN_ACCOUNT

ADMIN_PERMISSIONS: dict[str, dict[str, str]] = {
    "grids_area": {"sysadmin": "view add change", "secadmin": "view"},
    "grids_placeqr": {"sysadmin": "view add change"},
    "grids_calendarday": {"sysadmin": "view add change delete"},
    "grids_officehours": {"sysadmin": "view add change delete"},
    "branches_organisation": {"sysadmin": "view add change", "secadmin": "view"},
    "branches_responsibility": {"sysadmin": "view add change"},
    "branches_mobileactivityroom": {"sysadmin": "view add change"},
    "members_user": {"secadmin": "view add change"},
    "members_post": {"secadmin": "view add change"},
    "members_nearbyenrolment": {"sysadmin": "view add change"},
    "members_delivery": {"sysadmin": "view change"},
    "knox_authtoken": {"secadmin": "view delete"},
    "petitions_category": {"sysadmin": "view add change"},
    "petitions_standard": {"sysadmin": "view add change"},
    "petitions_privacynotice": {"sysadmin": "view add"},
    "petitions_residentmessage": {"sysadmin": "view change"},
}
"""What each administrator role may do in the admin, by table."""

ENDING = ("members_post", "grids_area", "branches_organisation", "branches_responsibility")
"""Tables whose rows are ended by an act of its own."""

PAGES = {
    "changelist": D.ADMIN_ROWS,
    "history": D.ADMIN_ROW,
    "change": D.ADMIN_ROW,
    "add": D.ADMIN_ADD,
    "delete": D.ADMIN_DELETE,
}
TABLE |= {f"admin:{m}_{page}": access for m in ADMIN_PERMISSIONS for page, access in PAGES.items()}
TABLE |= {f"admin:{m}_end": D.ADMIN_END for m in ENDING}
TABLE |= {f"admin/{m.replace('_', '/')}/<path:object_id>/": D.ADMIN_ROW for m in ADMIN_PERMISSIONS}
TABLE |= {
    **dict.fromkeys(("admin:login", "admin:logout"), D.LOG_IN),
    **dict.fromkeys(
        ("admin:index", "admin:app_list", "admin:autocomplete", "admin_complete"), D.ADMIN
    ),
    **dict.fromkeys(("admin:jsi18n", "admin/(?P<url>.*)$"), D.ADMIN),
    **dict.fromkeys(("admin:password_change", "admin:password_change_done"), D.ADMIN),
    "admin:view_on_site": D.NOBODY,
    "admin/r/<path:_path>": D.NOBODY,
}


def routes() -> list[Route]:
    """Every named route of the URL conf, nested and namespaced ones included."""
    return list(_walk(get_resolver(), "", ""))


def _walk(at: URLResolver, prefix: str, space: str) -> Iterator[Route]:
    for entry in at.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = ":".join(part for part in (space, entry.namespace) if part)
            yield from _walk(entry, pattern, inner)
        elif isinstance(entry, URLPattern):
            name = f"{space}:{entry.name}" if space and entry.name else entry.name or pattern
            yield Route(name, pattern, tuple(entry.pattern.regex.groupindex))


def access_of(name: str) -> Access | None:
    """Return the entry of a route, or None."""
    return TABLE.get(name)


_CSRF = re.compile(rb"\b[A-Za-z0-9]{64}\b")
_VARYING = {"X-Request-ID", "Set-Cookie"}


def without_token(body: bytes) -> bytes:
    """Blank the CSRF token, which differs in every response."""
    return _CSRF.sub(b"#", body)


Comparable = tuple[int, bytes, dict[str, str], set[str]]
PARTS = ("status", "body", "headers", "cookies")


def comparable(answer: Any) -> Comparable:
    """Return status, body, headers and cookie names; only request id and CSRF token are blanked."""
    number = answer.headers.get("X-Request-ID", "").encode()
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if number:
        body = body.replace(number, b"#")
    body = without_token(body)
    headers = {name: value for name, value in answer.headers.items() if name not in _VARYING}
    return answer.status_code, body, headers, set(answer.cookies)
