"""Who may open which route: one entry for every address of the site, and how answers are compared.

A route without an entry fails tests/test_access.py; so does an entry without a route.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from petitions.enums import Verb


class Door(StrEnum):
    """Who may open a route."""

    PUBLIC = "anybody"
    WATCHED = "the monitoring, by a token"
    RESIDENT = "whoever holds a draft, a receipt or a tracking code in the session"
    OWN_ACCOUNT = "the account pages of allauth: login, password, second factor, sessions"
    LOGIN = "whoever is logged in"
    OWN = "the person the row belongs to"
    POST = "whoever holds a post that handles cases"
    CASE = "whoever the case is visible to"
    VERB = "whoever the case is visible to and is the verb's actor"
    SLIP = "whoever filed the case in this session"
    PHOTO = "whoever the photo's case is visible to"
    PLACE = "whoever the place is visible to"
    ORGANISATION = "whoever the organisation is visible to"
    TOKEN = "a program with a token"
    TOKEN_POST = "a program whose account holds a post"
    TOKEN_CASE = "a program the case is visible to"
    TOKEN_VERB = "a program the case is visible to and that is the verb's actor"
    TOKEN_PLACE = "a program the place is visible to"
    TOKEN_ORGANISATION = "a program the organisation is visible to"
    HAT = "one of the administrative hats"


@dataclass(frozen=True, slots=True)
class Route:
    """One named address: its name, its pattern, and the names of its parameters."""

    name: str
    pattern: str
    parameters: tuple[str, ...]


D = Door
PAGES_OF_VERBS = {f"petitions:{verb}": D.VERB for verb in Verb} | {"petitions:doors": D.VERB}
TOKEN_VERBS = {f"api:petition-{verb}": D.TOKEN_VERB for verb in Verb}
NO_PAGE = {Verb.FILE, Verb.RATE, Verb.REMIND, Verb.SUSPEND, Verb.RESUME, Verb.MERGE}
BY_OTHER_NAME = {"petitions:visit"}  # its page is the door sheet
NOT_THERE = {f"petitions:{verb}" for verb in NO_PAGE} | BY_OTHER_NAME
NOT_THERE |= {f"api:petition-{verb}" for verb in NO_PAGE}

TABLE: dict[str, Door] = {
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
    # residents
    "petitions:front": D.PUBLIC,
    "petitions:who": D.PUBLIC,
    "petitions:at_place": D.PUBLIC,
    "petitions:report_place": D.PUBLIC,
    "petitions:public_suggest": D.PUBLIC,
    "petitions:track": D.PUBLIC,
    **dict.fromkeys(
        [
            f"petitions:{name}"
            for name in (
                *("me_too", "report_what", "report_tell", "report_photo", "report_reach"),
                *("report_check", "report_me_too", "receipt", "track_case", "track_leave"),
                *("track_photo", "track_thumb", "track_confirm", "track_dispute", "track_rate"),
                *("track_reopen", "track_withdraw", "track_contact"),
            )
        ],
        D.RESIDENT,
    ),
    # the work
    "petitions:home": D.POST,
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
    **{name: door for name, door in PAGES_OF_VERBS.items() if name not in NOT_THERE},
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
    **{name: door for name, door in TOKEN_VERBS.items() if name not in NOT_THERE},
}
PREFIXES = {"account_": D.OWN_ACCOUNT, "mfa_": D.OWN_ACCOUNT, "usersessions_": D.OWN_ACCOUNT}
PREFIXES |= {"admin:": D.HAT}

# Pages of the operators that are open before the log-in, because they are the log-in.
OPEN_OPERATORS = {"admin:login", "admin:logout", "admin:jsi18n"}


def routes() -> list[Route]:
    """Every named route of the URL conf, nested and namespaced ones included."""
    return list(_walk(get_resolver(), "", ""))


def _walk(at: URLResolver, prefix: str, space: str) -> Iterator[Route]:
    for one in at.url_patterns:
        pattern = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            inner = ":".join(part for part in (space, one.namespace) if part)
            yield from _walk(one, pattern, inner)
        elif isinstance(one, URLPattern):
            name = f"{space}:{one.name}" if space else str(one.name)
            yield Route(name, pattern, tuple(one.pattern.regex.groupindex))


def door_of(name: str) -> Door | None:
    """Return the entry of a route; a route that has none is an error."""
    by_prefix = (door for prefix, door in PREFIXES.items() if name.startswith(prefix))
    return TABLE.get(name) or next(by_prefix, None)


_CSRF = re.compile(rb"\b[A-Za-z0-9]{64}\b")
_VARYING = {"X-Request-ID", "Set-Cookie"}


def without_token(body: bytes) -> bytes:
    """Blank the CSRF token, which is another one in each answer."""
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
