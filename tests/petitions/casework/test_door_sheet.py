from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from petitions.enums import DoorResult, Status, Verb
from petitions.models import Petition
from petitions.workflow import handling
from tests.support.cast import Stage
from tests.support.clients import BUDGET, counted, login
from tests.support.pictures import jpeg


@pytest.fixture(autouse=True)
def _demo(settings: Any, tmp_path: Any) -> None:
    settings.DEMO = True
    settings.MEDIA_ROOT = tmp_path


def url(petition: Petition, name: str = "visit") -> str:
    return reverse(f"petitions:{name}", args=[petition.pk])


def test_results_are_stored(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    data = {"d-1-6-1": "affected", "d-1-6-2": "no_answer", "d-4-1-2": "call_back", "remark": "水黄"}
    answer = login(stage, "secretary").post(url(petition), data | {"photos": [jpeg()]})
    assert answer.status_code == 302
    petition.refresh_from_db()
    assert petition.status == Status.IN_PROGRESS
    doors = {(row.entrance, row.floor, row.door): row.result for row in petition.doors.all()}
    assert doors == {(1, 6, 1): "affected", (1, 6, 2): "no_answer", (4, 1, 2): "call_back"}
    assert petition.notes.get().body == "水黄"
    assert not petition.photos.get().is_public


def test_get_changes_nothing(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    found = login(stage, "secretary").get(url(petition))
    assert found.status_code == 200
    assert found.content.decode().count('<select id="d-') == 4 * 6 * 2
    assert Petition.objects.get(pk=petition.pk).version == petition.version


def test_case_out_of_scope_is_not_found(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    client = login(stage, "outsider")
    assert client.get(url(petition)).status_code == 404
    assert client.post(url(petition), {"d-1-1-1": "affected"}).status_code == 404
    assert client.get(url(petition, "doors_print")).status_code == 404


@pytest.mark.parametrize("name", ["leader", "clerk"])
def test_wrong_person_is_forbidden(stage: Stage, name: str) -> None:
    petition = stage.at(Status.ACCEPTED)
    client = login(stage, name)
    assert client.post(url(petition), {"d-1-1-1": "affected"}).status_code == 403
    assert client.get(url(petition)).status_code == 403
    assert client.get(url(petition, "doors_print")).status_code == 403


def test_the_assigned_group_records_visits(stage: Stage) -> None:
    petition = stage.at(Status.ASSIGNED)
    answer = login(stage, "leader").post(url(petition), {"d-1-1-1": "affected"})
    assert answer.status_code == 302


def test_wrong_status_is_a_conflict(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    client = login(stage, "secretary")
    assert client.post(url(petition), {"d-1-1-1": "affected"}).status_code == 409
    assert client.get(url(petition)).status_code == 409
    assert not petition.doors.exists()


def test_the_event_has_only_counts(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    login(stage, "secretary").post(url(petition), {"d-1-6-1": "affected", "d-1-6-2": "affected"})
    event = petition.events.latest("version")
    assert event.verb == Verb.VISIT
    assert event.data == {"building": stage.town.building.pk, "counts": {"affected": 2}}


def test_only_changed_doors_are_recorded(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    client = login(stage, "secretary")
    client.post(url(petition), {"d-1-6-1": "affected"})
    drawn = client.get(url(petition)).context["form"].initial["before"]
    handling.visit(
        petition=petition,
        by=stage.cast["secretary"],
        now=timezone.now(),
        building=stage.town.building,
        results={(1, 6, 1): DoorResult.NOT_AFFECTED},
    )
    client.post(url(petition), {"before": drawn, "d-1-6-1": "affected", "d-1-6-2": "no_answer"})
    doors = {row.door: row.result for row in petition.doors.all()}
    assert doors == {1: "not_affected", 2: "no_answer"}
    assert petition.events.latest("version").data["counts"] == {"no_answer": 1}


def test_an_empty_sheet_is_refused(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    answer = login(stage, "secretary").post(url(petition), {"d-1-1-1": ""})
    assert answer.status_code == 400
    assert "还没有填任何一户" in answer.content.decode()


@pytest.mark.parametrize("value", ["dangerous", "'; DROP"])
def test_an_unknown_result_is_refused_and_other_input_is_kept(stage: Stage, value: str) -> None:
    petition = stage.at(Status.ACCEPTED)
    data = {"d-1-1-1": value, "d-1-1-2": "affected", "remark": "水黄"}
    answer = login(stage, "secretary").post(url(petition), data)
    assert answer.status_code == 400
    assert "水黄</textarea>" in answer.content.decode()
    assert not petition.doors.exists()


def test_a_door_that_does_not_exist_is_ignored(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    data = {"d-9-9-9": "affected", "d-1-1-1": "affected"}
    login(stage, "secretary").post(url(petition), data)
    assert petition.doors.count() == 1


def test_in_a_larger_place_the_building_is_chosen(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED, place=stage.town.areas["fxhy"])
    client = login(stage, "secretary")
    found = client.get(url(petition)).content.decode()
    assert "46号楼" in found
    assert "47号楼" in found
    assert "<select" not in found
    chosen = f"?building={stage.town.areas['b47'].pk}"
    assert client.get(url(petition) + chosen).context["building"] == stage.town.areas["b47"]
    assert client.post(url(petition) + chosen, {"d-1-1-1": "affected"}).status_code == 302
    assert petition.doors.get().area == stage.town.areas["b47"]


def test_a_building_outside_the_place_is_not_offered(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED, place=stage.town.areas["fxhy"])
    foreign = f"?building={stage.town.areas['b1'].pk}"
    answer = login(stage, "secretary").post(url(petition) + foreign, {"d-1-1-1": "affected"})
    assert answer.context["building"] is None
    assert not petition.doors.exists()


def test_a_large_building_is_shown_one_entrance_at_a_time(stage: Stage) -> None:
    building = stage.town.building
    building.floors, building.doors_per_floor = 30, 4
    building.save()
    petition = stage.at(Status.ACCEPTED)
    found = login(stage, "secretary").get(url(petition) + "?entrance=3")
    assert found.context["entrances"] == [3]
    assert found.content.decode().count('<select id="d-3-') == 120


def test_the_print_view_has_empty_boxes_and_no_names(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    client = login(stage, "secretary")
    client.post(url(petition), {"d-1-6-1": "affected"})
    found = client.get(url(petition, "doors_print")).content.decode()
    assert found.count("sheet__box") == 4 * 6 * 2
    assert "affected" not in found
    assert "示例" not in found


def test_number_of_queries_is_bounded(stage: Stage) -> None:
    petition = stage.at(Status.ACCEPTED)
    client = login(stage, "secretary")
    with counted() as asked:
        client.get(url(petition))
    assert len(asked) <= BUDGET, "\n".join(sql[:90] for sql in asked)
    with counted() as asked:
        client.post(url(petition), {"d-1-6-1": "affected"})
    assert len(asked) <= BUDGET, "\n".join(sql[:90] for sql in asked)
