"""When an answer and a decision are due, on the case itself: lists sort and show by them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0037_explained_answers"),
    ]

    operations = [
        migrations.AddField(
            model_name="petition",
            name="answer_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="petition",
            name="answer_soon_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="petition",
            name="decision_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="petition",
            name="decision_soon_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
