"""Holes somebody once tried: each request or act here must be refused, or do no harm."""

from __future__ import annotations

import datetime as dt
import io
import struct
from typing import Any
from urllib.parse import quote

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from PIL import Image

from members.enums import Role
from members.workflow import appoint, end_post
from petitions import permissions
from petitions.actors import actors_of
from petitions.enums import Status, Verb
from petitions.models import Event, Petition, ResidentMessage
from petitions.notices import notification_rules
from petitions.ops import scheduled_tasks
from petitions.rules import contacts, photos
from petitions.workflow import handling
from petitions.workflow.transitions import WrongState
from tests.support.api_client import Program
from tests.support.cast import Stage
from tests.support.clients import login
from tests.support.report_client import Resident, fresh

__all__ = ["fresh"]
NUL = quote("ab\0c")


@pytest.mark.parametrize(
    "path", [f"/report/places/?q={NUL}", f"/who/?q={NUL}", f"/report/?q={NUL}"]
)
def test_nul_in_a_search_finds_nothing(stage: Stage, client: Client, path: str) -> None:
    assert client.get(path, {"q": "ab\0c"}).status_code == 200


@pytest.mark.parametrize("path", ["/places/", "/places/suggest/", "/organisations/"])
def test_nul_in_a_search_of_staff_finds_nothing(stage: Stage, path: str) -> None:
    assert login(stage, "clerk").get(path, {"q": "ab\0c"}).status_code == 200


def test_nul_in_a_path_or_a_cookie_is_refused(stage: Stage, client: Client) -> None:
    assert client.get(f"/q/{NUL}/").status_code == 400
    client.cookies["sessionid"] = "abcdefgh\0ijklmnop"
    assert client.get("/track/").status_code == 400


def test_half_a_character_is_named_in_the_answer(stage: Stage) -> None:
    petition = stage.at(Status.SUBMITTED)
    answer = Program(stage.cast["clerk"]).post(f"/petitions/{petition.pk}/note/", {"\ud800": 1})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "?"


def test_text_kept_before_a_place_is_known_is_cleaned(stage: Stage, client: Client) -> None:
    resident = Resident(client, stage)
    resident.write_report(text="浑\0水")
    resident.choose_place()
    resident.choose_category()
    resident.enter_contact()
    page: Any = client.get("/report/check/")
    assert resident.submit(page).status_code == 302
    assert Petition.objects.get().text == "浑水"


def test_group_complained_about_is_given_nothing(stage: Stage) -> None:
    group, leader = stage.town.orgs["group"], stage.cast["leader"]
    petition = stage.file(about=group).petition
    secretary = stage.cast["secretary"]
    handling.accept(petition=petition, by=secretary, now=timezone.now())
    for given in ({"group": group}, {"users": [leader]}):
        with pytest.raises(WrongState, match="被反映"):
            handling.dispatch(petition=petition, by=secretary, now=timezone.now(), **given)


def test_filer_in_the_organisation_complained_about_hears_nothing(stage: Stage) -> None:
    filed = stage.file(by="clerk", about=stage.town.orgs["yingbin"]).petition
    handling.accept(petition=filed, by=stage.cast["official"], now=timezone.now())
    event = Event.objects.get(petition=filed, verb=Verb.ACCEPT)
    told = notification_rules.recipients(
        event, notification_rules.RecipientDirectory(timezone.localdate())
    )
    assert not any(one.user_ids for one in told)


def test_sealed_case_is_not_sent_back_to_nobody(stage: Stage) -> None:
    petition = stage.file().petition
    petition.is_sealed = True
    petition.organisation = stage.town.orgs["city"]
    assert permissions.may(Verb.RETURN, petition, stage.cast["city"]).code == "nobody_above"


def test_work_given_to_a_person_ends_with_the_post(stage: Stage) -> None:
    secretary, member = stage.cast["secretary"], stage.cast["member"]
    petition = stage.at(Status.ACCEPTED)
    handling.dispatch(petition=petition, by=secretary, now=timezone.now(), users=[member])
    assert Petition.objects.visible_to(member).filter(pk=petition.pk).exists()
    today = timezone.localdate()
    for post in member.posts.all():
        end_post(post=post, on=today - dt.timedelta(days=1), by=None)
    appoint(
        user=member,
        role=Role.MEMBER,
        by=None,
        valid_from=today,
        organisation=stage.town.orgs["other"],
    )
    moved = type(member).objects.get(pk=member.pk)
    assert not Petition.objects.visible_to(moved).filter(pk=petition.pk).exists()
    petition.refresh_from_db()
    assert not actors_of(moved, petition)


def test_one_contact_that_cannot_be_read_holds_up_no_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, fine = stage.at(Status.ACCEPTED), stage.at(Status.ACCEPTED)
    scheduled_tasks.drain_outbox()
    unseal = contacts.decrypt

    def sometimes(uuid: object, cipher: bytes, key_id: str) -> object:
        if uuid == stuck.uuid:
            raise KeyError("no such key")
        return unseal(uuid, cipher, key_id)  # type: ignore[arg-type]

    monkeypatch.setattr(contacts, "decrypt", sometimes)
    scheduled_tasks.text_residents()
    sent = ResidentMessage.objects.exclude(sent_at=None).values_list("petition_id", flat=True)
    assert set(sent) == {fine.pk}


def test_running_out_of_time_still_ends_a_sweep(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.file()

    def late(*_asked: object) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(notification_rules, "notifications_for", late)
    with pytest.raises(SoftTimeLimitExceeded):
        scheduled_tasks.drain_outbox()


def test_photo_sent_twice_belongs_to_a_case_once(stage: Stage, fresh: None) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "brown").save(out, "PNG")
    out.seek(0)
    stored = photos.store(out)
    petition = stage.at(Status.ACCEPTED)
    for body in ("一", "二"):
        handling.note(
            petition=petition,
            by=stage.cast["secretary"],
            now=timezone.now(),
            body=body,
            photos=[stored, stored],
        )
    assert petition.photos.count() == 1


def test_broken_tags_lose_no_photo(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_image: Image.Image) -> None:
        raise struct.error("required argument is not an integer")

    monkeypatch.setattr(Image.Image, "getexif", broken)
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "brown").save(out, "PNG")
    out.seek(0)
    assert photos.store(out).width == 40


def test_receipt_is_gone_once_the_case_is_closed_in_the_browser(
    stage: Stage, client: Client
) -> None:
    resident = Resident(client, stage)
    resident.submit(resident.open_check_page())
    assert client.get("/report/receipt/").status_code == 200
    client.post("/track/leave/")
    assert client.get("/report/receipt/").status_code == 302


def test_nobody_gives_a_post_to_oneself(stage: Stage) -> None:
    with pytest.raises(ValidationError, match="自己"):
        appoint(
            user=stage.cast["clerk"],
            role=Role.MEMBER,
            by=stage.cast["clerk"],
            valid_from=timezone.localdate(),
            organisation=stage.town.orgs["branch"],
        )
