"""Keeps the three administrative hats apart, and away from posts that reach cases."""

import django.contrib.postgres.constraints
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0002_one_head_at_a_time")]

    operations = [
        migrations.AddConstraint(
            model_name="post",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    (models.F("user"), "="),
                    (
                        models.Case(
                            models.When(role="auditor", then=models.Value(1)),
                            models.When(role="security_admin", then=models.Value(2)),
                            models.When(role="system_admin", then=models.Value(3)),
                            default=models.Value(0),
                            output_field=models.SmallIntegerField(),
                        ),
                        "<>",
                    ),
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
                name="post_hats_exclude_each_other",
                violation_error_message="审计、系统、安全三员须由不同的人担任，且不得兼任办理诉求的职务",
            ),
        ),
    ]
