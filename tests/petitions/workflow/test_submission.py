"""Filing: one function behind desk, page and API; nothing half done, nothing twice."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from members.enums import Role
from petitions.actors import Petitioner, actors_of
from petitions.enums import Actor, CaseLevel, Channel, DeadlineKind, Status, Verb
from petitions.models import Category, Contact, Deadline, MeToo, Outbox, Petition
from petitions.rules import routing, tracking_codes
from petitions.rules.contacts import ContactDetails, DecryptionFailed, decrypt
from petitions.workflow import resolution, submission
from petitions.workflow.idempotency import IdempotencyRequest, InProgress, KeyReused
from petitions.workflow.submission import Submitted, similar_cases
from petitions.workflow.transitions import NotPermitted, WrongState
from tests.support.cast import Stage, build_cast, build_town
from tests.support.returned_cases import give_post


def test_everything_is_there_at_once(stage: Stage) -> None:
    now = timezone.now()
    filed = stage.file(now=now)
    petition = Petition.objects.get(pk=filed.petition.pk)
    assert petition.organisation == stage.town.orgs["branch"]
    assert petition.group == stage.town.orgs["group"]
    assert (petition.level, petition.urgency) == (CaseLevel.GRID, "urgent")
    assert "第三网格党支部" in petition.route_text
    assert petition.events.get().data["route"] == petition.route
    assert petition.due_at == now + dt.timedelta(hours=2)
    assert petition.subdistrict == stage.town.areas["fuxin"]
    assert petition.community == stage.town.areas["yingbin"]
    assert petition.grid == stage.town.areas["g7"]
    kinds = set(Deadline.objects.filter(petition=petition).values_list("kind", flat=True))
    assert kinds == {DeadlineKind.CONTACT, DeadlineKind.RESOLUTION}
    assert Outbox.objects.get().event.verb == Verb.FILE
    assert petition.notice_version == "2026-01"


@pytest.mark.parametrize(
    ("by", "actor"),
    [(None, Actor.PETITIONER), ("clerk", Actor.COORDINATOR), ("partner", Actor.PARTNER)],
)
def test_the_event_says_as_what_somebody_filed(stage: Stage, by: str | None, actor: Actor) -> None:
    assert stage.file(by=by).petition.events.get().actor == actor


def test_a_place_that_was_looked_up_is_not_looked_up_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = routing.load_place(stage.town.building, timezone.localdate())
    monkeypatch.delattr(submission.routing, "load_place")
    assert stage.file(chain=chain).petition.organisation == stage.town.orgs["branch"]


def test_what_was_written_is_what_was_made(stage: Stage) -> None:
    """Column by column, quotes and per cent included; the search text alone is worked out there."""
    made = stage.file(text="100% '浑浊'; -- \\ %s", since="昨天%", by="clerk").petition
    found = Petition.objects.get(pk=made.pk)
    for column in Petition._meta.local_concrete_fields:
        if column.name != "search":
            assert getattr(found, column.attname) == getattr(made, column.attname), column.name


def test_code_finds_the_case_and_is_not_in_the_database(stage: Stage) -> None:
    filed = stage.file()
    assert len(filed.code) == 12
    assert (
        Petition.objects.get(tracking_hash=tracking_codes.code_hash(filed.code)) == filed.petition
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT p::text FROM petitions_petition p")
        assert filed.code not in cursor.fetchone()[0]


def test_contact_is_sealed_and_bound_to_its_case(stage: Stage) -> None:
    filed = stage.file(contact=ContactDetails("示例居民", "190-0000-1234"))
    contact = Contact.objects.get(petition=filed.petition)
    assert b"1234" not in bytes(contact.cipher)
    opened = decrypt(filed.petition.uuid, bytes(contact.cipher), contact.key_id)
    assert (opened.name, opened.phone) == ("示例居民", "19000001234")
    with pytest.raises(DecryptionFailed):
        decrypt(uuid.uuid4(), bytes(contact.cipher), contact.key_id)


def test_anonymous_report_stores_no_contact(stage: Stage) -> None:
    stage.file(contact=ContactDetails())
    assert not Contact.objects.exists()


def test_urgency_can_be_chosen_against_the_category(stage: Stage) -> None:
    assert stage.file(urgency="complex").petition.urgency == "complex"


def test_accusation_is_sealed_from_everybody_but_the_city(stage: Stage) -> None:
    petition = stage.file(category=Category.objects.get(code="GV04")).petition
    assert petition.is_sealed
    seeing = {n for n, u in stage.cast.items() if Petition.objects.visible_to(u).exists()}
    assert seeing == {"city"}


def test_staff_file_in_their_own_area_only(stage: Stage) -> None:
    petition = stage.file(by="clerk", channel=Channel.DESK).petition
    assert petition.filed_by == stage.cast["clerk"]
    with pytest.raises(NotPermitted):
        stage.file(by="sibling", channel=Channel.DESK)


def test_one_post_that_covers_the_place_is_enough(stage: Stage) -> None:
    give_post(stage, "clerk", Role.MEMBER, "group")
    assert stage.file(by="clerk").petition.filed_by == stage.cast["clerk"]


@pytest.mark.parametrize("name", ["member", "department", "auditor", "sysadmin", "secadmin"])
def test_posts_without_an_area_do_not_file(stage: Stage, name: str) -> None:
    with pytest.raises(NotPermitted):
        stage.file(by=name)


def _key(body: str = "a") -> IdempotencyRequest:
    return IdempotencyRequest(client="web", key="k1", request_hash=body)


def _file(stage: Stage, key: IdempotencyRequest) -> Submitted:
    return submission.submit(report=stage.report(), by=Petitioner(0), now=timezone.now(), key=key)


def test_same_key_and_body_is_the_same_case(stage: Stage) -> None:
    first, second = _file(stage, _key()), _file(stage, _key())
    assert (second.petition, second.code, second.is_repeat) == (first.petition, first.code, True)
    assert Petition.objects.count() == 1


def test_same_key_with_another_body_is_refused(stage: Stage) -> None:
    _file(stage, _key())
    with pytest.raises(KeyReused):
        _file(stage, _key("b"))


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_with_one_key_make_one_case() -> None:
    town = build_town()
    stage = Stage(town, build_cast(town))
    outcomes: list[str] = []

    def send() -> None:
        try:
            outcomes.append("repeat" if _file(stage, _key()).is_repeat else "made")
        except InProgress:
            outcomes.append("busy")
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Petition.objects.count() == 1
    assert outcomes.count("made") == 1


def test_me_too_joins_once_per_browser_and_has_its_own_code(stage: Stage) -> None:
    petition = stage.file().petition
    key = uuid.uuid4()
    code = submission.me_too(petition=petition, key=key, now=timezone.now())
    assert submission.me_too(petition=petition, key=key, now=timezone.now()) == code
    assert MeToo.objects.get().tracking_hash == tracking_codes.code_hash(code)


def test_me_too_is_closed_for_ended_sealed_and_conflicted_cases(stage: Stage) -> None:
    closed = stage.at(Status.CLOSED)
    sealed = stage.file(category=Category.objects.get(code="GV04")).petition
    about = stage.file(about=stage.town.orgs["branch"]).petition
    for petition in (closed, sealed, about):
        with pytest.raises(WrongState):
            submission.me_too(petition=petition, key=uuid.uuid4(), now=timezone.now())


def test_duplicates_are_those_of_the_place_that_may_be_seen(stage: Stage) -> None:
    now = timezone.now()
    same = stage.file().petition
    stage.file(place=stage.town.areas["b47"])
    stage.file(about=stage.town.orgs["branch"])
    old = now - dt.timedelta(days=60)
    stage.at(Status.CLOSED, now=old)
    place, water = stage.town.building, Category.objects.get(code="WS01")
    clerk, outsider = stage.cast["clerk"], stage.cast["outsider"]
    assert [*similar_cases(viewer=None, place=place, category=water, now=now)] == [same]
    assert [*similar_cases(viewer=clerk, place=place, category=None, now=now)] == [same]
    assert not similar_cases(viewer=outsider, place=place, category=None, now=now)


def test_resident_is_a_petitioner_of_the_own_case_only(stage: Stage) -> None:
    mine, other = stage.file().petition, stage.file().petition
    assert actors_of(stage.petitioner(mine), other) == frozenset()
    with pytest.raises(NotPermitted):
        resolution.withdraw(petition=other, by=stage.petitioner(mine), now=timezone.now())


def test_matters_of_a_household_are_not_shown_to_neighbours(stage: Stage) -> None:
    """In a small building the category alone would say whose report it is."""
    private = Category.objects.get(code="WS05")
    Category.objects.filter(pk=private.pk).update(is_listed=False)
    stage.file(category=private)
    place, now = stage.town.building, timezone.now()
    assert not similar_cases(viewer=None, place=place, category=None, now=now)
    assert len(similar_cases(viewer=stage.cast["clerk"], place=place, category=None, now=now)) == 1
