"""Creates the tables of people: users, posts, enrolled cadres, inbox, deliveries, security log."""

import django.contrib.auth.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("branches", "0002_mobile_rooms"),
        ("grids", "0003_calendar"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        max_length=60,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="用户名",
                    ),
                ),
                ("name", models.CharField(max_length=40, verbose_name="姓名")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="工作邮箱")),
                (
                    "duty_phone",
                    models.CharField(blank=True, max_length=20, verbose_name="值班电话"),
                ),
                ("is_system", models.BooleanField(default=False, verbose_name="系统账号")),
                ("is_active", models.BooleanField(default=True, verbose_name="启用")),
                ("is_staff", models.BooleanField(default=False, verbose_name="可进后台")),
                (
                    "must_change_password",
                    models.BooleanField(default=False, verbose_name="须改初始密码"),
                ),
                ("date_joined", models.DateTimeField(auto_now_add=True, verbose_name="建立时间")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "用户",
                "verbose_name_plural": "用户",
            },
        ),
        migrations.CreateModel(
            name="InboxMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("to_accept", "待受理"),
                            ("assigned", "交办"),
                            ("reminder", "即将超期"),
                            ("overdue", "已超期"),
                            ("escalated", "升级待答复"),
                            ("answered", "升级已答复"),
                            ("returned", "退单"),
                            ("reopened", "再办"),
                            ("resolved", "已办结"),
                            ("closed", "已结案"),
                            ("note", "新备注"),
                            ("data_quality", "资料待补"),
                        ],
                        max_length=12,
                        verbose_name="类别",
                    ),
                ),
                ("title", models.CharField(max_length=160, verbose_name="标题")),
                ("url", models.CharField(max_length=200)),
                ("is_urgent", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("show_from", models.DateTimeField()),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inbox",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "消息",
                "verbose_name_plural": "消息",
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "电子邮件"), ("sms", "短信"), ("wecom", "企业微信")],
                        max_length=8,
                    ),
                ),
                ("send_from", models.DateTimeField()),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="members.inboxmessage",
                    ),
                ),
            ],
            options={
                "verbose_name": "外发",
                "verbose_name_plural": "外发",
            },
        ),
        migrations.CreateModel(
            name="NearbyEnrolment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, verbose_name="姓名")),
                ("home_unit", models.CharField(max_length=80, verbose_name="工作单位")),
                ("skills", models.CharField(blank=True, max_length=80, verbose_name="专长")),
                (
                    "availability",
                    models.CharField(blank=True, max_length=80, verbose_name="可服务时间"),
                ),
                ("enrolled_on", models.DateField(verbose_name="纳入日期")),
                ("ended_on", models.DateField(blank=True, null=True, verbose_name="转出日期")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enrolments",
                        to="branches.organisation",
                        verbose_name="纳入组织",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="enrolments",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="账号",
                    ),
                ),
            ],
            options={
                "verbose_name": "就近纳入干部",
                "verbose_name_plural": "就近纳入干部",
            },
        ),
        migrations.CreateModel(
            name="Post",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="生效日期")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="失效日期")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("staff", "社区工作人员"),
                            ("member", "党员"),
                            ("group_leader", "党小组组长"),
                            ("branch_secretary", "网格党支部书记"),
                            ("community_secretary", "社区党组织书记"),
                            ("subdistrict_official", "街道（乡镇）干部"),
                            ("city_official", "市级干部"),
                            ("department_handler", "部门经办人"),
                            ("api_client", "系统对接"),
                            ("auditor", "审计员"),
                            ("system_admin", "系统管理员"),
                            ("security_admin", "安全管理员"),
                        ],
                        max_length=22,
                        verbose_name="职务",
                    ),
                ),
                ("is_deputy", models.BooleanField(default=False, verbose_name="副职")),
                (
                    "area",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="posts",
                        to="grids.area",
                        verbose_name="范围",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="posts",
                        to="branches.organisation",
                        verbose_name="组织",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="posts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="任职人",
                    ),
                ),
            ],
            options={
                "verbose_name": "任职",
                "verbose_name_plural": "任职",
            },
        ),
        migrations.CreateModel(
            name="SecurityEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("action", models.CharField(max_length=40)),
                ("detail", models.JSONField(default=dict)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "安全日志",
                "verbose_name_plural": "安全日志",
                "ordering": ["-id"],
            },
        ),
        migrations.AddIndex(
            model_name="inboxmessage",
            index=models.Index(fields=["user", "-id"], name="inbox_user_newest"),
        ),
        migrations.AddIndex(
            model_name="inboxmessage",
            index=models.Index(
                condition=models.Q(("read_at", None)), fields=["user"], name="inbox_unread"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("failed_at", None), ("sent_at", None)),
                fields=["send_from"],
                name="delivery_pending",
            ),
        ),
        migrations.AddIndex(
            model_name="nearbyenrolment",
            index=models.Index(fields=["organisation"], name="enrolment_org"),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(fields=["user"], name="post_user"),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(fields=["organisation", "role"], name="post_org_role"),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("area", None),
                        ("organisation", None),
                        ("role__in", ["auditor", "security_admin", "system_admin"]),
                    ),
                    models.Q(
                        ("area__isnull", False), ("organisation", None), ("role", "api_client")
                    ),
                    models.Q(
                        models.Q(
                            (
                                "role__in",
                                ["auditor", "security_admin", "system_admin", "api_client"],
                            ),
                            _negated=True,
                        ),
                        ("organisation__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="post_reach_fits_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True),
                    ("valid_to__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="post_dates_in_order",
            ),
        ),
    ]
