"""Flows of marked cases: filed in three ways, handled, and tracked by the resident."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass, field

from tests.privacy import hostile
from tests.privacy.canaries import MarkedCase
from tests.privacy.hostile import KEPT, Sent
from tests.privacy.scale import IS_FULL
from tests.privacy.visitor import MULTIPART, Answer, Visitor, form
from tests.support.stack import Stack

PLACE, WHAT = "阜兴花苑46号楼", "水质浑浊/异味"
HIDDEN = re.compile(r'name="(key|seen|notice)" value="([^"]*)"')
COPIED = re.compile(r'data-copy="([0-9A-Z]{12})"')
STAFF = ("staff", "secretary", "leader", "member", "community", "official")
OTHERS = ("outsider", "department", "city", "auditor", "sysadmin", "secadmin")
FEW = ("staff", "secretary", "community", "official", "outsider", "auditor")


def photo(case: MarkedCase) -> Sent:
    """Return a photo with canaries in every kind of metadata."""
    raw = hostile.saved(
        hostile.picture((320, 240)),
        "JPEG",
        exif=hostile.exif().replace(hostile.MARK, case.picture + b"ABCD"),
        comment=case.picture,
        xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + case.picture + b"</x:xmpmeta>",
        icc_profile=case.picture * 20,
    )
    return Sent(raw + case.picture, KEPT, name=case.picture + b".jpg")


@dataclass
class Town:
    """The users of the running stack, and their responses."""

    stack: Stack
    token: str
    people: dict[str, Visitor] = field(default_factory=dict)
    residents: list[Visitor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.place = self.stack.value("SELECT id FROM grids_area WHERE full_name = %s", PLACE)
        self.category = self.stack.value("SELECT id FROM petitions_category WHERE code = 'WS01'")
        self.people["partner"] = Visitor(self.stack, bearer=self.token, seen=[])
        for name in STAFF + OTHERS if IS_FULL else FEW:
            self.people[name] = Visitor(self.stack, seen=[]).log_in(name)

    def resident(self) -> Visitor:
        """Return a visitor with a new session."""
        visitor = Visitor(self.stack, seen=[])
        self.residents.append(visitor)
        return visitor

    def version(self, case: MarkedCase) -> int:
        """Return the current version of a case."""
        query = "SELECT version FROM petitions_petition WHERE id = %s"
        return int(self.stack.value(query, case.case))

    def branch(self) -> int:
        """Return the branch responsible for the place."""
        query = """SELECT post.organisation_id FROM members_post post
            JOIN members_user u ON u.id = post.user_id WHERE u.username = 'secretary'"""
        return int(self.stack.value(query))

    # --- Filing --------------------------------------------------------------------------------

    def file(self, case: MarkedCase) -> None:
        """File by page, desk or API in turn; read number and code."""
        upload = (self._by_page, self._by_desk, self._by_program)[case.number % 3]
        case.code = upload(case)
        query = "SELECT id FROM petitions_petition WHERE text LIKE %s"
        case.case = int(self.stack.value(query, f"%{case.words}%"))

    def _by_page(self, case: MarkedCase) -> str:
        who = self.resident()
        who.get("/report/")
        who.post("/report/", {"place": self.place})
        who.post("/report/what/", {"category": self.category})
        who.get("/report/tell/")
        about = self.branch() if case.is_about_branch else ""
        words = [("text", case.words), ("since", case.words), ("about", about)]
        done(who.post("/report/tell/", form(words, [("photos", photo(case))]), MULTIPART), 302)
        done(who.post("/report/reach/", {"name": case.name, "phone": "12"}), 200)  # comes back
        fields = {"name": case.name, "phone": case.phone}
        fields |= {"is_confidential": "on"} if case.is_confidential else {}
        done(who.post("/report/reach/", fields), 302)
        who.get("/report/reach/")
        page = who.get("/report/check/").text
        done(who.post("/report/check/", dict(HIDDEN.findall(page))), 302)
        return COPIED.findall(who.get("/report/receipt/").text)[-1]

    def _by_desk(self, case: MarkedCase) -> str:
        who = self.people["staff"]
        who.get("/petitions/new/")
        fields: list[tuple[str, object]] = [
            *(("key", uuid.uuid4()), ("where", PLACE), ("place", self.place), ("what", WHAT)),
            *(("category", self.category), ("text", case.words), ("since", case.words)),
            *(("name", case.name), ("phone", case.phone), ("channel", "desk")),
        ]
        files = [("photos", photo(case))]
        done(who.post("/petitions/new/", form([*fields, ("look", "1")], files), MULTIPART), 200)
        answer = done(who.post("/petitions/new/", form(fields, files), MULTIPART), 302)
        return COPIED.findall(who.get(answer.where).text)[-1]

    def _by_program(self, case: MarkedCase) -> str:
        who, key = self.people["partner"], {"Idempotency-Key": str(uuid.uuid4())}
        contact = {"name": case.name, "phone": case.phone, "confidential": case.is_confidential}
        report = {"place": self.place, "category": "WS01", "text": case.words, "contact": contact}
        report |= {"about": self.branch()} if case.is_about_branch else {}
        body = form([("report", json.dumps(report))], [("photos", photo(case))])
        path = "/api/v1/petitions/"
        bad = form([("report", json.dumps(report | {"place": 0}))], [("photos", photo(case))])

        def send(what: bytes, status: int) -> Answer:
            while (answer := who.post(path, what, MULTIPART, key)).status == 429:
                time.sleep(int(answer.headers["retry-after"]))  # as programs do
            return done(answer, status)

        send(bad, 400)
        answer = send(body, 201)
        send(body, 201)
        return str(json.loads(answer.text)["tracking_code"])

    # --- Handling -----------------------------------------------------------------------------

    def handle(self, case: MarkedCase) -> None:
        """Accept, add notes, reveal the contact, escalate, resolve; by page and by API in turn."""
        head = "community" if case.is_about_branch else "secretary"
        self.act(head, case, "accept")
        self.act(head, case, "note", body=case.inside)
        self.act(head, case, "note", body=case.words, is_public=True)
        self.reveal(head, case)
        if case.number % 4 == 0:
            self.act(head, case, "escalate", reason=case.inside)
        self.act(head, case, "start")
        fields = {"outcome": "resolved", "cause": "老旧铁管", "public_answer": "已更换铁管。"}
        self.act(head, case, "resolve", **fields)

    def act(self, name: str, case: MarkedCase, verb: str, **fields: object) -> Answer:
        """Perform a verb on the current version of a case."""
        who, version = self.people[name], self.version(case)
        if case.number % 2:
            path = f"/api/v1/petitions/{case.case}/{verb}/"
            answer = who.send_json(path, fields, {"If-Match": f'"v{version}"'})
            return done(answer, 200, verb)
        path, sent = f"/petitions/{case.case}/{verb}/", {"version": version, "step": "send"}
        return done(who.post(path, sent | fields), 302, verb)

    def reveal(self, head: str, case: MarkedCase) -> None:
        """Reveal the contact details; confidential ones only by the desk above the handler."""
        path, fields = f"/petitions/{case.case}/reveal/", {"reason": "约上门时间"}
        keeper = {"secretary": "community", "community": "official"}[head]
        for name in (head, keeper) if case.is_confidential else (head,):
            who, version = self.people[name], self.version(case)
            if case.number % 2:
                headers = {"If-Match": f'"v{version}"'}
                body = fields | {"accepts_notice": True}  # a full run is above the daily limit
                answer = who.send_json(f"/api/v1{path}", body, headers)
            else:
                sent = {"version": str(version), "accepts_notice": "on"}
                answer = who.post(path, fields | sent)
            may = name == keeper or not case.is_confidential
            assert (answer.status == 200) is may, f"{case.number} {name}: {answer.status}"
            assert (case.phone in answer.text) is may

    # --- Tracking -----------------------------------------------------------------------------

    def follow(self, case: MarkedCase) -> None:
        """Track by code; confirm, dispute, correct or delete the contact details in turn.

        In a case about an organisation that a program filed, its code does not change the contact.
        """
        who = self.resident()
        who.get("/track/")
        done(who.post("/track/", {"code": case.code, "digits": "0000"}), 200)
        fields = {"code": case.code, "digits": case.phone[-4:]}
        done(who.post("/track/", fields), 302)
        done(who.get("/track/case/"), 200)
        for uuid_ in re.findall(r"/track/photos/([\w-]{36})/", who.get("/track/case/").text)[:1]:
            done(who.get(f"/track/photos/{uuid_}/"), 200)
        named = re.search(r'name="case" value="([^"]+)"', who.get("/track/case/").text)
        assert named
        shown: dict[str, object] = {"case": named[1]}
        sent = shown | {"version": self.version(case)}
        if case.number % 3 == 0:
            done(who.post("/track/confirm/", sent | {"rating": "5"}), 302)
        elif case.number % 3 == 1:
            done(who.post("/track/dispute/", sent | {"reason": case.words}), 302)
        if case.number % 4 == 1:
            is_code_known = case.is_about_branch and case.number % 3 == 2
            contact = shown | {"name": case.name, "phone": case.phone}
            done(who.post("/track/contact/", contact), 409 if is_code_known else 302)
        done(who.get("/track/case/"), 200)


def done(answer: Answer, status: int, what: str = "") -> Answer:
    """Assert the status of a response and return it."""
    text = re.sub(r"<[^>]+>|\s+", " ", answer.text)[:1500]
    assert answer.status == status, f"{what}: {answer.status} instead of {status}: {text}"
    return answer
