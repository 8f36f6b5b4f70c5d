"""What forms say where a row breaks a constraint (no SQL)."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('branches', '0007_open_cases'),
        ('grids', '0008_constraint_messages'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='organisation',
            name='org_kind_fits_level',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['city_committee']), ('level', 'city')), models.Q(('kind__in', ['town_committee', 'working_committee']), ('level', 'subdistrict')), models.Q(('kind__in', ['general_branch', 'grassroots_committee']), ('level', 'community')), models.Q(('kind__in', ['formal', 'functional', 'joint', 'temporary']), ('level', 'branch')), models.Q(('kind__in', ['building_group', 'lane_group', 'yurt_group']), ('level', 'group')), models.Q(('kind__in', ['department', 'utility']), ('level', 'department')), _connector='OR'), name='org_kind_fits_level', violation_error_message='这一级没有这一类，请改级别或类型。'),
        ),
        migrations.AlterConstraint(
            model_name='organisation',
            name='org_only_city_is_root',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('level', 'city'), ('parent', None)), models.Q(models.Q(('level', 'city'), _negated=True), ('parent__isnull', False)), _connector='OR'), name='org_only_city_is_root', violation_error_message='市没有上级，其他各级都要填上级。'),
        ),
        migrations.AlterConstraint(
            model_name='organisation',
            name='org_dates_in_order',
            constraint=models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='org_dates_in_order', violation_error_message='最后一天不能早于第一天。'),
        ),
        migrations.AlterConstraint(
            model_name='responsibility',
            name='responsibility_dates_in_order',
            constraint=models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='responsibility_dates_in_order', violation_error_message='最后一天不能早于第一天。'),
        ),
        migrations.AlterConstraint(
            model_name='responsibility',
            name='responsibility_season_paired',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('season_from', ''), ('season_to', '')), models.Q(models.Q(('season_from', ''), _negated=True), models.Q(('season_to', ''), _negated=True)), _connector='OR'), name='responsibility_season_paired', violation_error_message='季节的开始和结束要一起填。'),
        ),
        migrations.AlterConstraint(
            model_name='responsibility',
            name='responsibility_one_owner',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.F('area'), '='), (models.F('level'), '='), (models.F('season_from'), '='), (models.Func(models.F('valid_from'), models.F('valid_to'), models.Value('[]'), function='DATERANGE', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='responsibility_one_owner', violation_error_message='这个地点在这段时间已有组织负责。'),
        ),
        migrations.AlterConstraint(
            model_name='responsibility',
            name='responsibility_seasons_apart',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('season_from', ''), _negated=True), expressions=[(models.F('area'), '='), (models.F('level'), '='), (models.Func(models.F('season_from'), models.F('season_to'), function='SEASON_DAYS', output_field=django.contrib.postgres.fields.ranges.IntegerRangeField()), '&&'), (models.Func(models.F('valid_from'), models.F('valid_to'), models.Value('[]'), function='DATERANGE', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='responsibility_seasons_apart', violation_error_message='这个地点已有组织负责的季节和它重叠。'),
        ),
    ]
