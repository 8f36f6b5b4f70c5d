"""Refuse an enrolment that ends before it begins."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations

from config.lib.db.safe_migrate import refuse_rows
from config.lib.db.validity import dates_in_order


class Migration(migrations.Migration):
    dependencies = [("members", "0008_failed_deliveries")]

    operations = [
        refuse_rows(
            "SELECT id, name, enrolled_on, ended_on FROM members_nearbyenrolment"
            " WHERE ended_on < enrolled_on ORDER BY id",
            "These enrolments end before they begin (id, name, first day, last day). Correct them"
            " in the admin, then migrate again.",
        ),
        AddConstraintNotValid(
            "nearbyenrolment",
            dates_in_order("enrolment_dates_in_order", "enrolled_on", "ended_on"),
        ),
    ]
