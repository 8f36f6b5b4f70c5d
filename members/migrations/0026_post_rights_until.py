"""The last day on which a post gave rights, where its end was recorded afterwards."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0025_constraint_messages'),
    ]

    operations = [
        migrations.AddField(
            model_name='post',
            name='rights_until',
            field=models.DateField(editable=False, null=True),
        ),
    ]
