"""Validate the constraint on the dates of enrolments, without blocking writes."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0009_enrolment_dates")]

    operations = [ValidateConstraint("nearbyenrolment", "enrolment_dates_in_order")]
