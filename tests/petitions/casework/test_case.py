import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from members.models import User
from members.workflow import create_person
from petitions import permissions
from petitions.casework import timeline
from petitions.enums import DoorResult, Outcome, Status, Urgency, Verb
from petitions.models import Event, MeToo, Note, Petition
from petitions.rules.contacts import ContactDetails
from petitions.workflow import escalation, handling, resolution, submission
from tests.support.cast import PHONE, Stage
from tests.support.clients import counted, login
from tests.support.tracking_client import open_case

HANDLING = ["clerk", "secretary", "leader", "community", "official", "city"]


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True


def page(stage: Stage, name: str, petition: Petition, query: str = "") -> str:
    answer = login(stage, name).get(petition.get_absolute_url() + query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", HANDLING)
@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_PROGRESS, Status.CLOSED])
def test_the_case_page_is_shown_to_those_in_scope(stage: Stage, name: str, status: Status) -> None:
    petition = stage.at(status)
    found = page(stage, name, petition)
    assert petition.number in found
    assert petition.text in found
    assert petition.route_text in found


def test_the_urgency_stands_in_words(stage: Stage) -> None:
    petition = stage.at(Status.SUBMITTED, urgency=Urgency.URGENT)
    assert str(Urgency.URGENT.label) in page(stage, "secretary", petition)


