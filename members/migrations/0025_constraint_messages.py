"""What forms say where a row breaks a constraint (no SQL)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('branches', '0008_constraint_messages'),
        ('grids', '0008_constraint_messages'),
        ('members', '0024_rights_records'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='post',
            name='post_reach_fits_role',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('area', None), ('organisation', None), ('role__in', ['auditor', 'security_admin', 'system_admin'])), models.Q(('area__isnull', False), ('organisation', None), ('role', 'api_client')), models.Q(models.Q(('role__in', ['auditor', 'security_admin', 'system_admin', 'api_client']), _negated=True), ('organisation__isnull', False)), _connector='OR'), name='post_reach_fits_role', violation_error_message='系统对接要填地区，不填组织；审计员、系统管理员、安全管理员两样都不填；其他职务要填组织。'),
        ),
        migrations.AlterConstraint(
            model_name='post',
            name='post_dates_in_order',
            constraint=models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='post_dates_in_order', violation_error_message='最后一天不能早于第一天。'),
        ),
    ]
