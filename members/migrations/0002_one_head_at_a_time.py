"""Refuses two holders of one head post at the same time; deputies are free."""

import django.contrib.postgres.constraints
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0001_people")]

    operations = [
        migrations.AddConstraint(
            model_name="post",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(
                    ("is_deputy", False),
                    ("role__in", ["branch_secretary", "community_secretary", "group_leader"]),
                ),
                expressions=[
                    (models.F("organisation"), "="),
                    (models.F("role"), "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            models.Value("[]"),
                            function="DATERANGE",
                        ),
                        "&&",
                    ),
                ],
                name="post_one_head_at_a_time",
                violation_error_message="这一职务在这段时间已有人担任",
            ),
        ),
    ]
