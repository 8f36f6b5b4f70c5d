"""Fills the system that will be backed up: the sample, years of history, thousands of photos.

`python -m tests.drill.fixtures CASES PHOTOS`, in the folder that VAR_DIR names.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import sys
import time

import django

django.setup()

from PIL import Image  # noqa: E402

from benchmarks import data_growth  # noqa: E402
from config.local import embedded, init_database, paths  # noqa: E402
from config.local.embedded import postgres  # noqa: E402
from petitions.enums import PhotoKind  # noqa: E402
from petitions.models import Event, Petition, Photo  # noqa: E402
from petitions.rules import photos  # noqa: E402
from petitions.states import FINAL  # noqa: E402
from tests.support.stack import HASTE, HASTE_GRID  # noqa: E402

OPEN = 600  # of the cases
GRAIN = 40_000  # bytes of noise behind each picture, so that files weigh what files weigh


def main(cases: int, pictures: int) -> None:
    """Fill it, unless it is full already."""
    at = paths.find()
    services = embedded.start(at, broker=False, bound=True)
    try:
        init_database.init(at)
        _hasten(at)
        start = time.monotonic()
        line = postgres.connect(at, postgres.DATABASE)
        final = [str(status) for status in FINAL]
        data_growth.history(line, cases=cases, still_open=OPEN, final=final, say=lambda _said: None)
        line.close()
        there = Petition.objects.count()
        add = pictures - Photo.objects.count()
        if add > 0:
            _add(add)
        print(
            f"  {there:,} cases and {Photo.objects.count():,} photos "
            f"in {time.monotonic() - start:.0f} s"
        )
    finally:
        services.stop()


def _add(number: int) -> None:
    events = Event.objects.filter(version=1).order_by("-id")[:number]
    Photo.objects.bulk_create([_photo(event) for event in events], batch_size=500)


def _photo(event: Event) -> Photo:
    """Write a picture of its own for a case; its noise lies behind the end of the picture."""
    out = io.BytesIO()
    Image.new("RGB", (320, 240), "teal").save(out, "JPEG")
    body = out.getvalue() + os.urandom(GRAIN)
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


def _hasten(at: paths.DataPaths) -> None:
    """Give one grid limits of seconds, so that limits fall due around the backup."""
    connection = postgres.connect(at, postgres.DATABASE)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM petitions_standard WHERE contact_within < '1 min'")
            if not cursor.fetchone()[0]:  # type: ignore[index]
                cursor.execute(HASTE, [HASTE_GRID])
    finally:
        connection.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
