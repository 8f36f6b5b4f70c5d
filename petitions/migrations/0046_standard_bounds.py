"""Bounds of every duration of a service standard, which forms check (no SQL)."""

import datetime as dt

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models

BOUNDS = [
    MinValueValidator(dt.timedelta(minutes=15), "时限不能短于15分钟。"),
    MaxValueValidator(dt.timedelta(days=366), "时限不能长于366天。"),
]
LABELS = {
    "contact_within": "首次响应时限",
    "resolve_within": "办结时限",
    "answer_within": "答复升级时限",
    "confirm_within": "居民确认期限",
    "redo_within": "再办时限",
    "arbitrate_within": "裁定退单时限",
    "acknowledge_within": "任务签收时限",
    "conclude_within": "任务回复时限",
}
DEFAULTS = {
    "arbitrate_within": dt.timedelta(hours=4),
    "acknowledge_within": dt.timedelta(hours=4),
    "conclude_within": dt.timedelta(hours=24),
}


def _field(name: str) -> models.DurationField:
    usual = DEFAULTS.get(name)
    defaults = {} if usual is None else {"default": usual, "db_default": usual}
    return models.DurationField(verbose_name=LABELS[name], validators=BOUNDS, **defaults)


class Migration(migrations.Migration):
    dependencies = [("petitions", "0045_search_path")]

    operations = [migrations.AlterField("standard", name, _field(name)) for name in LABELS]
