"""Let a category say whether it is listed on a building's public page."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0003_outbox")]

    operations = [
        migrations.AddField(
            model_name="category",
            name="is_listed",
            field=models.BooleanField(
                default=True,
                help_text="关系到个人或家庭的事项不在楼栋页列出，以免被人认出是谁家",
                verbose_name="在楼栋页公开",
            ),
        ),
    ]