@pytest.mark.parametrize("name", ["outsider", "sibling", "department", "member"])
def test_a_case_out_of_scope_is_answered_like_a_missing_one(stage: Stage, name: str) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    client = login(stage, name)
    known = client.get(petition.get_absolute_url())
    unknown = client.get("/petitions/999999/")
    assert (known.status_code, unknown.status_code) == (404, 404)
    each_time_new = rb'<code>.*?</code>|"X-CSRFToken": ".*?"'
    kept = [re.sub(each_time_new, b"", one.content) for one in (known, unknown)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("name", ["auditor", "sysadmin", "secadmin"])
def test_administrators_are_forbidden(stage: Stage, name: str) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    assert login(stage, name).get(petition.get_absolute_url()).status_code == 403


def test_a_user_without_a_post_is_forbidden(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    user = create_person(username="nobody", name="示例无职务", by=None)
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    assert client.get(petition.get_absolute_url()).status_code == 403


def test_an_anonymous_visitor_is_sent_to_the_login(stage: Stage) -> None:
    petition = stage.at(Status.SUBMITTED)
    answer = Client().get(petition.get_absolute_url())
    assert answer.status_code == 302
    assert f"next={petition.get_absolute_url()}" in answer["Location"]


def test_no_page_shows_the_contact(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    client = login(stage, "secretary")
    for address in ("", "print/", "doors/print/", "reveal/"):
        found = client.get(petition.get_absolute_url() + address).content.decode()
        assert PHONE not in found
        assert "示例居民" not in found


def test_a_confidential_contact_is_marked(stage: Stage) -> None:
    reach = ContactDetails(name="示例居民", phone=PHONE, is_confidential=True)
    petition = stage.at(Status.IN_PROGRESS, contact=reach)
    assert "请由迎宾路社区党委转达" in page(stage, "secretary", petition)
    assert 'name="reason"' in page(stage, "clerk", petition)


def test_the_primary_action_comes_first_and_closed_ones_have_a_reason(stage: Stage) -> None:
    found = page(stage, "secretary", stage.at(Status.SUBMITTED))
    assert re.search(r'action="[^"]+/accept/"', found)
    assert found.index("/accept/") < found.index("/return/")
    assert "当前状态是“待受理”" in found


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_PROGRESS, Status.RESOLVED])
@pytest.mark.parametrize("name", HANDLING)
def test_the_buttons_are_the_allowed_verbs(stage: Stage, name: str, status: Status) -> None:
    petition = stage.at(status)
    user = stage.cast[name]
    found = page(stage, name, petition)
    shown = set(re.findall(rf'="/petitions/{petition.pk}/(\w+)/"', found))
    wanted = {
        "doors" if verb == Verb.VISIT else str(verb)
        for verb in permissions.allowed_verbs(petition, user)
    }
    assert shown - {"print"} == wanted


def test_internal_notes_are_marked(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    handling.note(petition=petition, by=stage.cast["clerk"], now=timezone.now(), body="内部说明")
    found = page(stage, "secretary", petition)
    part = found[found.index("timeline__item--internal") : found.index("内部说明")]
    assert "#lock" in part
    assert "内部" in part


def test_each_answer_keeps_the_cause_of_its_own_round(stage: Stage, client: Client) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    for cause in ("老旧铁管", "水箱没洗"):
        resolution.resolve(
            petition=petition,
            by=stage.cast["secretary"],
            now=timezone.now(),
            outcome=Outcome.RESOLVED,
            cause=cause,
            public_answer="已修好",
        )
        if cause == "老旧铁管":
            by = stage.petitioner(petition)
            resolution.dispute(petition=petition, by=by, now=timezone.now(), reason="还是浑")
    entries = timeline.staff_timeline(timeline.load_history(petition), timezone.now())
    said = [entry.text for entry in entries if entry.verb == Verb.RESOLVE]
    assert said == ["原因：老旧铁管\n已修好", "原因：水箱没洗\n已修好"]
    read = open_case(client, petition)
    assert "原因：老旧铁管" in read.split('id="steps"')[1]  # the earlier round, among the steps
    assert "原因：水箱没洗" in read.split('id="steps"')[0]  # the answer in force, on top
    words = Note.objects.filter(event__verb=Verb.RESOLVE)
    assert not [one for one in Event.objects.all() if "老旧铁管" in str(one.data)]
    assert {one.cause for one in words} == {"老旧铁管", "水箱没洗"}


def test_the_timeline_can_be_reversed(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    oldest, newest = (f'id="event-{one.pk}"' for one in petition.events.order_by("version")[:2])
    found = page(stage, "secretary", petition)
    assert found.index(oldest) < found.index(newest)
    found = page(stage, "secretary", petition, "?order=newest")
    assert found.index(newest) < found.index(oldest)


@pytest.mark.parametrize(
    ("name", "is_shown"),
    [("clerk", True), ("official", True), ("secretary", False), ("leader", False)],
)
def test_handlers_do_not_see_the_rating(stage: Stage, name: str, is_shown: bool) -> None:
    petition = stage.at(Status.RESOLVED)
    resolution.confirm(
        petition=petition, by=stage.petitioner(petition), now=timezone.now(), rating=2
    )
    assert ("评分 2/5" in page(stage, name, petition)) is is_shown


def test_escalations_say_who_still_owes_an_answer(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    now = timezone.now()
    escalation.escalate(petition=petition, by=stage.cast["secretary"], now=now, reason="缺资金")
    assert "还没有答复" in page(stage, "secretary", petition)
    escalation.answer(
        petition=petition, by=stage.cast["community"], now=now, kind="resources", text="已给"
    )
    found = page(stage, "secretary", petition)
    assert "还没有答复" not in found
    assert "给予资源支持" in found


def test_me_toos_and_similar_cases_are_listed(stage: Stage) -> None:
    first, second = stage.at(Status.IN_PROGRESS), stage.at(Status.SUBMITTED)
    submission.me_too(petition=first, key=second.uuid, now=timezone.now())
    assert MeToo.objects.count() == 1
    found = page(stage, "secretary", first)
    assert second.number in found
    assert "另有 1 户" in found


def test_a_closed_case_keeps_only_counts_of_doors(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    now = timezone.now()
    handling.visit(
        petition=petition,
        by=stage.cast["secretary"],
        now=now,
        building=stage.town.building,
        results={(1, 1, 1): DoorResult.AFFECTED, (1, 1, 2): DoorResult.NO_ANSWER},
    )
    assert "入户 2 户" in page(stage, "secretary", petition)
    petition.refresh_from_db()
    resolution.withdraw(petition=petition, by=stage.petitioner(petition), now=now)
    assert not petition.doors.exists()
    found = page(stage, "secretary", petition)
    assert "入户 2 户" in found
    assert "结案后只保留户数" in found


def test_time_is_counted_for_the_organisation_that_held_the_case(stage: Stage) -> None:
    now = timezone.now()
    petition = stage.file(now=now - dt.timedelta(hours=5)).petition
    secretary = stage.cast["secretary"]
    handling.accept(petition=petition, by=secretary, now=now - dt.timedelta(hours=3))
    group = stage.town.orgs["group"]
    handling.dispatch(petition=petition, by=secretary, now=now - dt.timedelta(hours=2), group=group)
    petition.refresh_from_db()
    found = timeline.holding_times(timeline.load_history(petition), now, None)
    assert [(hand.label, hand.minutes, hand.share, hand.current) for hand in found] == [
        (stage.town.orgs["branch"].short_name, 180, 60, False),
        (group.short_name, 120, 40, True),
    ]


def test_the_heading_says_that_working_time_counts(stage: Stage) -> None:
    normal = page(stage, "secretary", stage.at(Status.IN_PROGRESS, urgency="normal"))
    assert "在每家手里的时间（工作时间）" in normal
    urgent = page(stage, "secretary", stage.at(Status.IN_PROGRESS, urgency="urgent"))
    assert "在每家手里的时间<" in urgent


def test_no_organisation_holds_a_case_that_waits_for_the_resident(stage: Stage) -> None:
    now = timezone.now()
    petition = stage.at(Status.RESOLVED, now=now - dt.timedelta(hours=1))
    found = timeline.holding_times(timeline.load_history(petition), now, None)
    assert [(hand.label, hand.minutes) for hand in found][-1] == ("等居民确认", 60)
    assert "等居民确认" in page(stage, "secretary", petition)


def test_the_print_view_has_number_and_qr_code_but_no_contact(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    found = login(stage, "secretary").get(petition.get_absolute_url() + "print/").content.decode()
    assert petition.number in found
    assert "data:image/svg+xml" in found
    assert "有，打印时隐去" in found


@pytest.mark.parametrize("others", [2, 30])
def test_the_number_of_queries_does_not_grow_with_the_events(stage: Stage, others: int) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    now, secretary = timezone.now(), stage.cast["secretary"]
    for _other in range(others):
        stage.file()
        handling.note(petition=petition, by=secretary, now=now, body="又去看了一次")
    escalation.escalate(petition=petition, by=secretary, now=now, reason="缺资金")
    escalation.answer(
        petition=petition,
        by=stage.cast["community"],
        now=now,
        kind="department",
        text="请办理",
        department=stage.town.orgs["water"],
    )
    escalation.escalate(petition=petition, by=secretary, now=now, reason="还没来")
    client = login(stage, "official")
    client.get(petition.get_absolute_url())  # fills the caches of the process
    with counted() as asked:
        assert client.get(petition.get_absolute_url()).status_code == 200
    assert len(asked) <= 10, "\n".join(sql[:90] for sql in asked)


def test_htmx_gets_the_form_without_the_page(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    client = login(stage, "secretary")
    whole = client.get(petition.get_absolute_url() + "note/")
    part = client.get(petition.get_absolute_url() + "note/", headers={"HX-Request": "true"})
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part["Vary"]


def test_the_promise_is_quoted_and_the_line_speaks_to_staff(stage: Stage) -> None:
    petition = stage.at(Status.RESOLVED)
    quoted = re.compile("居民看到的是：“请在[^”]*前确认是否解决；逾期未回复将自动结案。”")
    for name, own in (("secretary", "等居民在"), ("clerk", "可以打电话回访")):
        found = page(stage, name, petition)
        assert quoted.search(found)
        assert own in found
        unquoted = quoted.sub("", found)
        assert "前确认是否解决" not in unquoted
    printed = login(stage, "secretary").get(f"{petition.get_absolute_url()}print/")
    body = printed.content.decode()
    assert quoted.search(body)
    assert "前确认是否解决" not in quoted.sub("", body)


def test_each_deadline_says_whose_it_is_and_its_unit(stage: Stage) -> None:
    petition = stage.at(Status.IN_PROGRESS)
    now = timezone.now()
    escalation.escalate(petition=petition, by=stage.cast["secretary"], now=now, reason="资金")
    found = page(stage, "secretary", petition)
    assert "答复升级 · 迎宾路社区党委" in found
    assert "办结 · 第三网格党支部" in found
    assert found.count("（全天计时）") >= 2


def test_after_a_return_the_case_is_with_who_decides(stage: Stage) -> None:
    found = page(stage, "secretary", stage.at(Status.RETURNED))
    held = found[found.index("现在在谁手里") :]
    assert "迎宾路社区党委" in held[:200]
