"""The database refuses user names that differ by case or width only."""

from django.db import migrations, models
from django.db.models import F, Func
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("members", "0012_fold_user_names")]

    operations = [
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                Lower(Func(F("username"), template="normalize(%(expressions)s, NFKC)")),
                name="user_name_unique_when_folded",
                violation_error_message="已经有这个用户名（不分大小写和全角半角）。",
            ),
        ),
    ]
