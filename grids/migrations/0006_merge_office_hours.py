"""Merge office hours of a region and season that overlap: their common time counted twice."""

from itertools import groupby

from django.core.management.base import CommandError
from django.db import migrations

from config.lib.db.validity import seasons_overlap


def merge(apps, _schema_editor):
    """Merge within a season; refuse to migrate where two seasons overlap with their hours."""
    model = apps.get_model("grids", "OfficeHours")
    rows = model.objects.order_by("region_id", "season_from", "season_to", "opens", "pk")
    left = []
    for _season, blocks in groupby(rows, lambda row: (row.region_id, _season_of(row))):
        last = None
        for row in blocks:
            if last is None or row.opens >= last.closes:
                left.append(row)
                last = row
                continue
            last.closes = max(last.closes, row.closes)
            last.save(update_fields=["closes"])
            row.delete()
    _check_seasons(left)


def _season_of(row):
    return row.season_from, row.season_to


def _check_seasons(rows):
    for number, row in enumerate(rows):
        for other in rows[:number]:
            if (
                row.region_id == other.region_id
                and seasons_overlap(row, other)
                and row.opens < other.closes
                and other.opens < row.closes
            ):
                raise CommandError(
                    f"Office hours {row.pk} and {other.pk} of region {row.region_id} overlap in two"
                    " seasons. Correct them in the admin, then migrate again."
                )


class Migration(migrations.Migration):
    dependencies = [("grids", "0005_season_days")]

    operations = [migrations.RunPython(merge, migrations.RunPython.noop)]
