"""Two blocks of office hours of a region never overlap."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('grids', '0006_merge_office_hours'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='officehours',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('region', '='), (models.Func(models.F('season_from'), models.F('season_to'), function='SEASON_DAYS', output_field=django.contrib.postgres.fields.ranges.IntegerRangeField()), '&&'), (models.Func(models.Func(models.F('opens'), output_field=models.IntegerField(), template='(EXTRACT(epoch FROM %(expressions)s))::integer'), models.Func(models.F('closes'), output_field=models.IntegerField(), template='(EXTRACT(epoch FROM %(expressions)s))::integer'), models.Value('[)'), function='INT4RANGE', output_field=django.contrib.postgres.fields.ranges.IntegerRangeField()), '&&')], name='office_hours_apart'),
        ),
    ]
