"""A form that a database constraint refuses says why in words, never by the constraint's name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.support.admin_forms import form_values
from tests.support.cast import Stage
from tests.support.clients import login


def _models_with_a_form() -> Iterator[type[Model]]:
    """Yield the models of the admin and of the tables inside its forms.

    The workflows check whole rows (`full_clean`) of these models only.
    """
    for model, model_admin in admin.site._registry.items():
        yield model
        yield from (inline.model for inline in model_admin.inlines)


def test_every_constraint_that_a_form_can_break_has_a_message() -> None:
    constraints = [row for model in _models_with_a_form() for row in model._meta.constraints]
    assert len(constraints) > 20
    silent = [
        constraint.name
        for constraint in constraints
        if constraint.violation_error_message == constraint.default_violation_error_message
    ]
    assert silent == []


@pytest.fixture
def secadmin(stage: Stage, settings: Settings) -> Client:
    settings.DEMO = True  # without the second factor
    return login(stage, "secadmin")


def test_a_post_of_a_system_without_an_area_is_told_what_is_missing(
    stage: Stage, secadmin: Client
) -> None:
    url = reverse("admin:members_post_add")
    values = form_values(secadmin, url, "post_form")
    typed = {"user": str(stage.cast["partner"].pk), "role": "api_client", "organisation": ""}
    page = secadmin.post(url, values | typed).content.decode()
    assert "系统对接要填地区，不填组织" in page
    assert "post_reach_fits_role" not in page
