"""Places, their dated codes and QR links."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import grids.models


class Migration(migrations.Migration):
    dependencies = [("grids", "0001_extensions")]

    operations = [
        migrations.CreateModel(
            name="Area",
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
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "县级市"),
                            (2, "街道（乡镇）"),
                            (3, "社区（村）"),
                            (4, "网格"),
                            (5, "小区（巷道）"),
                            (6, "楼栋"),
                        ],
                        verbose_name="层级",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("county_level_city", "县级市"),
                            ("subdistrict", "街道"),
                            ("town", "镇"),
                            ("township", "乡"),
                            ("community", "社区"),
                            ("village", "村"),
                            ("grid", "网格"),
                            ("dedicated_grid", "专属网格"),
                            ("estate", "小区"),
                            ("lane", "巷道"),
                            ("village_group", "村民小组"),
                            ("pasture", "季节牧场"),
                            ("building", "楼栋"),
                        ],
                        max_length=20,
                        verbose_name="类型",
                    ),
                ),
                ("path", models.CharField(editable=False, max_length=64, unique=True)),
                ("name", models.CharField(max_length=60, verbose_name="名称")),
                (
                    "full_name",
                    models.CharField(
                        help_text="从小区起的叫法，如“阜兴花苑46号楼”",
                        max_length=200,
                        verbose_name="全称",
                    ),
                ),
                (
                    "initials",
                    models.CharField(
                        blank=True, editable=False, max_length=60, verbose_name="拼音首字母"
                    ),
                ),
                ("search_text", models.TextField(blank=True, editable=False)),
                ("sort_key", models.CharField(blank=True, editable=False, max_length=200)),
                (
                    "entrances",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="单元数"),
                ),
                (
                    "floors",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="层数"),
                ),
                (
                    "doors_per_floor",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="每单元每层户数"
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
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="grids.area",
                        verbose_name="上级",
                    ),
                ),
            ],
            options={
                "verbose_name": "地点",
                "verbose_name_plural": "地点",
                "ordering": ["path"],
            },
        ),
        migrations.CreateModel(
            name="AreaCode",
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
                    "scheme",
                    models.CharField(
                        choices=[
                            ("division", "统计用区划代码（12位）"),
                            ("grid", "网格编码（15位）"),
                            ("building", "楼栋序号（5位）"),
                        ],
                        max_length=10,
                        verbose_name="编码体系",
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        max_length=20,
                        validators=[django.core.validators.RegexValidator("^\\d{5,20}$")],
                        verbose_name="编码",
                    ),
                ),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="codes",
                        to="grids.area",
                        verbose_name="地点",
                    ),
                ),
            ],
            options={
                "verbose_name": "编码",
                "verbose_name_plural": "编码",
            },
        ),
        migrations.CreateModel(
            name="PlaceQr",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        default=grids.models.new_qr_code,
                        max_length=16,
                        unique=True,
                        verbose_name="二维码",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="生成时间")),
                (
                    "revoked_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="停用时间"),
                ),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="qr_codes",
                        to="grids.area",
                        verbose_name="地点",
                    ),
                ),
            ],
            options={
                "verbose_name": "楼栋二维码",
                "verbose_name_plural": "楼栋二维码",
            },
        ),
        migrations.AddIndex(
            model_name="area",
            index=models.Index(fields=["parent", "sort_key"], name="area_children"),
        ),
        migrations.AddIndex(
            model_name="area",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["search_text"], name="area_search_trgm", opclasses=["gin_trgm_ops"]
            ),
        ),
        migrations.AddConstraint(
            model_name="area",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ["county_level_city"]), ("level", 1)),
                    models.Q(("kind__in", ["subdistrict", "town", "township"]), ("level", 2)),
                    models.Q(("kind__in", ["community", "village"]), ("level", 3)),
                    models.Q(("kind__in", ["dedicated_grid", "grid"]), ("level", 4)),
                    models.Q(
                        ("kind__in", ["estate", "lane", "pasture", "village_group"]), ("level", 5)
                    ),
                    models.Q(("kind__in", ["building"]), ("level", 6)),
                    _connector="OR",
                ),
                name="area_kind_fits_level",
            ),
        ),
        migrations.AddConstraint(
            model_name="area",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("level", 1), ("parent", None)),
                    models.Q(("level__gt", 1), ("parent__isnull", False)),
                    _connector="OR",
                ),
                name="area_only_city_is_root",
            ),
        ),
        migrations.AddConstraint(
            model_name="area",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "building"), _negated=True),
                    models.Q(
                        ("doors_per_floor__isnull", False),
                        ("doors_per_floor__range", (1, 60)),
                        ("entrances__isnull", False),
                        ("entrances__range", (1, 60)),
                        ("floors__isnull", False),
                        ("floors__range", (1, 120)),
                    ),
                    _connector="OR",
                ),
                name="area_building_knows_its_doors",
            ),
        ),
        migrations.AddConstraint(
            model_name="area",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True),
                    ("valid_to__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="area_dates_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="area",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("season_from", ""), ("season_to", "")),
                    models.Q(
                        models.Q(("season_from", ""), _negated=True),
                        models.Q(("season_to", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="area_season_paired",
            ),
        ),
        migrations.AddIndex(
            model_name="areacode",
            index=models.Index(fields=["code"], name="area_code_code"),
        ),
        migrations.AddConstraint(
            model_name="areacode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True),
                    ("valid_to__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="area_code_dates_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="areacode",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    (models.F("area"), "="),
                    (models.F("scheme"), "="),
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
                name="area_code_one_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="areacode",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("scheme", "building"), _negated=True),
                expressions=[
                    (models.F("scheme"), "="),
                    (models.F("code"), "="),
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
                name="area_code_names_one_place",
            ),
        ),
    ]
