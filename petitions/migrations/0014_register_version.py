"""Calendars, categories, service standards and privacy notices count in the register version."""

from django.db import migrations

TABLES = (
    "grids_calendarday",
    "grids_officehours",
    "petitions_category",
    "petitions_standard",
    "petitions_privacynotice",
)
CREATE = """
CREATE TRIGGER branches_next_edition AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON {table} FOR EACH STATEMENT EXECUTE FUNCTION branches_next_edition();
"""
DROP = "DROP TRIGGER branches_next_edition ON {table};"


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0013_model_names"),
        ("branches", "0003_edition"),
        ("grids", "0003_calendar"),
    ]

    operations = [
        migrations.RunSQL(CREATE.format(table=table), DROP.format(table=table)) for table in TABLES
    ]
