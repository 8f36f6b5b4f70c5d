"""What forms say where a row breaks a constraint (no SQL)."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('grids', '0007_office_hours_apart'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='area',
            name='area_kind_fits_level',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['county_level_city']), ('level', 1)), models.Q(('kind__in', ['subdistrict', 'town', 'township']), ('level', 2)), models.Q(('kind__in', ['community', 'village']), ('level', 3)), models.Q(('kind__in', ['dedicated_grid', 'grid']), ('level', 4)), models.Q(('kind__in', ['estate', 'lane', 'pasture', 'village_group']), ('level', 5)), models.Q(('kind__in', ['building']), ('level', 6)), _connector='OR'), name='area_kind_fits_level', violation_error_message='这一级没有这一类，请改级别或类型。'),
        ),
        migrations.AlterConstraint(
            model_name='area',
            name='area_only_city_is_root',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('level', 1), ('parent', None)), models.Q(('level__gt', 1), ('parent__isnull', False)), _connector='OR'), name='area_only_city_is_root', violation_error_message='市没有上级，其他各级都要填上级。'),
        ),
        migrations.AlterConstraint(
            model_name='area',
            name='area_building_knows_its_doors',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'building'), _negated=True), models.Q(('doors_per_floor__isnull', False), ('doors_per_floor__range', (1, 60)), ('entrances__isnull', False), ('entrances__range', (1, 60)), ('floors__isnull', False), ('floors__range', (1, 120))), _connector='OR'), name='area_building_knows_its_doors', violation_error_message='楼栋要填单元数（1到60）、层数（1到120）和每单元每层户数（1到60）。'),
        ),
        migrations.AlterConstraint(
            model_name='area',
            name='area_dates_in_order',
            constraint=models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='area_dates_in_order', violation_error_message='最后一天不能早于第一天。'),
        ),
        migrations.AlterConstraint(
            model_name='area',
            name='area_season_paired',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('season_from', ''), ('season_to', '')), models.Q(models.Q(('season_from', ''), _negated=True), models.Q(('season_to', ''), _negated=True)), _connector='OR'), name='area_season_paired', violation_error_message='季节的开始和结束要一起填。'),
        ),
        migrations.AlterConstraint(
            model_name='areacode',
            name='area_code_dates_in_order',
            constraint=models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='area_code_dates_in_order', violation_error_message='最后一天不能早于第一天。'),
        ),
        migrations.AlterConstraint(
            model_name='areacode',
            name='area_code_one_at_a_time',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.F('area'), '='), (models.F('scheme'), '='), (models.Func(models.F('valid_from'), models.F('valid_to'), models.Value('[]'), function='DATERANGE', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='area_code_one_at_a_time', violation_error_message='这个地点在这段时间已有一个这种编码。'),
        ),
        migrations.AlterConstraint(
            model_name='areacode',
            name='area_code_names_one_place',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('scheme', 'building'), _negated=True), expressions=[(models.F('scheme'), '='), (models.F('code'), '='), (models.Func(models.F('valid_from'), models.F('valid_to'), models.Value('[]'), function='DATERANGE', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='area_code_names_one_place', violation_error_message='这个编码在这段时间已经给了别的地点。'),
        ),
        migrations.AlterConstraint(
            model_name='calendarday',
            name='calendar_one_row_a_day',
            constraint=models.UniqueConstraint(fields=('region', 'date'), name='calendar_one_row_a_day', violation_error_message='这个地区的这一天已经在日历里。'),
        ),
        migrations.AlterConstraint(
            model_name='officehours',
            name='office_hours_in_order',
            constraint=models.CheckConstraint(condition=models.Q(('closes__gt', models.F('opens'))), name='office_hours_in_order', violation_error_message='下班时间必须晚于上班时间。'),
        ),
        migrations.AlterConstraint(
            model_name='officehours',
            name='office_hours_apart',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('region', '='), (models.Func(models.F('season_from'), models.F('season_to'), function='SEASON_DAYS', output_field=django.contrib.postgres.fields.ranges.IntegerRangeField()), '&&'), (models.Func(models.Func(models.F('opens'), output_field=models.IntegerField(), template='(EXTRACT(epoch FROM %(expressions)s))::integer'), models.Func(models.F('closes'), output_field=models.IntegerField(), template='(EXTRACT(epoch FROM %(expressions)s))::integer'), models.Value('[)'), function='INT4RANGE', output_field=django.contrib.postgres.fields.ranges.IntegerRangeField()), '&&')], name='office_hours_apart', violation_error_message='这个地区已有一段办公时间和它重叠。'),
        ),
    ]
