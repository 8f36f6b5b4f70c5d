"""A season as a multirange of days, for exclusion constraints.

Each end is a number, month * 100 + day. A season that wraps the year has two ranges; without ends
it is the whole year.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION season_days(season_from text, season_to text) RETURNS int4multirange
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN season_from = '' THEN int4multirange(int4range(NULL, NULL))
        WHEN season_from <= season_to THEN int4multirange(
            int4range(replace(season_from, '-', '')::int, replace(season_to, '-', '')::int, '[]'))
        ELSE int4multirange(
            int4range(NULL, replace(season_to, '-', '')::int, '[]'),
            int4range(replace(season_from, '-', '')::int, NULL, '[]'))
    END
$$;
"""
BACKWARDS = "DROP FUNCTION season_days(text, text);"


class Migration(migrations.Migration):
    dependencies = [("grids", "0004_season_days_exist")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
