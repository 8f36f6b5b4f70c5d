"""Keys rotate while everything runs: killed again and again, nothing unreadable, nothing lost."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from config.local import paths
from petitions.enums import Status
from petitions.intake import drafts
from petitions.models import Contact, Event, Petition
from petitions.rules import contacts, tracking_codes
from petitions.rules.contacts import ContactDetails, DecryptionFailed, check_keyring
from petitions.workflow import contact, handling
from petitions.workflow.transitions import WrongState
from tests.privacy.scale import IS_FULL
from tests.privacy.tables import plainly_kept
from tests.support.cast import Stage, build_cast, build_town

OLD, NEW = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))
CONTACTS, KILLS, PACE = (600, 5, 0.05) if IS_FULL else (40, 1, 0.3)


@pytest.fixture
def keyring(settings: Settings) -> Callable[..., None]:
    """Return a function that sets the keyring; the first key encrypts."""

    def set_keys(**keys: str) -> None:
        settings.CONTACT_KEYS = {name.removeprefix("k"): key for name, key in keys.items()}

    set_keys(k1=OLD)
    return set_keys


def _rotate(*words: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("rotate_contacts", *words, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def _opened(petition: Petition) -> ContactDetails:
    row = Contact.objects.get(petition=petition)
    return contacts.decrypt(petition.uuid, bytes(row.cipher), row.key_id)


# --- The command ------------------------------------------------------------------------------


def test_every_contact_is_encrypted_with_the_first_key(stage: Stage, keyring: Any) -> None:
    filed = [
        stage.file(contact=ContactDetails(f"示例{n}", f"190-0000-{n:04}")).petition
        for n in range(5)
    ]
    before = dict(Contact.objects.values_list("pk", "last4_hash"))
    keyring(k2=NEW, k1=OLD)
    status, output = _rotate("--batch", "2")
    assert status == 0
    assert "5  encrypted with key 2" in output
    assert "Key 1 seals no contact any more" in output
    keyring(k2=NEW)
    assert [_opened(petition).phone for petition in filed] == [f"1900000{n:04}" for n in range(5)]
    assert dict(Contact.objects.values_list("pk", "last4_hash")) == before
    assert Event.objects.filter(petition=filed[0]).count() == 1


def test_new_contacts_are_readable_while_old_ones_wait(stage: Stage, keyring: Any) -> None:
    old = stage.file(contact=ContactDetails("甲", "190-0000-0001")).petition
    keyring(k2=NEW, k1=OLD)
    new = stage.file(contact=ContactDetails("乙", "190-0000-0002")).petition
    assert (_opened(old).name, _opened(new).name) == ("甲", "乙")
    assert Contact.objects.get(petition=new).key_id == "2"


def test_missing_key_is_named_and_other_contacts_are_rotated(stage: Stage, keyring: Any) -> None:
    lost = stage.at(Status.ACCEPTED)
    keyring(k2=NEW)
    good = stage.file().petition
    status, output = _rotate()
    assert status == 1
    assert f"contact {lost.contact.pk} cannot be opened" in output
    assert "Key" not in output
    assert _rotate("--check")[0] == 1
    assert _opened(good).phone
    with pytest.raises(DecryptionFailed):
        _opened(lost)


def test_a_contact_that_cannot_be_opened_leaves_no_trace_of_opening(
    stage: Stage, keyring: Any, client: Any
) -> None:
    petition = stage.at(Status.ACCEPTED)
    keyring(k2=NEW)
    events = petition.events.count()
    with pytest.raises(WrongState, match="打不开"):
        contact.reveal(
            petition=petition, by=stage.cast["secretary"], now=timezone.now(), reason="约时间"
        )
    assert petition.events.count() == events
    code = tracking_codes.code_for(petition.uuid)
    assert client.post("/track/", {"code": code, "digits": "1234"}).status_code == 302
    assert client.get("/track/case/").status_code == 200


def test_a_report_begun_before_the_key_went_is_asked_for_the_contact_again(
    db: None, keyring: Any, client: Any
) -> None:
    session = client.session
    draft = drafts.Draft(place_id=1, category_id=1, text="水")
    draft.set_contact(ContactDetails("示例", "190-0000-0001"))
    drafts.save(session, draft)
    assert drafts.load(session).first_missing_page == ""
    keyring(k2=NEW)
    assert drafts.load(session).first_missing_page == "report_reach"


@pytest.mark.parametrize(
    "keys", [{}, {"k1": "short"}, {"k1": OLD, "k2": "!"}, {f"k{'1' * 21}": OLD}]
)
def test_invalid_keyring_is_reported_at_start(keyring: Any, keys: dict[str, str]) -> None:
    assert not check_keyring()
    keyring(**keys)
    assert [error.id for error in check_keyring()] == ["petitions.E001"]


def test_no_table_keeps_a_number_or_a_digest_of_one(stage: Stage) -> None:
    """No column for a blind index: nothing in the database is equal for equal numbers."""
    submissions = [
        stage.file(contact=ContactDetails("示例居民", "190-0000-4321")) for _i in range(2)
    ]
    assert plainly_kept("示例居民", "190-0000-4321") == []
    first, second = (
        set(
            Contact.objects.filter(petition=submission.petition).values_list(
                "cipher", "last4_hash"
            )[0]
        )
        for submission in submissions
    )
    assert not first & second


# --- While everything runs, killed again and again --------------------------------------------

CHILD = """
import django
django.setup()
from django.core.management import call_command
call_command("rotate_contacts", batch=4, pause=0.05)
"""


def _child() -> subprocess.Popen[bytes]:
    """Start the command in a process of its own, with both keys, on the database of this test."""
    database = connection.settings_dict
    surroundings = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
        "PRODUCTION": "no",
        "CONTACT_KEYS": f"2:{NEW},1:{OLD}",
    }
    command = [sys.executable, "-c", CHILD]
    return subprocess.Popen(
        command, cwd=paths.ROOT, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


class Residents:
    """People who file, correct, delete and are called while the keys rotate."""

    def __init__(self, stage: Stage, filed: list[Petition]) -> None:
        self.stage, self.filed = stage, filed
        self.expected: dict[int, str | None] = {}
        self.errors: list[BaseException] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._live, args=(n,)) for n in range(3)]

    def __enter__(self) -> Residents:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_about: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _live(self, number: int) -> None:
        turns = self._turns(number)
        try:
            while not self._ended.is_set():
                next(turns)
                self._ended.wait(PACE)
        except Exception as error:  # noqa: BLE001 - judged in the test's own thread
            self.errors.append(error)
        finally:
            connection.close()

    def _turns(self, number: int) -> Iterator[None]:
        mine, turn = self.filed[number::3], 0
        while True:
            petition, turn = mine[turn % len(mine)], turn + 1
            phone, by = f"19100{number}{turn:05}", self.stage.petitioner(petition)
            if turn % 7 == 0:
                contact.correct_contact(
                    petition=petition, by=by, now=timezone.now(), contact=ContactDetails()
                )
                self.expected[petition.pk] = None
            elif turn % 2:
                contact.correct_contact(
                    petition=petition,
                    by=by,
                    now=timezone.now(),
                    contact=ContactDetails("示例", phone),
                )
                self.expected[petition.pk] = phone
            elif self.expected.get(petition.pk, "kept") is not None:
                contact.reveal(
                    petition=petition,
                    by=self.stage.cast["secretary"],
                    now=timezone.now(),
                    reason="约上门时间",
                    accepts_notice=True,  # more than the daily limit
                )
            new = self.stage.file(contact=ContactDetails("示例", phone)).petition
            self.expected[new.pk] = phone
            yield


def _remaining() -> int:
    return Contact.objects.exclude(key_id="2").count()


@pytest.mark.django_db(transaction=True)
def test_rotation_killed_again_and_again_loses_nothing(keyring: Any) -> None:
    town = build_town()
    stage = Stage(town, build_cast(town))
    filed = [
        handling.accept(
            petition=stage.file(contact=ContactDetails("示例", f"19000{n:06}")).petition,
            by=stage.cast["secretary"],
            now=timezone.now(),
        )
        for n in range(CONTACTS)
    ]
    phones = {petition.pk: f"19000{n:06}" for n, petition in enumerate(filed)}
    keyring(k2=NEW, k1=OLD)
    kills = 0
    with Residents(stage, filed) as residents:
        while kills < KILLS:
            child, at = _child(), _remaining()
            while child.poll() is None and _remaining() > max(4, at - CONTACTS // (KILLS + 1)):
                time.sleep(0.01)
            assert child.poll() is None, "the rotation was through before it could be killed"
            child.send_signal(signal.SIGKILL)
            child.communicate()
            kills += 1
            assert _remaining(), "nothing was left to go on with"
        child = _child()
        output, wrong = child.communicate()
    assert child.returncode == 0, wrong.decode()
    assert residents.errors == []
    assert b"Key 1 seals no contact any more" in output
    keyring(k2=NEW)
    expected: dict[int, str | None] = phones | residents.expected
    stored: dict[int, str | None] = dict.fromkeys(expected)
    for row in Contact.objects.select_related("petition"):
        stored[row.petition_id] = contacts.decrypt(
            row.petition.uuid, bytes(row.cipher), row.key_id
        ).phone
    assert stored == expected
    print(f"\nrotation: {len(stored)} contacts, {kills} SIGKILLs, 0 unreadable, 0 lost")
