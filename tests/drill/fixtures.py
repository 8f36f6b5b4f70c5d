"""Load the source system of the drill: the sample, years of history, thousands of photos.

`python -m tests.drill.fixtures CASES PHOTOS`, in the folder of VAR_DIR.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import secrets
import sys
import time

import django

django.setup()

from PIL import Image  # noqa: E402
from psycopg2.extensions import connection as Connection  # noqa: E402, N812 - a class

from benchmarks import data_growth  # noqa: E402
from config.lib.audit import legacy_rows  # noqa: E402
from config.local import embedded, init_database, paths  # noqa: E402
from config.local.embedded import postgres  # noqa: E402
from petitions.enums import PhotoKind  # noqa: E402
from petitions.models import Event, Petition, Photo  # noqa: E402
from petitions.rules import photos  # noqa: E402
from petitions.states import FINAL  # noqa: E402
from tests.support.stack import SHORT_DEADLINE_GRID, SHORT_DEADLINES  # noqa: E402

OPEN_CASES = 600
PADDING = 40_000  # bytes of noise after each photo, for a realistic file size


def main(cases: int, pictures: int) -> None:
    """Load cases and photos up to these numbers."""
    at = paths.find()
    services = embedded.start(at, broker=False, bound=True)
    try:
        init_database.init(at)
        _shorten_deadlines(at)
        start = time.monotonic()
        line = postgres.connect(at, postgres.DATABASE)
        final = [str(status) for status in FINAL]
        data_growth.grow(
            line, cases=cases, still_open=OPEN_CASES, final=final, say=lambda _text: None
        )
        _begin_chain_behind_copies(line)
        line.close()
        petitions = Petition.objects.count()
        missing = pictures - Photo.objects.count()
        if missing > 0:
            _add_photos(missing)
        print(
            f"  {petitions:,} cases and {Photo.objects.count():,} photos "
            f"in {time.monotonic() - start:.0f} s"
        )
    finally:
        services.stop()


def _begin_chain_behind_copies(line: Connection) -> None:
    """Take the events for those of an earlier release, because the copies have no signature."""
    table, now = Event._meta.db_table, dt.datetime.now(dt.UTC)
    with line.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute('DELETE FROM members_chainblock WHERE "table" = %s', [table])
        cursor.execute(f"SELECT max(id) FROM {table}")
        (highest,) = cursor.fetchone() or (0,)
        cursor.execute(
            'INSERT INTO members_chainblock ("table", number, last_id, legacy_id, entries,'
            " previous, appended_at, signature) VALUES (%s, 0, 0, %s, '', '', %s, %s)",
            [table, highest, now, legacy_rows.sign_block(table, highest, now)],
        )


def _add_photos(number: int) -> None:
    events = Event.objects.filter(version=1).order_by("-id")[:number]
    Photo.objects.bulk_create([_photo(event) for event in events], batch_size=500)


def _photo(event: Event) -> Photo:
    """Write a picture of its own for a case; its noise lies behind the end of the picture."""
    out = io.BytesIO()
    Image.new("RGB", (320, 240), "teal").save(out, "JPEG")
    body = out.getvalue() + os.urandom(PADDING)
    token = secrets.token_hex(16)
    name = f"{token[:2]}/{token}.jpg"
    for file in (photos.path_of(name), photos.thumb_of(name)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return Photo(
        petition_id=event.petition_id,
        event=event,
        kind=PhotoKind.REPORT,
        name=name,
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        width=320,
        height=240,
    )


def _shorten_deadlines(at: paths.DataPaths) -> None:
    """Give one grid limits of seconds, so that limits fall due around the backup."""
    connection = postgres.connect(at, postgres.DATABASE)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM petitions_standard WHERE contact_within < '1 min'")
            if not cursor.fetchone()[0]:  # type: ignore[index]
                cursor.execute(SHORT_DEADLINES, [SHORT_DEADLINE_GRID])
    finally:
        connection.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
