"""A resident's draft is neither shown to nor changed by staff who log in at the same browser."""

from __future__ import annotations

import re
from typing import Any

import pytest

from petitions.enums import Status
from petitions.intake import drafts
from petitions.models import MeToo
from tests.support.report_client import PHONE, TEXT, Resident, fresh, photo_file, resident

__all__ = ["fresh", "resident"]  # fixtures

READ = ("/report/", "/report/what/", "/report/tell/", "/report/reach/", "/report/check/")
SENT: dict[str, dict[str, Any]] = {
    "/report/": {"q": "46号楼"},
    "/report/what/": {"typed": "路灯"},
    "/report/tell/": {"text": "没事了"},
    "/report/reach/": {"anonymous": "1"},
    "/report/check/": {},
    "/q/qrcodeb46/": {},
}


@pytest.fixture
def written(resident: Resident) -> Resident:
    """A draft with a photo and contact details, in a browser in which staff log in."""
    resident.choose_place()
    resident.choose_category()
    resident.write_report(photos=[photo_file()])
    resident.enter_contact(phone=PHONE, name="示例居民")
    resident.client.force_login(resident.stage.cast["secretary"])
    return resident


def _is_refused(answer: Any) -> bool:
    return answer.status_code == 403 and "自己反映请先退出登录" in answer.content.decode()


def test_staff_do_not_read_the_draft(written: Resident) -> None:
    photo = drafts.load(written.client.session).photos[0]
    for path in (*READ, f"/report/photos/{drafts.photo_token(photo)}/"):
        answer = written.client.get(path)
        assert _is_refused(answer), path
        for secret in (TEXT, PHONE, "示例居民"):
            assert secret not in answer.content.decode()


@pytest.mark.parametrize("path", SENT)
def test_staff_do_not_change_the_draft(written: Resident, path: str) -> None:
    before = written.client.session[drafts.SESSION_KEY]
    answer = written.client.post(path, SENT[path])
    assert _is_refused(answer)
    assert written.client.session[drafts.SESSION_KEY] == before


def test_what_was_being_written_is_shown_for_copying(written: Resident) -> None:
    answer = written.client.post("/report/tell/", {"text": "写了很多字"})
    assert re.search(r"<textarea[^>]*readonly>写了很多字</textarea>", answer.content.decode())


def test_staff_do_not_join_as_a_neighbour(written: Resident) -> None:
    petition = written.stage.at(Status.ACCEPTED)
    for path in (f"/q/qrcodeb46/me-too/{petition.pk}/", f"/report/me-too/{petition.pk}/"):
        assert _is_refused(written.client.post(path))
    assert not MeToo.objects.exists()
