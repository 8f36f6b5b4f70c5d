"""Names the actions of the security log and finds recent wrong passwords by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0004_security_log_stays"),
    ]

    operations = [
        migrations.AlterField(
            model_name="securityevent",
            name="action",
            field=models.CharField(
                choices=[
                    ("logged_in", "登录"),
                    ("login_failed", "登录失败"),
                    ("locked_out", "登录被暂时锁定"),
                    ("logged_out", "退出"),
                    ("timed_out", "超时退出"),
                    ("session_ended", "结束其他会话"),
                    ("password_set", "修改密码"),
                    ("first_password", "发放初始密码"),
                    ("second_factor_reset", "重置两步验证"),
                    ("person_created", "建立账号"),
                    ("person_changed", "修改账号"),
                    ("locked", "停用账号"),
                    ("unlocked", "启用账号"),
                    ("post_given", "任职"),
                    ("post_ended", "免职"),
                    ("token_issued", "发放接口令牌"),
                ],
                max_length=40,
            ),
        ),
        migrations.AddIndex(
            model_name="securityevent",
            index=models.Index(
                condition=models.Q(("action", "login_failed")),
                fields=["at"],
                name="security_failed_logins",
            ),
        ),
    ]
