"""The queue for work that may wait, and the clock that wakes it."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("zhaozhibu")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="beat")

# The whole timetable, in code: name → task and seconds. Deadlines are rows; the clock only looks.
app.conf.beat_schedule = {}
