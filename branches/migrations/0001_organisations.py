"""Organisations and what they answer for."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("grids", "0003_calendar")]

    operations = [
        migrations.CreateModel(
            name="Organisation",
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
                    "level",
                    models.CharField(
                        choices=[
                            ("city", "市级"),
                            ("subdistrict", "街道（乡镇）级"),
                            ("community", "社区（村）级"),
                            ("branch", "网格党支部"),
                            ("group", "党小组"),
                            ("department", "承办单位"),
                        ],
                        max_length=12,
                        verbose_name="层级",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("city_committee", "市委工作机构"),
                            ("working_committee", "党工委"),
                            ("town_committee", "乡镇党委"),
                            ("grassroots_committee", "社区党委"),
                            ("general_branch", "党总支"),
                            ("formal", "正式党支部"),
                            ("joint", "联合党支部"),
                            ("temporary", "临时党支部"),
                            ("functional", "功能型党支部"),
                            ("building_group", "楼栋党小组"),
                            ("lane_group", "巷道党小组"),
                            ("yurt_group", "毡房党小组"),
                            ("department", "职能部门"),
                            ("utility", "公用企业"),
                        ],
                        max_length=20,
                        verbose_name="类型",
                    ),
                ),
                ("path", models.CharField(editable=False, max_length=64, unique=True)),
                ("name", models.CharField(max_length=80, verbose_name="名称")),
                ("short_name", models.CharField(max_length=40, verbose_name="简称")),
                (
                    "duty_phone",
                    models.CharField(blank=True, max_length=20, verbose_name="值班电话"),
                ),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="organisations",
                        to="grids.area",
                        verbose_name="所在地",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="branches.organisation",
                        verbose_name="上级组织",
                    ),
                ),
            ],
            options={
                "verbose_name": "组织",
                "verbose_name_plural": "组织",
                "ordering": ["path"],
            },
        ),
        migrations.CreateModel(
            name="Responsibility",
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
                    "level",
                    models.CharField(
                        choices=[
                            ("city", "市级"),
                            ("subdistrict", "街道（乡镇）级"),
                            ("community", "社区（村）级"),
                            ("branch", "网格党支部"),
                            ("group", "党小组"),
                            ("department", "承办单位"),
                        ],
                        editable=False,
                        max_length=12,
                        verbose_name="层级",
                    ),
                ),
                (
                    "season_from",
                    models.CharField(
                        blank=True,
                        max_length=5,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$",
                                "请按“月-日”填写，如 05-01",
                            )
                        ],
                        verbose_name="季节开始（月-日）",
                    ),
                ),
                (
                    "season_to",
                    models.CharField(
                        blank=True,
                        max_length=5,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$",
                                "请按“月-日”填写，如 05-01",
                            )
                        ],
                        verbose_name="季节结束（月-日）",
                    ),
                ),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="responsibilities",
                        to="grids.area",
                        verbose_name="地点",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="responsibilities",
                        to="branches.organisation",
                        verbose_name="组织",
                    ),
                ),
            ],
            options={
                "verbose_name": "职责范围",
                "verbose_name_plural": "职责范围",
            },
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(fields=["area", "level"], name="org_area_level"),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ["city_committee"]), ("level", "city")),
                    models.Q(
                        ("kind__in", ["town_committee", "working_committee"]),
                        ("level", "subdistrict"),
                    ),
                    models.Q(
                        ("kind__in", ["general_branch", "grassroots_committee"]),
                        ("level", "community"),
                    ),
                    models.Q(
                        ("kind__in", ["formal", "functional", "joint", "temporary"]),
                        ("level", "branch"),
                    ),
                    models.Q(
                        ("kind__in", ["building_group", "lane_group", "yurt_group"]),
                        ("level", "group"),
                    ),
                    models.Q(("kind__in", ["department", "utility"]), ("level", "department")),
                    _connector="OR",
                ),
                name="org_kind_fits_level",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("level", "city"), ("parent", None)),
                    models.Q(models.Q(("level", "city"), _negated=True), ("parent__isnull", False)),
                    _connector="OR",
                ),
                name="org_only_city_is_root",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True),
                    ("valid_to__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="org_dates_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="responsibility",
            index=models.Index(fields=["organisation"], name="responsibility_org"),
        ),
        migrations.AddConstraint(
            model_name="responsibility",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True),
                    ("valid_to__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="responsibility_dates_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="responsibility",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("season_from", ""), ("season_to", "")),
                    models.Q(
                        models.Q(("season_from", ""), _negated=True),
                        models.Q(("season_to", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="responsibility_season_paired",
            ),
        ),
        migrations.AddConstraint(
            model_name="responsibility",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    (models.F("area"), "="),
                    (models.F("level"), "="),
                    (models.F("season_from"), "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            models.Value("[]"),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="responsibility_one_owner",
            ),
        ),
    ]
