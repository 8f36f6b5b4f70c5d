"""What forms say where a row breaks a constraint (no SQL)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('grids', '0008_constraint_messages'),
        ('petitions', '0046_standard_bounds'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='privacynotice',
            name='privacy_notice_has_text',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='privacy_notice_has_text', violation_error_message='请写告知的内容。'),
        ),
        migrations.AlterConstraint(
            model_name='standard',
            name='standard_one_a_region',
            constraint=models.UniqueConstraint(fields=('region', 'urgency'), name='standard_one_a_region', violation_error_message='这个地区的这种紧急程度已有服务标准。'),
        ),
    ]
