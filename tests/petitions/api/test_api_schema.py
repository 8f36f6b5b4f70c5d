"""The description of the API: complete, committed, and readable under our own policy."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from petitions.states import RULE_OF
from petitions.verbs.table import VERB_SPECS

FILE = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"
CASE = "/api/v1/petitions/{id}/"
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema() -> Any:
    return yaml.safe_load(FILE.read_text())


def test_the_committed_file_is_the_present_one() -> None:
    out = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    assert out.getvalue() == FILE.read_text(), "run: manage.py spectacular --file docs/openapi.yaml"


def test_every_operation_tells_its_refusals(schema: Any) -> None:
    for path, operations in schema["paths"].items():
        for method in METHODS & set(operations):
            said = set(operations[method]["responses"])
            assert {"400", "401", "403", "406", "503"} <= said, path
            assert ("404" in said) == ("{" in path), path
            if method != "get":
                assert {"409", "413", "415", "429"} <= said, path


def test_every_verb_has_one_post(schema: Any) -> None:
    for verb in (spec.verb for spec in VERB_SPECS if spec.function):
        operations = schema["paths"][f"{CASE}{verb}/"]
        assert set(operations) == {"post"}
        said = operations["post"]["responses"]
        assert ({"412", "428"} <= set(said)) == RULE_OF[verb].checks_version
        assert operations["post"]["operationId"] == f"petitions_{verb}"


def test_filing_needs_a_key(schema: Any) -> None:
    post = schema["paths"]["/api/v1/petitions/"]["post"]
    (key,) = [one for one in post["parameters"] if one["in"] == "header"]
    assert (key["name"], key["required"]) == ("Idempotency-Key", True)
    assert {"201", "422"} <= set(post["responses"])
    assert set(post["requestBody"]["content"]) == {"application/json", "multipart/form-data"}


def test_problems_are_described_as_such(schema: Any) -> None:
    for name, response in schema["components"]["responses"].items():
        assert list(response["content"]) == ["application/problem+json"], name
    assert "request_id" in schema["components"]["schemas"]["Problem"]["required"]


def test_nothing_about_the_petitioner_is_described_as_shown(schema: Any) -> None:
    shown = schema["components"]["schemas"]["PetitionDetail"]["properties"]
    assert not {"contact", "phone", "tracking_code", "rating", "filed_by"} & set(shown)


@pytest.mark.django_db
def test_the_schema_is_served() -> None:
    answer = Client().get("/api/v1/schema/")
    assert answer.status_code == 200
    assert "openapi: 3" in answer.content.decode()[:20]


@pytest.mark.django_db
def test_the_page_needs_no_inline_script() -> None:
    client = Client()
    answer = client.get("/api/v1/docs/", headers={"Accept": "text/html"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "unsafe-" not in answer.headers["Content-Security-Policy"]
    assert "<script>" not in page
    assert "//" not in page.replace("<!DOCTYPE html>", "")
    script = client.get("/api/v1/docs/?script=")
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert b"/api/v1/schema/" in script.content
