"""Sinks: every place where data of a case could end up, and the canaries allowed there.

A sink that `ALLOWED` does not list must contain no canary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import redis

from config.local.embedded import postgres
from tests.privacy import tables
from tests.privacy.canaries import CODE, INSIDE, NAME, PHONE, WORDS, Canaries, CanarySearch
from tests.privacy.flows import STAFF, Town
from tests.privacy.scale import IS_FULL

CHUNK, OVERLAP = 1 << 24, 200

# sink → kinds of canaries allowed in it; the first matching pattern counts
ALLOWED: tuple[tuple[str, set[str], str], ...] = (
    (r"table petitions_petition\.(text|since|search)", {WORDS}, "what was reported"),
    (r"table petitions_note\.body", {WORDS, INSIDE}, "what was written on the case"),
    (r"table django_session\.session_data", {WORDS}, "a report being written; its contact sealed"),
    (r"files of the database", {WORDS, INSIDE}, "the same, as it lies on disk"),
    (r"sms\.jsonl", {PHONE}, "stands in for the gateway that must know where to send"),
    (r"resident read /report/(tell|check)/", {WORDS, NAME, PHONE}, "one's own report"),
    (r"resident read /report/reach/", {NAME, PHONE}, "one's own contact while it is written"),
    (r"resident read /report/receipt/", {WORDS, CODE}, "the receipt"),
    (r"resident read /track/$", {CODE}, "the code just typed, when the digits are wrong"),
    (r"resident read /track/", {WORDS, INSIDE}, "the case as its petitioner may read it"),
    (r"staff read /petitions/new/", {WORDS, NAME, PHONE}, "the desk form, come back to its clerk"),
    (r"staff read /petitions/#/slip/", {CODE}, "the slip, for who filed it"),
    (
        r"(secretary|community|official) read .*/reveal/",
        {NAME, PHONE, WORDS},
        "the contact, with a reason",
    ),
    (r"partner read /api/v#/petitions/$", {WORDS, CODE}, "the answer to whoever filed"),
    (rf"({'|'.join(STAFF)}|partner) ", {WORDS, INSIDE}, "cases of one's own area"),
    (r"(city|department) ", {WORDS, INSIDE}, "cases above one, or ordered"),
)

LOOKED_AT = (
    *("/home/", "/petitions/", "/petitions/?q=QZW", "/overview/", "/inbox/", "/places/"),
    *("/organisations/", "/me/", "/api/v1/petitions/", "/api/v1/events/", "/report/"),
)
PUBLIC = ("/", "/who/", "/report/", "/track/", "/metrics", "/readyz", "/livez", "/api/v1/schema/")
OF_A_CASE = (
    *("/petitions/{}/", "/petitions/{}/print/", "/petitions/{}/doors/", "/petitions/{}/reveal/"),
    *("/petitions/{}/note/", "/api/v1/petitions/{}/", "/api/v1/petitions/{}/events/"),
    "/petitions/{}/slip/",
)


def allowed(sink: str) -> set[str]:
    """Return the kinds of marks that may be in a sink."""
    return next((kinds for pattern, kinds, _why in ALLOWED if re.search(pattern, sink)), set())


def look_round(town: Town, cases: int) -> None:
    """Let everybody look at everything there is for them, and at the newest cases."""
    newest = town.stack.rows(
        "SELECT id FROM petitions_petition WHERE text LIKE 'QZW%%' ORDER BY id DESC LIMIT %s",
        cases,
    )
    paths = [*LOOKED_AT, *(path.format(row[0]) for row in newest for path in OF_A_CASE)]
    for who in town.people.values():
        for path in paths:
            assert who.get(path).status < 500, path
    visitor = town.resident()
    code = town.stack.value(
        "SELECT code FROM grids_placeqr WHERE area_id = %s AND revoked_at IS NULL", town.place
    )
    for path in (*PUBLIC, f"/q/{code}/"):
        visitor.get(path)


def everywhere(town: Town, search: CanarySearch) -> Iterator[tuple[str, Canaries]]:
    """Yield every sink with the canaries found in it."""
    yield from _answers(town, search)
    yield from _tables(town, search)
    yield from _broker(town, search)
    at = town.stack.at
    for folder, word in ((at.logs, "log"), (at.var / "outbox", "outbox"), (at.var, "file")):
        for file in sorted(folder.glob("*")):
            if file.is_file():
                yield f"{word} {file.name}", search.look(file.read_bytes())
    for file in sorted((at.var / "media").rglob("*.*")):
        yield f"photo {file.name}", search.look_raw(file.read_bytes() + file.name.encode())
    yield "files of the queue", _folder(at.services / "valkey", search)
    yield "files of the metrics", _folder(at.var / "metrics", search)
    if IS_FULL:  # hundreds of megabytes
        yield "files of the database", _folder(postgres.data_folder(at), search)


def _answers(town: Town, search: CanarySearch) -> Iterator[tuple[str, Canaries]]:
    known = [*town.people.items(), *(("resident", visitor) for visitor in town.residents)]
    for name, who in known:
        by_path: dict[str, list[bytes]] = {}
        for path, body in who.seen or ():
            by_path.setdefault(re.sub(r"\d+|[\w-]{36}", "#", path.partition("?")[0]), []).append(
                body
            )
        for path, bodies in by_path.items():
            yield f"{name} read {path}", search.look(*bodies)


def _tables(town: Town, search: CanarySearch) -> Iterator[tuple[str, Canaries]]:
    connection = postgres.connect(town.stack.at, postgres.DATABASE)
    try:
        for column, content in tables.columns(connection):
            yield f"table {column}", search.look(content)
    finally:
        connection.close()


def _broker(town: Town, search: CanarySearch) -> Iterator[tuple[str, Canaries]]:
    """Search every key of queue and cache."""
    for number in range(4):
        with redis.Redis(unix_socket_path=str(town.stack.at.broker), db=number) as client:
            for key in client.scan_iter():
                dumped = client.dump(key) or b""
                yield f"key of the queue {number}", search.look(key, dumped, _value(client, key))


def _value(client: redis.Redis, key: bytes) -> bytes:
    kind = client.type(key)
    if kind == b"string":
        return client.get(key) or b""
    if kind == b"list":
        return b"\n".join(client.lrange(key, 0, -1))
    if kind == b"hash":
        return repr(client.hgetall(key)).encode()
    return repr(
        list(client.zscan_iter(key) if kind == b"zset" else client.sscan_iter(key))
    ).encode()


def _folder(folder: Path, search: CanarySearch) -> Canaries:
    """Search every file below a folder in plain form."""
    canaries_found: Canaries = {}
    for file in folder.rglob("*"):
        if not file.is_file():
            continue
        with file.open("rb") as opened:
            before = b""
            while part := opened.read(CHUNK):
                for kind, numbers in search.look_raw(before + part).items():
                    canaries_found.setdefault(kind, set()).update(numbers)
                before = part[-OVERLAP:]
    return canaries_found
