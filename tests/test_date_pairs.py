"""Every pair of dates or times of every model is kept in order, by the database and at a field."""

from __future__ import annotations

import datetime as dt

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.forms import DateTimeField
from django.test import RequestFactory

from branches.models import Organisation, Responsibility
from branches.workflow import assign
from config.lib.db.validity import Dated, Seasonal
from grids.models import Area, AreaCode, OfficeHours
from members.models import NearbyEnrolment, Post
from tests.support.architecture_rules import APPS
from tests.support.cast import SINCE, Stage

BEFORE = SINCE - dt.timedelta(days=1)

# First field, last field, and the constraint that keeps them in order.
PAIRS: dict[type[models.Model], tuple[str, str, str]] = {
    Area: ("valid_from", "valid_to", "area_dates_in_order"),
    AreaCode: ("valid_from", "valid_to", "area_code_dates_in_order"),
    Organisation: ("valid_from", "valid_to", "org_dates_in_order"),
    Responsibility: ("valid_from", "valid_to", "responsibility_dates_in_order"),
    Post: ("valid_from", "valid_to", "post_dates_in_order"),
    NearbyEnrolment: ("enrolled_on", "ended_on", "enrolment_dates_in_order"),
    OfficeHours: ("opens", "closes", "office_hours_in_order"),
}
# A model with a single day, which has no other end.
SINGLE = {
    *("grids.CalendarDay.date", "branches.Stop.date", "petitions.PrivacyNotice.valid_from"),
    "members.Post.rights_until",  # set by the system
}


def _own_models() -> list[type[models.Model]]:
    return [model for name in APPS for model in apps.get_app_config(name).get_models()]


def test_every_day_of_every_model_is_in_a_pair_or_single() -> None:
    """Instants (`DateTimeField`) are left out: the system sets them, nobody types them."""
    days = {
        f"{model._meta.label}.{field.name}"
        for model in _own_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.DateField | models.TimeField)
        and not isinstance(field, models.DateTimeField)
    }
    paired = {
        f"{model._meta.label}.{name}" for model, (*names, _rule) in PAIRS.items() for name in names
    }
    assert days == paired | SINGLE


def test_every_instant_is_set_by_the_system() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    for model, page in admin.site._registry.items():
        form = page.get_form(request)
        instants = [
            name for name, field in form.base_fields.items() if isinstance(field, DateTimeField)
        ]
        assert instants == [], model


def test_every_dated_model_has_its_pair() -> None:
    dated = {model for model in _own_models() if issubclass(model, Dated)}
    assert dated <= set(PAIRS)


def test_every_season_is_paired() -> None:
    seasonal = {model for model in _own_models() if issubclass(model, Seasonal)}
    names = {constraint.name for model in seasonal for constraint in model._meta.constraints}
    assert {"area_season_paired", "responsibility_season_paired"} <= names
    assert len(seasonal) == 2


def _row(stage: Stage, model: type[models.Model]) -> models.Model:
    if model is NearbyEnrolment:
        NearbyEnrolment.objects.create(
            name="样本", home_unit="局", organisation=stage.town.orgs["branch"], enrolled_on=SINCE
        )
    row = model._default_manager.order_by("pk").first()
    assert row is not None
    return row


@pytest.mark.parametrize("model", PAIRS, ids=lambda model: model.__name__)
def test_pair_in_the_wrong_order_is_refused_by_the_database(
    stage: Stage, model: type[models.Model]
) -> None:
    row = _row(stage, model)
    first, last, rule = PAIRS[model]
    sql = f"UPDATE {model._meta.db_table} SET {last} = %s, {first} = %s WHERE id = %s"
    earlier, later = ("09:00", "10:00") if model is OfficeHours else (str(BEFORE), str(SINCE))
    with (
        pytest.raises(IntegrityError, match=rule),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, [earlier, later, row.pk])


@pytest.mark.parametrize("model", PAIRS, ids=lambda model: model.__name__)
def test_pair_in_the_wrong_order_is_an_error_at_its_last_field(
    stage: Stage, model: type[models.Model]
) -> None:
    row = _row(stage, model)
    first, last, _rule = PAIRS[model]
    earlier, later = (dt.time(9), dt.time(10)) if model is OfficeHours else (BEFORE, SINCE)
    setattr(row, first, later)
    setattr(row, last, earlier)
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert last in refused.value.error_dict


@pytest.mark.parametrize("day", ["02-30", "02-31", "04-31", "06-31", "09-31", "11-31", "13-01"])
def test_day_that_does_not_exist_ends_no_season(stage: Stage, day: str) -> None:
    row = Responsibility.objects.get(organisation=stage.town.orgs["group"])
    row.season_from, row.season_to = day, "12-31"
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert set(refused.value.error_dict) == {"season_from"}


@pytest.mark.parametrize("day", ["02-29", "01-31", "04-30", "12-31"])
def test_last_day_of_a_month_may_end_a_season(stage: Stage, day: str) -> None:
    row = Responsibility.objects.get(organisation=stage.town.orgs["group"])
    row.season_from, row.season_to = "01-01", day
    row.full_clean()


@pytest.mark.parametrize(
    ("given", "missing"), [("season_from", "season_to"), ("season_to", "season_from")]
)
def test_season_with_one_end_is_an_error_at_the_other(
    stage: Stage, given: str, missing: str
) -> None:
    row = Responsibility.objects.get(organisation=stage.town.orgs["group"])
    setattr(row, given, "05-01")
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert missing in refused.value.error_dict


def test_assignment_that_ends_before_it_begins_is_refused_at_the_field(stage: Stage) -> None:
    organisation, area = stage.town.orgs["group"], stage.town.areas["b47"]
    with pytest.raises(ValidationError) as refused:
        assign(organisation=organisation, area=area, on=SINCE, until=BEFORE)
    assert set(refused.value.error_dict) == {"valid_to"}
