"""Write fewer indexes: let those go that another one begins with."""

import django.db.models.deletion
from django.db import migrations, models

PROTECT = django.db.models.deletion.PROTECT
# Each has an index of several columns that begins with it, so its own is written for nothing.
DOUBLED = {
    "category": models.ForeignKey(
        "petitions.category", PROTECT, related_name="petitions", verbose_name="类别", db_index=False
    ),
    "place": models.ForeignKey(
        "grids.area", PROTECT, related_name="petitions", verbose_name="地点", db_index=False
    ),
    "community": models.ForeignKey(
        "grids.area", PROTECT, null=True, related_name="+", verbose_name="社区", db_index=False
    ),
    "organisation": models.ForeignKey(
        "branches.organisation",
        PROTECT,
        related_name="petitions",
        verbose_name="负责组织",
        db_index=False,
    ),
    "group": models.ForeignKey(
        "branches.organisation",
        PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="楼栋党小组",
        db_index=False,
    ),
    "department": models.ForeignKey(
        "branches.organisation",
        PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="承办部门",
        db_index=False,
    ),
}


# By their shape, since their names are the framework's. Altering the fields would also lay every
# foreign key anew, which reads the whole table while nobody may use it.
DROP = """
DO $$ DECLARE doubled text; BEGIN
    FOR doubled IN
        SELECT i.indexrelid::regclass FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = 'petitions_petition'::regclass AND i.indnatts = 1
            AND NOT i.indisunique AND i.indpred IS NULL AND a.attname IN (
                'category_id', 'place_id', 'community_id', 'organisation_id', 'group_id',
                'department_id')
    LOOP EXECUTE 'DROP INDEX ' || doubled; END LOOP;
END $$
"""
BACK = """
CREATE INDEX ON petitions_petition (category_id);
CREATE INDEX ON petitions_petition (place_id);
CREATE INDEX ON petitions_petition (community_id);
CREATE INDEX ON petitions_petition (organisation_id);
CREATE INDEX ON petitions_petition (group_id);
CREATE INDEX ON petitions_petition (department_id);
"""


class Migration(migrations.Migration):
    dependencies = [("petitions", "0011_category_newest")]

    operations = [
        migrations.RemoveIndex("petition", "petition_path"),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(DROP, BACK)],
            state_operations=[
                migrations.AlterField(model_name="petition", name=name, field=field)
                for name, field in DOUBLED.items()
            ],
        ),
    ]
