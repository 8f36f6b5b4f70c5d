"""Add the retry time and the end state "skipped" to deliveries."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0006_digest_index")]

    operations = [
        # Labels only; these change nothing in the database.
        migrations.AlterField(
            "delivery",
            "attempts",
            models.PositiveSmallIntegerField(default=0, verbose_name="尝试次数"),
        ),
        migrations.AlterField(
            "delivery",
            "channel",
            models.CharField(
                choices=[("email", "电子邮件"), ("sms", "短信"), ("wecom", "企业微信")],
                max_length=8,
                verbose_name="渠道",
            ),
        ),
        migrations.AlterField(
            "delivery",
            "failed_at",
            models.DateTimeField(blank=True, null=True, verbose_name="放弃时间"),
        ),
        migrations.AlterField(
            "delivery", "send_from", models.DateTimeField(verbose_name="最早发送时间")
        ),
        migrations.AlterField(
            "delivery",
            "sent_at",
            models.DateTimeField(blank=True, null=True, verbose_name="发出时间"),
        ),
        migrations.AlterField(
            "delivery",
            "user",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=models.deletion.CASCADE,
                related_name="deliveries",
                to=settings.AUTH_USER_MODEL,
                verbose_name="收件人",
            ),
        ),
        migrations.AddField("delivery", "retry_at", models.DateTimeField(blank=True, null=True, verbose_name="下次尝试")),
        migrations.AddField(
            "delivery", "is_skipped", models.BooleanField(db_default=False, default=False)
        ),
    ]
