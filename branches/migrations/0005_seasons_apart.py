"""Refuse two organisations of a level for one place in overlapping seasons."""

import django.contrib.postgres.constraints
from django.contrib.postgres.fields import RangeOperators
from django.db import migrations
from django.db.models import F, Q

from config.lib.db.safe_migrate import refuse_rows
from config.lib.db.validity import season_days, validity

OVERLAPS = """
SELECT place.full_name, one.id, one_body.name, one.season_from, one.season_to,
    other.id, other_body.name, other.season_from, other.season_to
FROM branches_responsibility one
JOIN branches_responsibility other ON other.id > one.id
    AND other.area_id = one.area_id AND other.level = one.level
    AND season_days(other.season_from, other.season_to) && season_days(one.season_from, one.season_to)
    AND daterange(other.valid_from, other.valid_to, '[]') && daterange(one.valid_from, one.valid_to, '[]')
JOIN grids_area place ON place.id = one.area_id
JOIN branches_organisation one_body ON one_body.id = one.organisation_id
JOIN branches_organisation other_body ON other_body.id = other.organisation_id
WHERE one.season_from <> '' AND other.season_from <> ''
ORDER BY one.id, other.id
"""


class Migration(migrations.Migration):
    dependencies = [("branches", "0004_season_days_exist"), ("grids", "0005_season_days")]

    operations = [
        refuse_rows(
            OVERLAPS,
            "These responsibilities overlap in season and time (place; id, organisation, season of"
            " the one; of the other). Correct one of each pair with `manage.py correct_season ID FROM"
            " TO`, for example `correct_season 7 05-01 05-14`, then migrate again.",
        ),
        migrations.AddConstraint(
            "responsibility",
            django.contrib.postgres.constraints.ExclusionConstraint(
                name="responsibility_seasons_apart",
                expressions=[
                    (F("area"), RangeOperators.EQUAL),
                    (F("level"), RangeOperators.EQUAL),
                    (season_days(), RangeOperators.OVERLAPS),
                    (validity(), RangeOperators.OVERLAPS),
                ],
                condition=~Q(season_from=""),
            ),
        ),
    ]
